"""Work on all cores of this machine, its results in order and the same whatever the number of processes.

Workers are started anew, never forked: the process that calls may run Ray or torch, whose threads do not
survive a fork. A new process imports the caller's main module again, so a script that comes here guards what
it does with `if __name__ == "__main__":`, as Python's `multiprocessing` asks of every script.

What lies in the current folder is data, and never imported by a worker: Python would look there first, and a
`calendar.py` of the user's be run in place of the one that is meant.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from raysft.safe_path import keep_folder_off_path

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST = 16
"""Workers on one machine; one with a tokenizer holds 0.4 GB."""
_AHEAD = 2
"""Tasks of each worker that are begun before the result that comes next is taken."""


def processes_for(size: int, worth: int) -> int:
    """How many processes to use.

    Args:
        size: of the work.
        worth: size that takes one process so long that starting another one pays.
    """
    return max(1, min(_cores(), MOST, size // worth))


def in_order(
    begin: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task], processes: int
) -> Iterator[Result]:
    """Results of tasks in the order of the tasks, a bounded number of which is under way at a time.

    Args:
        begin: called once in each process; gives the function that does a task. It can be sent to another
            process, as can tasks and results.
        tasks: taken one by one.
        processes: with 1 everything is done in this process.

    Raises:
        BrokenProcessPool: a worker died, most likely for want of memory.
    """
    if processes == 1:
        yield from map(begin(), tasks)
        return
    keep_folder_off_path()  # a spawned process is started with `-c`
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _enter, (begin,)) as pool:
        waiting = iter(tasks)
        running: deque[Future[Any]] = deque()
        try:
            while True:
                room = _AHEAD * processes - len(running)
                running.extend(pool.submit(_do, task) for task in islice(waiting, room))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _cores() -> int:
    # where the system has no affinity, as macOS, every core is ours
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


_begin: list[Callable[[], Callable[[Any], Any]]] = []
"""In a worker: what it was started with."""


def _enter(begin: Callable[[], Callable[[Any], Any]]) -> None:
    """Set up a worker: it works on one core, leaves interrupts to its parent, and ends when that ends."""
    # read by the tokenizers library only, which would start a thread per core in each of the workers
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _begin.append(begin)


def _end_with_parent() -> None:
    """A worker waits for its next task for ever, also when the process that was to give it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _work() -> Callable[[Any], Any]:
    # not in `_enter`, whose errors would not reach the parent as what they are
    return _begin[0]()


def _do(task: Task) -> Any:  # noqa: ANN401 - typed by `in_order`
    return _work()(task)
