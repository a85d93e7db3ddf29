"""The garbage collector, kept out of the way where many objects are made that stay: imports, service models, clients.

Collecting among those takes a quarter of a start's time, and one full collection holds the screen up for 40 ms.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 10_000
_own_process = False


def begin() -> None:
    """Call first in a process that is birdtui's own: no collection until `settle`."""
    global _own_process  # noqa: PLW0603 - a process has one collector
    _own_process = True
    gc.disable()


def settle() -> None:
    """Collect from now on, what was made so far excepted: it stays to the end. For work that goes on for long.

    What has lived for long is looked at by `idle` alone: it would hold up whatever came in between.
    """
    if _own_process and not gc.isenabled():
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, SELDOM)
        gc.enable()


def idle() -> None:
    """Collect everything, while nobody waits."""
    if _own_process and gc.isenabled():
        gc.collect()


def end() -> None:
    """The process is about to end: nothing is worth collecting any more."""
    if _own_process:
        gc.freeze()


@contextmanager
def paused() -> Iterator[None]:
    """No collection while what stays is made; in a process of birdtui's own it is never looked at again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if _own_process:
                gc.freeze()
            gc.enable()
