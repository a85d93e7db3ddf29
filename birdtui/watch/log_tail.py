"""A job's log as it grows: streams and tokens in, new lines out, each once and none lost.

Polled by the watcher with the time of its own clock. What lies behind is read by LogHistory, several pages at once; the
streams that are read to their ends are asked in turn. Lines are told in the order of their timestamps: they wait until
no other stream can still have earlier ones. For a screen the newest page of each stream comes first instead, then its
past from the head on, and nothing waits for another stream.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from birdtui.aws.errors import AwsProblem
from birdtui.aws.logs import Logs, LogStream
from birdtui.watch.events import AnyLines, LogLines, MergedLines
from birdtui.watch.log_chain import Chain, Lines, split_before
from birdtui.watch.log_history import BULK, LogHistory, Past, settled
from birdtui.watch.pace import QUICK, Pace

STREAMS_MISSING_SECONDS = 2.0
"""Between looks for streams while an instance has none; DescribeLogStreams is 25 calls/s for the whole account."""
STREAMS_SECONDS = 60.0
RETIRE_SECONDS = 30.0
"""How long the log of a replaced instance is still asked for late lines."""
PAGES_AT_ONCE = 16
HISTORY_SECONDS = 0.25
"""How long a poll waits for a page of the past."""


@dataclass(slots=True, eq=False)
class _Reading:
    """Where reading of one stream is: its past is read, then it is followed.

    `is_history` is true for what lies before lines told already: with an `end` a part of a stream, without one the
    stream of an instance that was replaced. While a stream's newest lines are being read, `is_unseen` is true and
    `before` leads to what is older than those read so far.
    """

    stream: LogStream
    past: Past
    end: int | None = None
    is_history: bool = False
    is_being_read: bool = False
    is_caught_up: bool = False
    is_following: bool = False
    is_asked_again: bool = False
    is_unseen: bool = False
    before: str | None = None
    replaced_at: float | None = None

    @property
    def is_behind(self) -> bool:
        """Whether its past is still being read: other streams' later lines wait for it."""
        return not self.is_caught_up and not self.is_following

    @property
    def is_done(self) -> bool:
        """Whether all that was there is read and told."""
        return self.is_caught_up and not self.past.pages

    def settle(self) -> None:
        """Its past may be read by now."""
        if self.is_being_read and self.past.is_read:
            self.is_being_read = False
            self.is_caught_up = self.is_following = not self.is_asked_again
            self.is_asked_again = False


