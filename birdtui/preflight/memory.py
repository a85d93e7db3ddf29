"""Answers of AWS kept for a while, each asked for once however many checks want it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

KEPT_SECONDS = 60.0
LONG_SECONDS = 900.0
"""For what changes seldom: price lists, quotas, an object's content by its tag."""


class _Slot:
    """One answer: being asked for until `done`, then there, or failed."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: Any = None
        self.failure: BaseException | None = None
        self.until = 0.0


class Memory:
    """Keeps answers by key. Who asks while another asks the same waits for that answer; failures are not kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[Hashable, _Slot] = {}

    def get(self, key: Hashable, ask: Callable[[], Answer], seconds: float = KEPT_SECONDS) -> Answer:
        """The answer to `key`, from memory while it is younger than `seconds`; raises whatever `ask` raises."""
        with self._lock:
            slot = self._slots.get(key)
            asking = slot is None or (slot.done.is_set() and slot.until <= self._clock())
            if slot is None or asking:
                self._drop_old()
                slot = self._slots[key] = _Slot()
        if asking:
            self._ask(key, slot, ask, seconds)
        slot.done.wait()
        if slot.failure is not None:
            raise slot.failure
        return cast("Answer", slot.value)

    def _ask(self, key: Hashable, slot: _Slot, ask: Callable[[], Any], seconds: float) -> None:
        try:
            slot.value = ask()
        except BaseException as error:  # noqa: BLE001 - everybody who waits for it is told
            slot.failure = error
            with self._lock:
                if self._slots.get(key) is slot:
                    del self._slots[key]
        slot.until = self._clock() + seconds
        slot.done.set()

    def _drop_old(self) -> None:
        """Let go of answers that are too old to be given, so that a long session keeps no more than a short one."""
        now = self._clock()
        for key in [key for key, slot in self._slots.items() if slot.done.is_set() and slot.until <= now]:
            del self._slots[key]

    def forget(self) -> None:
        """Ask everything anew from now on."""
        with self._lock:
            self._slots.clear()
