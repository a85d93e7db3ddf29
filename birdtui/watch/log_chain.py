"""One stream of a job's log read forward, page after page, each line once, from some time on or from its head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import Logs, Page

Lines: TypeAlias = tuple[Sequence[int], Sequence[str]]
"""Timestamps and messages, one for each other, in order."""

_REFUSED_PARAMETER = "InvalidParameterException"


class Chain:
    """Where reading of a stream is: `read` gives what comes next. Only an unchanged token means the end."""

    def __init__(self, stream: str, *, start: int | None = None, token: str | None = None) -> None:
        """`start` is the time in milliseconds of the first events to read, `token` where to go on instead."""
        self.stream = stream
        self.start = start
        self.is_at_end = False
        self.last_timestamp = -1 if start is None else start - 1
        """The latest time read so far; nothing that was there from the beginning comes before it."""
        self._token = token
        self._last_messages: Counter[str] = Counter()
        self._known: Counter[str] | None = None

    def read(self, logs: Logs) -> Lines:
        """The next page's lines, none when there are no new ones. Raises AwsProblem, and may be called again then."""
        try:
            return self._read(logs)
        except AwsProblem as problem:
            if problem.code != _REFUSED_PARAMETER or self._token is None:
                raise
        # the token is too old: go on from the last event's time, without what is known of it
        self._token = None
        if self.last_timestamp >= (self.start or 0):
            self.start = self.last_timestamp
            self._known = Counter(self._last_messages)
        return self._read(logs)

    def _read(self, logs: Logs) -> Lines:
        sent = self._token
        page = logs.page(self.stream, sent, start=self.start if sent is None else None)
        lines = self._unseen(page) if self._known is not None else (page.timestamps, page.messages)
        self.is_at_end = page.forward is None or page.forward == sent
        self._token = page.forward or sent
        if lines[0]:
            self.note(lines)
        return lines

    def note(self, lines: Lines) -> None:
        """Remember the latest time and the messages that have it; late lines change nothing."""
        timestamps, messages = lines
        last = timestamps[-1]
        if last < self.last_timestamp:
            return
        if last > self.last_timestamp:
            self._last_messages.clear()
            self.last_timestamp = last
        at = len(timestamps)
        while at and timestamps[at - 1] == last:
            at -= 1
        self._last_messages.update(messages[at:])

    def _unseen(self, page: Page) -> Lines:
        """A page's events without those that are known, all of which have the last timestamp."""
        known = self._known or Counter()
        kept: tuple[list[int], list[str]] = ([], [])
        for timestamp, message in zip(page.timestamps, page.messages, strict=True):
            if timestamp == self.last_timestamp and known[message] > 0:
                known[message] -= 1
                continue
            kept[0].append(timestamp)
            kept[1].append(message)
        if page.timestamps and page.timestamps[-1] > self.last_timestamp:
            self._known = None
        return kept


def split_before(lines: Lines, end: int) -> tuple[Lines, Lines]:
    """The lines before a time, and those at or after it."""
    timestamps, messages = lines
    at = next((index for index, timestamp in enumerate(timestamps) if timestamp >= end), len(timestamps))
    return (timestamps[:at], messages[:at]), (timestamps[at:], messages[at:])