class LogTail:
    """Reads the log of one job. `poll` raises AwsProblem, save for throttles; its threads end when `stop` is set."""

    def __init__(
        self,
        logs: Logs,
        job: str,
        *,
        instances: int = 1,
        quick: float = QUICK,
        newest_first: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        """`quick` is the shortest time between rounds in seconds.

        With `newest_first` what the log ends with when it is first looked at is told before its past.
        """
        self._logs = logs
        self._job = job
        self._instances = instances
        self._quick = quick
        self._newest_first = newest_first
        self._stop = stop or threading.Event()
        self._rate = logs.rate
        self._history = LogHistory(logs, self._stop)
        self._readings: dict[str, _Reading] = {}
        self._older: list[_Reading] = []
        self._has_looked = False
        self._streams_due = 0.0
        self._retry_at = 0.0
        self._is_last_round = False
        self._is_last_round_asked = True
        self.pace = Pace(quick, slowdown=logs.slowdown)

    @property
    def has_streams(self) -> bool:
        """Whether any instance has written."""
        return bool(self._readings)

    @property
    def is_past_told(self) -> bool:
        """Whether no line is still to come that was written before lines told already, save for late ones."""
        return not any(
            reading.is_unseen or (reading.is_history and (reading.is_behind or reading.past.pages))
            for reading in self._all()
        )

    @property
    def is_drained(self) -> bool:
        """Whether all that was there at the last poll, or in the last round, has been told."""
        return self._is_last_round_asked and not self._older and all(each.is_done for each in self._readings.values())

    @property
    def due(self) -> float:
        """When to poll next."""
        return self._retry_at if self.is_catching_up else self.pace.due

    @property
    def is_catching_up(self) -> bool:
        """Whether the log's past is still being read."""
        return bool(self._older) or any(
            each.is_behind or each.is_unseen or each.past.pages for each in self._readings.values()
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
        self._is_last_round = True
        for reading in self._readings.values():
            reading.is_asked_again = reading.is_being_read
            reading.is_caught_up = reading.is_following = False
            reading.replaced_at = None
        self._is_last_round_asked = False

    def poll(self, now: float) -> list[AnyLines]:
        """New lines, if it is time to ask; what was read before a problem arose comes with the next poll."""
        if now < self.due:
            return []
        try:
            if now >= self._streams_due:
                self._find_streams(now)
                self._is_last_round_asked = True
            self._read(now)
        except AwsProblem as problem:
            if not problem.throttled:
                self.pace.failed(now)
                self._retry_at = self.pace.due
                raise
            self._rate.refused()
            self.pace.throttled(now)
        return self._told()

    def _find_streams(self, now: float) -> None:
        self._streams_due = now + STREAMS_MISSING_SECONDS
        newest: dict[str, _Reading] = {}
        is_first_look = self._newest_first and not self._has_looked
        for stream in self._logs.streams(self._job):
            reading = self._readings.get(stream.name)
            if reading is None:
                reading = _Reading(stream, Past(Chain(stream.name)), is_unseen=is_first_look)
                self._readings[stream.name] = reading
            before = newest.get(stream.host)
            if before is not None and before.replaced_at is None:
                before.replaced_at = now
            if before is not None and is_first_look:
                before.is_unseen, before.is_history = False, True
            newest[stream.host] = reading
        self._has_looked = True
        complete = len(newest) >= self._instances
        self._streams_due = now + (STREAMS_SECONDS if complete else max(STREAMS_MISSING_SECONDS, self._quick))
        if not self._readings and self._quick < QUICK:
            self._streams_due = now  # this very machine is asked
        self.pace.quick = self._quick * max(len(newest), 1)

    # reading

    def _read(self, now: float) -> None:
        """Read the newest page of a stream that has not been seen, or more of the past; and follow, if it is time."""
        unseen = next((reading for reading in self._readings.values() if reading.is_unseen), None)
        if unseen is not None:
            self._read_newest(unseen)
            return
        self._read_past()
        if self.is_catching_up:
            self.pace.touch(now)
        if self.pace.is_due(now):
            self._follow(now)

    def _read_newest(self, reading: _Reading) -> None:
        """Read a page from the end of a stream, or the one before it while lines so new may still arrive."""
        if not self._rate.wait(self._stop):
            return
        name, sent = reading.stream.name, reading.before
        page = self._logs.page(name, sent, from_head=False)
        lines: Lines = (page.timestamps, page.messages)
        if sent is None and len(page.timestamps) < BULK:
            reading.is_unseen = False  # little to read: in order, then
            return
        if sent is None:
            reading.past.chain = Chain(name, token=page.forward)
            reading.past.chain.note(lines)
            reading.is_following = not self._is_last_round
        reading.before = page.backward
        if page.timestamps and page.timestamps[0] <= settled():
            # more lines may have the first one's time: they are told together, with the past
            end = page.timestamps[0] + 1
            _, lines = split_before(lines, end)
            self._older.append(_Reading(reading.stream, Past(Chain(name)), end=end, is_history=True))
            reading.is_unseen = False
        elif page.backward is None or page.backward == sent:
            reading.is_unseen = False
        if lines[0]:
            reading.past.pages.append(lines)

    def _read_past(self) -> None:
        """Read on what lies behind, a moment at most."""
        for reading in self._all():
            if reading.is_behind and not reading.is_being_read:
                reading.is_being_read = True
                self._history.begin(reading.past, reading.end)
        if self._history.is_active:
            try:
                self._history.wait(HISTORY_SECONDS)
            finally:
                self._history.collect()
                for reading in self._all():
                    reading.settle()

    def _follow(self, now: float) -> None:
        """Read one page of each stream that is read to its end."""
        found = False
        for reading in self._readings.values():
            if not reading.is_following or not (
                reading.replaced_at is None or now - reading.replaced_at < RETIRE_SECONDS
            ):
                continue
            if not self._rate.wait(self._stop):
                return
            lines = reading.past.chain.read(self._logs)
            reading.is_caught_up = reading.past.chain.is_at_end
            reading.is_following = reading.is_caught_up or len(lines[0]) < BULK
            found = found or bool(lines[0]) or not reading.is_caught_up
            if lines[0]:
                reading.past.pages.append(lines)
        (self.pace.news if found else self.pace.quiet)(now)

    def _all(self) -> Iterator[_Reading]:
        yield from self._readings.values()
        yield from self._older

    # telling

    def _told(self) -> list[AnyLines]:
        """The lines that no unread page can precede, in time order; for a screen, which sorts them, new ones at once.

        A screen has only the past in that order: what was read of several streams then comes where nothing is yet.
        """
        pages: list[tuple[_Reading, Lines]] = []
        limit = self._limit()
        for reading in self._all():
            is_ordered = reading.is_history or not self._newest_first
            if reading.past.pages and self._has_turn(reading):
                pages += ((reading, lines) for lines in _emptied(reading, limit if is_ordered else None))
        self._older = [reading for reading in self._older if not reading.is_done]
        if self._newest_first or len({id(reading) for reading, _ in pages}) < 2:
            return [_lines(reading, lines) for reading, lines in pages]
        return [_merged(pages)]

    def _limit(self) -> int | None:
        """Up to which time lines are told: all that could come before is read, and it is not too much at once."""
        if len(self._readings) == 1:
            return None
        ordered = [reading for reading in self._all() if reading.is_history or not self._newest_first]
        limits = [reading.past.frontier for reading in ordered if reading.is_behind]
        ends = sorted(lines[0][-1] for reading in ordered for lines in reading.past.pages)
        return min([*limits, *ends[PAGES_AT_ONCE - 1 : PAGES_AT_ONCE]], default=None)

    def _has_turn(self, reading: _Reading) -> bool:
        """Whether nothing of the past is to be told before: an instance's past goes in the order of its streams."""
        stream = reading.stream
        return not reading.is_history or not any(
            other.is_history and other.is_behind
            for other in self._readings.values()
            if other.stream.host == stream.host and other.stream.started < stream.started
        )


def _emptied(reading: _Reading, limit: int | None = None) -> Iterator[Lines]:
    """Take what waits out of a reading, as far as it is not later than `limit`."""
    pages = reading.past.pages
    while pages:
        lines = pages.popleft()
        if limit is not None and max(lines[0][0], lines[0][-1]) > limit:
            lines, rest = split_before(lines, limit + 1)
            pages.appendleft(rest)
            if lines[0]:
                yield lines
            return
        yield lines


def _lines(reading: _Reading, lines: Lines) -> LogLines:
    stream = reading.stream
    return LogLines(stream.name, stream.host, tuple(lines[0]), tuple(lines[1]), reading.is_history)


def _merged(pages: list[tuple[_Reading, Lines]]) -> MergedLines:
    """Pages of several streams, each in its own order, as one in the order of their times."""
    streams = list(dict.fromkeys((reading.stream.name, reading.stream.host) for reading, _ in pages))
    timestamps: list[int] = []
    messages: list[str] = []
    sources: list[int] = []
    for reading, lines in pages:
        timestamps += lines[0]
        messages += lines[1]
        sources += [streams.index((reading.stream.name, reading.stream.host))] * len(lines[0])
    order = sorted(range(len(timestamps)), key=timestamps.__getitem__)
    return MergedLines(
        tuple(streams),
        tuple(map(sources.__getitem__, order)),
        tuple(map(timestamps.__getitem__, order)),
        tuple(map(messages.__getitem__, order)),
    )
