"""How often to ask: quickly while there is news, ever more slowly while there is none, politely after a throttle."""

from __future__ import annotations

import random

from birdtui.aws.slowdown import Slowdown

QUICK = 0.25
CALM = 2.0
SLOW = 10.0
SILENCE = 120.0
GROWTH = 1.5


class Pace:
    """When the next call is due, in seconds of the caller's clock.

    `quick` after news, growing to `calm` while it is quiet, and to `slow` after two silent minutes. All of it is
    as many times longer as `slowdown` says, which a throttle of any call lengthens.
    """

    def __init__(
        self, quick: float = QUICK, calm: float = CALM, slow: float = SLOW, *, slowdown: Slowdown | None = None
    ) -> None:
        """Without a `slowdown` to share it has one of its own."""
        self.quick = quick
        self.calm = max(calm, quick)
        self.slow = max(slow, quick)
        self.due = 0.0
        self._interval = quick
        self._slowdown = slowdown or Slowdown()
        self._last_news: float | None = None

    def is_due(self, now: float) -> bool:
        """Whether to ask now."""
        return now >= self.due

    def news(self, now: float) -> None:
        """Something new came: ask again soon."""
        self._last_news = now
        self._interval = self.quick
        self._next(now)

    def quiet(self, now: float) -> None:
        """Nothing new came."""
        if self._last_news is None:
            self._last_news = now
        most = self.slow if now - self._last_news >= SILENCE else self.calm
        self._interval = min(self._interval * GROWTH, most)
        self._next(now)

    def touch(self, now: float) -> None:
        """Something new came by another way: not yet the time to slow down."""
        self._last_news = now

    def throttled(self, now: float) -> None:
        """AWS asked for less: half the rate from now on, and not in step with others."""
        self._slowdown.refused()
        wait = max(self._interval, 1.0) * max(self._slowdown.factor, 2.0)
        self.due = now + wait * random.uniform(0.75, 1.25)  # noqa: S311 - jitter

    def failed(self, now: float) -> None:
        """No answer: ask again, ever more slowly."""
        self._interval = min(max(self._interval, 0.5) * GROWTH, self.slow)
        self.due = now + self._interval

    def hasten(self, now: float) -> None:
        """Something else changed: ask now, unless AWS asked for less a moment ago."""
        self._interval = self.quick
        if self._slowdown.factor == 1.0:
            self.due = now

    def _next(self, now: float) -> None:
        self.due = now + self._interval * self._slowdown.factor
