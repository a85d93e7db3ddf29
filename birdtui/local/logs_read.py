"""GetLogEvents: one stream's events in pages, and what its tokens mean.

CloudWatch gives events in the order of their times. A token names a snapshot, the events that had come when its
reading began, and a cut in that order: reading goes on from there, forward or backward. A forward reader who is through
with a snapshot gets another one of what came since, so an event that comes late, with an older time, is told once, when
it comes; no token skips it, none tells it twice. Being at the end is getting the token back that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from sqlite3 import Connection, Cursor, Row
from typing import Any

from birdtui.local.logs_records import bad_token, find_stream, group_name, message_bytes
from birdtui.local.service import Request
from birdtui.local.store import Store

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
NEVER = 10**15
"""A time in milliseconds that no event reaches, in the year 33658."""

_TOKEN = re.compile(r"(?P<way>[fb])/(?P<since>[0-9]{13})(?P<until>[0-9]{13})(?P<time>[0-9]{16})(?P<seq>[0-9]{14})/s")
# By arrival where few events are new, so that a poll does not pass over the whole history; else as they lie.
_FEW = "INDEXED BY log_events_by_arrival"
_MANY = "NOT INDEXED"


@dataclass(frozen=True, slots=True)
class Cut:
    """A place between two events: `since` and `until` bound the snapshot by arrival, `time` and `seq` divide it.

    What lies at or behind (`time`, `seq`) comes next when reading forward, what lies before it when reading backward.
    """

    since: int
    until: int
    time: int
    seq: int

    @property
    def is_end(self) -> bool:
        """Whether nothing of the snapshot lies behind it."""
        return self.time == NEVER or self.since == self.until

    def token(self, way: str) -> str:
        """The token of this place, `f` for forward and `b` for backward."""
        return f"{way}/{self.since:013}{self.until:013}{self.time:016}{self.seq:014}/s"


@dataclass(frozen=True, slots=True)
class _Span:
    """Which times a request asks for: `start` counts, `end` does not."""

    start: int
    end: int


class LogsReader:
    """GetLogEvents on the events of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_events(self, request: Request) -> Mapping[str, Any]:
        """One page of one stream, at most 10,000 events or 1 MB; without a token the newest or, asked so, the oldest.

        Raises ResourceNotFoundException and, for a token that is none, InvalidParameterException.
        """
        given = request.parameters
        connection = self._store.reading()
        stream = find_stream(connection, group_name(given), given["logStreamName"])
        span = _Span(given.get("startTime", 0), min(given.get("endTime", NEVER), NEVER))
        limit = min(given.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        is_forward, cut = _place(given.get("nextToken"), given.get("startFromHead", False), stream)
        read = _forward if is_forward else _backward
        events, before, behind = read(connection, stream, cut, span, limit)
        return {
            "events": events,
            "nextForwardToken": behind.token("f"),
            "nextBackwardToken": before.token("b"),
        }


@dataclass(frozen=True, slots=True)
class _Taken:
    """Events as they were read, (time, seq) of the first and of the last, and whether there are more behind them."""

    events: list[dict[str, Any]]
    first: tuple[int, int]
    last: tuple[int, int]
    is_more: bool


_Page = tuple[list[dict[str, Any]], Cut, Cut]
"""Events in the order of their times, and the places before and behind them."""


def _place(token: str | None, is_from_head: bool, stream: Row) -> tuple[bool, Cut]:
    """Which way to read and from where."""
    if token is None:
        return is_from_head, Cut(0, stream["next_seq"], 0 if is_from_head else NEVER, 0)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise bad_token()
    way, *numbers = match.groups()
    cut = Cut(*map(int, numbers))
    if cut.until > stream["next_seq"]:  # of a stream that was deleted and made anew
        raise bad_token()
    return way == "f", cut


def _forward(connection: Connection, stream: Row, cut: Cut, span: _Span, limit: int) -> _Page:
    if cut.is_end and cut.until == stream["next_seq"]:
        return [], replace(cut, since=0), cut
    here = Cut(cut.until, stream["next_seq"], 0, 0) if cut.is_end else cut
    taken = _taken(connection, stream, here, span, limit, is_forward=True)
    end = replace(here, time=NEVER, seq=0)
    if not taken.events:
        return [], replace(end, since=0), end
    (time, seq), (last_time, last_seq) = taken.first, taken.last
    behind = replace(here, time=last_time, seq=last_seq + 1) if taken.is_more else end
    return taken.events, Cut(0, here.until, time, seq), behind


def _backward(connection: Connection, stream: Row, cut: Cut, span: _Span, limit: int) -> _Page:
    here = replace(cut, since=0)
    taken = _taken(connection, stream, here, span, limit, is_forward=False)
    head = Cut(0, here.until, 0, 0)
    if not taken.events:
        return [], head, here
    (time, seq), (first_time, first_seq) = taken.first, taken.last
    behind = here if here.is_end else Cut(0, here.until, time, seq + 1)
    before = Cut(0, here.until, first_time, first_seq) if taken.is_more else head
    return taken.events[::-1], before, behind


def _taken(connection: Connection, stream: Row, cut: Cut, span: _Span, limit: int, *, is_forward: bool) -> _Taken:
    """As many events of a snapshot on one side of a cut as a page holds, the nearest first."""
    events: list[dict[str, Any]] = []
    size, first, last = 0, (0, 0), (0, 0)
    with closing(_rows(connection, stream, cut, span, limit, is_forward=is_forward)) as rows:
        for timestamp, seq, ingested, message in rows:
            size += message_bytes(message)
            if len(events) == limit or (size > PAGE_BYTES and events):
                return _Taken(events, first, last, is_more=True)
            last = (timestamp, seq)
            if not events:
                first = last
            events.append({"timestamp": timestamp, "message": message, "ingestionTime": ingested})
    return _Taken(events, first, last, is_more=False)


def _rows(connection: Connection, stream: Row, cut: Cut, span: _Span, limit: int, *, is_forward: bool) -> Cursor:
    """The events that a page may hold and one more, which says that there are more."""
    low, high, at = (span.start, 0), (span.end, 0), (cut.time, cut.seq)
    low, high = (max(low, at), high) if is_forward else (low, min(high, at))
    index = _FEW if cut.until - cut.since <= PAGE_EVENTS else _MANY
    order = "ASC" if is_forward else "DESC"
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute(
        f"SELECT timestamp, seq, ingested, message FROM log_events {index} WHERE stream = ? AND seq >= ? AND seq < ?"  # noqa: S608
        " AND (timestamp, seq) >= (?, ?) AND (timestamp, seq) < (?, ?)"
        f" ORDER BY timestamp {order}, seq {order} LIMIT ?",
        (stream["id"], cut.since, cut.until, *low, *high, limit + 1),
    )
