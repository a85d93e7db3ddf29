"""Calls made side by side, in threads that never keep the program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")


def all_of(calls: Sequence[Callable[[], Result]], *, at_once: int = 8) -> list[Result]:
    """The results in the order of the calls, at most `at_once` under way. Raises what the first failed call raised."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in range(len(calls)):
        waiting.put(number)
    results: dict[int, Result] = {}
    failures: dict[int, BaseException] = {}

    def work() -> None:
        while not failures:
            try:
                number = waiting.get_nowait()
            except Empty:
                return
            try:
                results[number] = calls[number]()
            except BaseException as error:  # noqa: BLE001 - it is raised again by who asked
                failures[number] = error

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(at_once, len(calls)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[number] for number in range(len(calls))]
