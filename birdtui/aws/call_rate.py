"""How often an operation may be called, for everyone in this process who calls it: in turn, and slower after a refusal.

A quota counts for the whole account and region, so callers share one CallRate and back off together.
"""

from __future__ import annotations

import random
import threading
from time import monotonic

SHARE = 0.93
"""How much of a quota to use: some is left for whoever else reads in the account."""
PAUSE = 1.0
"""Seconds without a call after a refusal; refusals within half of it answer calls under way together and count once."""
PAUSE_WITHOUT_QUOTA = 0.02
PATIENCE = 5
"""How many pauses without a refusal it takes until calls come closer together again."""
MOST_APART = 4.0
SHORTEST = 0.002

_GET_LOG_EVENTS = 25.0
_GET_LOG_EVENTS_OF = {
    "ap-northeast-3": 10.0,
    "ap-southeast-3": 10.0,
    "ca-west-1": 10.0,
    "eu-central-1": 10.0,
    "eu-west-1": 10.0,
    "eu-west-3": 30.0,
    "il-central-1": 10.0,
    "us-west-2": 10.0,
}


def get_log_events_quota(region: str) -> float:
    """GetLogEvents calls a second that AWS lets an account make in a region."""
    return _GET_LOG_EVENTS_OF.get(region, _GET_LOG_EVENTS)


class CallRate:
    """Gives callers their turns, as far apart as the quota wants; without a quota at once."""

    def __init__(self, quota: float | None = None) -> None:
        """`quota` is in calls a second."""
        self._apart = self._least = 1 / (quota * SHARE) if quota else 0.0
        self._pause = PAUSE if quota else PAUSE_WITHOUT_QUOTA
        self._next = 0.0
        self._refused_at = 0.0
        self._eased_at = 0.0
        self._lock = threading.Lock()

    @property
    def seconds_apart(self) -> float:
        """The time between two calls at present."""
        return self._apart

    def wait(self, stop: threading.Event) -> bool:
        """Wait for one's turn; False when `stop` is set before."""
        with self._lock:
            now = monotonic()
            self._ease(now)
            turn = max(self._next, now)
            self._next = turn + self._apart
        if turn > now:
            return not stop.wait(turn - now)
        return not stop.is_set()

    def refused(self) -> None:
        """A call was refused for being one too many: a pause for everyone, then half as many."""
        with self._lock:
            now = monotonic()
            if now - self._refused_at < self._pause / 2:
                return
            self._refused_at = self._eased_at = now
            self._apart = min(max(self._apart * 2, 2 * SHORTEST), MOST_APART)
            self._next = now + self._pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter

    def _ease(self, now: float) -> None:
        """Half as far apart for each time of patience, down to what the quota wants."""
        while self._apart > self._least and now - self._eased_at >= PATIENCE * self._pause:
            self._eased_at += PATIENCE * self._pause
            self._apart = max(self._apart / 2, self._least) if self._apart > SHORTEST else self._least
