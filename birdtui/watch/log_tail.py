"""A job's log as it grows: streams and tokens in, new lines out, each once and none lost.

Polled by the watcher with the time of its own clock; never sleeps. Several instances are read in turn and told in the
order of their timestamps; while history is read, lines wait until no other stream can still have earlier ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import Logs, LogStream, Page
from birdtui.watch.events import LogLines
from birdtui.watch.pace import QUICK, Pace

STREAMS_MISSING_SECONDS = 2.0
"""Between looks for streams while an instance has none; DescribeLogStreams is 25 calls/s for the whole account."""
STREAMS_SECONDS = 60.0
RETIRE_SECONDS = 30.0
"""How long the log of a replaced instance is still asked for late lines."""
BULK = 500
"""A page with so many events has more behind it, most likely."""
_REFUSED_PARAMETER = "InvalidParameterException"


@dataclass(slots=True)
class _Reading:
    """Where reading of one stream is."""

    stream: LogStream
    token: str | None = None
    caught_up: bool = False
    following: bool = False
    replaced_at: float | None = None
    last_timestamp: int = -1
    last_messages: Counter[str] = field(default_factory=Counter)
    known: Counter[str] | None = None
    timestamps: Sequence[int] = ()
    messages: Sequence[str] = ()

    @property
    def is_behind(self) -> bool:
        """Whether history is still being read: other streams' later lines wait for it."""
        return not self.caught_up and not self.following

    def take(self, page: Page, sent: str | None) -> bool:
        """Keep a page's events until they are told; gives whether it had any that are new."""
        timestamps, messages = page.timestamps, page.messages
        if self.known is not None:
            timestamps, messages = self._unseen(timestamps, messages)
        self.caught_up = page.forward is None or page.forward == sent
        self.following = self.caught_up or (self.following and len(timestamps) < BULK)
        self.token = page.forward or self.token
        if not timestamps:
            return False
        self.timestamps = [*self.timestamps, *timestamps] if self.timestamps else timestamps
        self.messages = [*self.messages, *messages] if self.messages else messages
        self._note_last(timestamps, messages)
        return True

    def _note_last(self, timestamps: Sequence[int], messages: Sequence[str]) -> None:
        """Remember the latest time and the messages that have it; late lines change nothing."""
        last = timestamps[-1]
        if last < self.last_timestamp:
            return
        if last > self.last_timestamp:
            self.last_messages.clear()
            self.last_timestamp = last
        at = len(timestamps)
        while at and timestamps[at - 1] == last:
            at -= 1
        self.last_messages.update(messages[at:])

    def resume(self) -> None:
        """Go on without the token, which is too old: from the last event's time on, without what is known of it."""
        self.token = None
        self.known = Counter(self.last_messages)

    def _unseen(self, timestamps: Sequence[int], messages: Sequence[str]) -> tuple[Sequence[int], Sequence[str]]:
        """A page's events without those that are known, all of which have the last timestamp."""
        known = self.known or Counter()
        kept: tuple[list[int], list[str]] = ([], [])
        for timestamp, message in zip(timestamps, messages, strict=True):
            if timestamp == self.last_timestamp and known[message] > 0:
                known[message] -= 1
                continue
            kept[0].append(timestamp)
            kept[1].append(message)
        if timestamps and timestamps[-1] > self.last_timestamp:
            self.known = None
        return kept


