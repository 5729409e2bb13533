"""Work on the workers of a dask scheduler, wherever they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nstlib.errors import ChoiceError

POLL = 0.2  # seconds between two looks at whether to stop
Item = TypeVar("Item")


def run_there(
    address: str, function: Callable[..., Any], items: Iterable[Item], *more: Any, stop: Callable[[], bool] = bool
) -> Generator[tuple[Item, Any], None, None]:
    """Call ``function(item, *more)`` for each item on the workers, and yield each item with the future of its call, done.

    Waits until there are workers.

    Args:
        address: of the scheduler, like ``tcp://10.0.0.5:8786``.
        stop: asked several times a second; once it says so, nothing new is begun and what is under way is dropped.

    Raises:
        ChoiceError: if dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ChoiceError('--scheduler needs dask: pip install "nstlib[cluster]"') from error
    todo, running = list(reversed(list(items))), {}
    with _connected(Client, address) as client:
        left = as_completed(loop=client.loop)
        while (todo or running) and not stop():
            # A few more than are worked on, so that nobody waits; not all, as each carries its pictures.
            while todo and len(running) < max(2, 2 * sum(client.nthreads().values())):
                future = client.submit(function, todo[-1], *more, pure=False)
                running[future] = todo.pop()
                left.add(future)
            if not left.has_ready():
                time.sleep(POLL)
                continue
            for future in left.next_batch(block=False):
                yield running.pop(future), future
        client.cancel(list(running))


@contextmanager
def _connected(client: Callable[..., Any], address: str) -> Iterator[Any]:
    try:
        connection = client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ChoiceError(
            f"No dask scheduler answers at {address}. Start one with  dask scheduler  and give its address, like "
            "tcp://127.0.0.1:8786."
        ) from error
    with connection:
        yield connection
