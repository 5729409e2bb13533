"""Started in the kernel of a lesson that must only run: a descent moves its picture five times, and then stands still.

That each cell does what its page shows is held by the page's own run. What a lesson has of its own, blank answers and
explorers with a kernel behind them, does not depend on how far a picture has come.
"""


def coast(moves: int = 5) -> None:
    """Let descents stand still after so many moves."""
    from functools import wraps  # here, for a lesson's own names are in the same place
    from weakref import WeakKeyDictionary

    from nstlib.engine.run import Run
    from nstlib.optimizers import Descent

    move, seen = Descent.step, WeakKeyDictionary()

    @wraps(move)
    def step(self: Descent):
        if self not in seen or self._updates < moves:
            seen[self] = move(self)
        return seen[self]

    Descent.step = step
    Run._stalls = lambda self: False  # standing still is no reason to end


coast()
del coast