class LogTail:
    """Reads the log of one job from its first line on. `poll` raises AwsProblem, save for throttles."""

    def __init__(self, logs: Logs, job: str, *, instances: int = 1, quick: float = QUICK, spacing: float = 0.0) -> None:
        """`quick` is the shortest time between rounds, `spacing` that between calls that catch up, both in seconds."""
        self._logs = logs
        self._job = job
        self._instances = instances
        self._quick = quick
        self._spacing = spacing
        self._readings: dict[str, _Reading] = {}
        self._streams_due = 0.0
        self._is_last_round_asked = True
        self.pace = Pace(quick)

    @property
    def has_streams(self) -> bool:
        """Whether any instance has written."""
        return bool(self._readings)

    @property
    def is_drained(self) -> bool:
        """Whether all that was there at the last poll, or in the last round, has been told."""
        return self._is_last_round_asked and all(
            reading.caught_up and not reading.timestamps for reading in self._readings.values()
        )

    def expect(self, instances: int) -> None:
        """How many instances the job has, once that is known."""
        self._instances = instances

    def look_again(self, now: float) -> None:
        """The job's status changed: new streams are likely."""
        self._streams_due = now
        self.pace.hasten(now)

    def begin_last_round(self, now: float) -> None:
        """The job has ended: look for streams, and read every one until its token says there is no more."""
        self._streams_due = self.pace.due = now
        for reading in self._readings.values():
            reading.caught_up = reading.following = False
            reading.replaced_at = None
        self._is_last_round_asked = False

    def poll(self, now: float) -> list[LogLines]:
        """New lines, if it is time to ask; what was read before a problem arose comes with the next poll."""
        if not self.pace.is_due(now):
            return []
        try:
            if now >= self._streams_due:
                self._find_streams(now)
                self._is_last_round_asked = True
            found = self._read(now)
        except AwsProblem as problem:
            if not problem.throttled:
                self.pace.failed(now)
                raise
            self.pace.throttled(now)
            return self._told()
        if any(reading.is_behind for reading in self._readings.values()):
            self.pace.at_once(now, self._spacing)
        elif found or not all(reading.caught_up for reading in self._readings.values()):
            self.pace.news(now)
        else:
            self.pace.quiet(now)
        return self._told()

    def _find_streams(self, now: float) -> None:
        self._streams_due = now + STREAMS_MISSING_SECONDS
        newest: dict[str, _Reading] = {}
        for stream in self._logs.streams(self._job):
            reading = self._readings.setdefault(stream.name, _Reading(stream))
            before = newest.get(stream.host)
            if before is not None and before.replaced_at is None:
                before.replaced_at = now
            newest[stream.host] = reading
        complete = len(newest) >= self._instances
        self._streams_due = now + (STREAMS_SECONDS if complete else max(STREAMS_MISSING_SECONDS, self._quick))
        if not self._readings and self._quick < QUICK:
            self._streams_due = now  # this very machine is asked
        self.pace.quick = self._quick * max(len(newest), 1)

    def _read(self, now: float) -> bool:
        """Read one page of the stream that lies furthest back, or of each when all are read to their ends."""
        behind = [reading for reading in self._readings.values() if reading.is_behind]
        if behind:
            return self._read_page(min(behind, key=lambda reading: reading.last_timestamp))
        found = False
        for reading in self._readings.values():
            if reading.replaced_at is None or now - reading.replaced_at < RETIRE_SECONDS:
                found = self._read_page(reading) or found
        return found

    def _read_page(self, reading: _Reading) -> bool:
        sent = reading.token
        start = reading.last_timestamp if reading.known is not None and sent is None else None
        try:
            page = self._logs.page(reading.stream.name, sent, start=start)
        except AwsProblem as problem:
            if problem.code == _REFUSED_PARAMETER and sent is not None:
                reading.resume()
                return self._read_page(reading)
            raise
        return reading.take(page, sent)

    def _told(self) -> list[LogLines]:
        """The lines that no unread page can precede, in time order, in runs of one stream."""
        behind = [reading.last_timestamp for reading in self._readings.values() if reading.is_behind]
        waiting = [reading for reading in self._readings.values() if reading.timestamps]
        if len(waiting) == 1 and len(self._readings) == 1:
            return [_lines(waiting[0], *_emptied(waiting[0]))]
        limit = min(behind, default=None)
        rows = [
            (timestamp, reading, message)
            for reading in waiting
            for timestamp, message in zip(*_emptied(reading, limit), strict=True)
        ]
        rows.sort(key=lambda row: row[0])
        told: list[LogLines] = []
        for _, run in groupby(rows, key=lambda row: id(row[1])):
            found = list(run)
            told.append(_lines(found[0][1], [row[0] for row in found], [row[2] for row in found]))
        return told


def _emptied(reading: _Reading, limit: int | None = None) -> tuple[Sequence[int], Sequence[str]]:
    """Take what waits out of a reading, as far as it is not later than `limit`."""
    timestamps, messages = reading.timestamps, reading.messages
    if limit is None or timestamps[-1] <= limit:
        reading.timestamps, reading.messages = (), ()
        return timestamps, messages
    at = next(index for index, timestamp in enumerate(timestamps) if timestamp > limit)
    reading.timestamps, reading.messages = timestamps[at:], messages[at:]
    return timestamps[:at], messages[:at]


def _lines(reading: _Reading, timestamps: Sequence[int], messages: Sequence[str]) -> LogLines:
    return LogLines(reading.stream.name, reading.stream.host, tuple(timestamps), tuple(messages))
