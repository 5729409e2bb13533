"""How long a learner waits for a check: for a right answer, a named mistake, one that nobody foresaw; and the first time.

    python bench/checks.py                 all exercises, slowest first
    python bench/checks.py invert ssim     these

Seconds of processor time on one thread. "first" is a right answer in a process that has done nothing but
``import nstlib.check``; the others come after it, as in a notebook. The last column sets the slowest against its limit.
"""

from __future__ import annotations

import multiprocessing
import sys
import time

import torch

from nstlib.check import exercises
from nstlib.check.examiner.judge import examine_exercise
from nstlib.check.exercise import Exercise, Function

LIMITS = {"right": 0.5, "mistake": 1.0, "unforeseen": 1.0, "first": 2.0}  # seconds


def same(exercise: Exercise) -> Function:
    """Return a right answer that is not the reference itself."""
    return lambda *arguments: exercise.reference(*arguments)


def unforeseen(exercise: Exercise) -> Function:
    """Return an answer that is right the first time it is called, and never again: all that is known is tried in vain."""
    calls = []

    def answer(*arguments: object) -> object:
        calls.append(1)
        result = exercise.reference(*arguments)
        return bent(result) if len(calls) > 1 else result

    return answer


def bent(value: object) -> object:
    """Return a result with its numbers changed, each by another factor."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value * (1.1 + torch.arange(value.numel()).view(value.shape) % 7 / 10)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(map(bent, value))
    if isinstance(value, dict):
        return {key: bent(item) for key, item in value.items()}
    return value * 1.1 + 0.1 if isinstance(value, float) else value


def seconds(exercise: Exercise, answer: Function) -> float:
    """Return how long one examination takes."""
    begin = time.process_time()
    examine_exercise(exercise, answer)
    return time.process_time() - begin


def measure(name: str) -> dict[str, float]:
    """Return the seconds of each kind of check of an exercise, in a process where none was checked before."""
    torch.set_num_threads(1)
    begin = time.process_time()
    exercise = exercises[name]  # importing it belongs to the first check
    imported = time.process_time() - begin
    answers = {
        "first": same(exercise),
        "mistake": exercise.mistakes[0].function,
        "unforeseen": unforeseen(exercise),
        "right": same(exercise),
    }
    found = {kind: seconds(exercise, answer) for kind, answer in answers.items()}
    return {**found, "first": found["first"] + imported}


def main() -> None:
    names = sys.argv[1:] or list(exercises)
    rows = {}
    for name in names:
        with multiprocessing.get_context("fork").Pool(1) as pool:  # the parent has imported nstlib.check, and no more
            rows[name] = pool.apply(measure, (name,))
    excess = {name: max(row[kind] / limit for kind, limit in LIMITS.items()) for name, row in rows.items()}
    print(f"{'':26s}" + "".join(f"{kind:>12s}" for kind in LIMITS) + "   of the limit")
    for name in sorted(rows, key=excess.get, reverse=True):
        print(f"{name:26s}" + "".join(f"{rows[name][kind]:12.2f}" for kind in LIMITS) + f"{excess[name]:12.0%}")
    print(f"{sum(share > 1 for share in excess.values())} of {len(rows)} exceed a limit")


if __name__ == "__main__":
    main()
