"""How much slower than usual this process asks AWS for news: one factor for all that is polled in a session.

A throttle of any call, one that botocore's own retry mends among them, says that the account's share is used up:
whoever polls then asks half as often, together, and comes back step by step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

TOGETHER = 1.0
"""Seconds in which refusals count once: they answer calls that were under way together."""
PATIENCE = 30.0
"""Seconds without a throttle after which polling is twice as quick again."""
MOST = 8.0
"""A quiet job is then asked for every 80 s: slower would look like standing still."""


class Slowdown:
    """How many times as long as usual to wait between polls."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._factor = 1.0
        self._refused_at = float("-inf")
        self._eased_at = 0.0
        self._lock = threading.Lock()

    @property
    def factor(self) -> float:
        """1 while nothing is throttled."""
        with self._lock:
            now = self._clock()
            while self._factor > 1 and now - self._eased_at >= PATIENCE:
                self._factor /= 2
                self._eased_at += PATIENCE
            return self._factor

    def refused(self) -> None:
        """AWS asked for less: half as often from now on."""
        with self._lock:
            now = self._clock()
            if now - self._refused_at < TOGETHER:
                return
            self._refused_at = self._eased_at = now
            self._factor = min(self._factor * 2, MOST)
