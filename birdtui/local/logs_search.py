"""FilterLogEvents: the events of several streams merged by time, those that a pattern lets through.

A page ends with 10,000 events looked at, or with 1 MB found; it may be short or empty and still have a token. The
token is a place in the merged order; there is none at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from heapq import merge
from itertools import islice
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.logs_filter import parse
from birdtui.local.logs_read import NEVER, PAGE_BYTES, PAGE_EVENTS
from birdtui.local.logs_records import bad_token, check_group, find_stream, group_name, invalid, message_bytes
from birdtui.local.prefixes import end_of
from birdtui.local.service import Request
from birdtui.local.store import Store

MOST_STREAMS = 100
_NO_SEQ = 10**14
_TOKEN = re.compile(r"v1/(?P<time>[0-9]{1,16})/(?P<stream>[0-9]{1,14})/(?P<seq>[0-9]{1,14})")

Place = tuple[int, int, int]
"""An event's time, stream and arrival: the order in which streams are merged."""
_Event = tuple[int, int, int, int, str]
"""Time, stream, arrival, time of arrival, message: sorted, a list of them is in the order of their places."""


class LogsSearch:
    """FilterLogEvents on the events of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def filter_events(self, request: Request) -> Mapping[str, Any]:
        """One page of matching events; `startTime` and `endTime` both count here. Oldest first, or newest if asked so.

        Raises ResourceNotFoundException, and InvalidParameterException for a pattern that cannot be judged, for names
        together with a prefix, and for a token that is none.
        """
        given = request.parameters
        pattern = parse(given.get("filterPattern"))
        connection = self._store.reading()
        streams = {row["id"]: row["name"] for row in _streams(connection, given)}
        is_forward = given.get("startFromHead", True)
        limit = min(given.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        found: list[_Event] = []
        size, looked_at = 0, 0
        with ExitStack() as cursors:
            for event in islice(_merged(connection, streams, given, is_forward, cursors), PAGE_EVENTS + 1):
                matches = pattern.matches(event[-1])
                size += message_bytes(event[-1]) if matches else 0
                if looked_at == PAGE_EVENTS or len(found) == limit or (matches and found and size > PAGE_BYTES):
                    return _answer(found, streams, _token(event[:3], is_forward))
                looked_at += 1
                if matches:
                    found.append(event)
        return _answer(found, streams, None)


def _answer(events: Sequence[_Event], streams: Mapping[int, str], token: str | None) -> dict[str, Any]:
    shown = [
        {
            "logStreamName": streams[stream],
            "timestamp": timestamp,
            "message": message,
            "ingestionTime": ingested,
            "eventId": f"{timestamp:020}{stream:012}{seq:024}",
        }
        for timestamp, stream, seq, ingested, message in events
    ]
    answer: dict[str, Any] = {"events": shown, "searchedLogStreams": []}
    return answer | {"nextToken": token} if token else answer


def _streams(connection: Connection, given: Mapping[str, Any]) -> list[Row]:
    """The streams that a search looks at, without those that have no event of the times it asks for."""
    group = group_name(given)
    names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix", "")
    if names and prefix:
        raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if names and len(names) > MOST_STREAMS:
        raise invalid(f"At most {MOST_STREAMS} logStreamNames may be given.")
    check_group(connection, group)
    if names:
        rows = [find_stream(connection, group, name) for name in dict.fromkeys(names)]
    else:
        rows = connection.execute(
            "SELECT * FROM log_streams WHERE log_group = ? AND name >= ? AND name < ?", (group, prefix, end_of(prefix))
        ).fetchall()
    start, end = given.get("startTime", 0), given.get("endTime", NEVER)
    return [
        row for row in rows if row["last_time"] is not None and row["last_time"] >= start and row["first_time"] <= end
    ]


def _merged(
    connection: Connection,
    streams: Mapping[int, str],
    given: Mapping[str, Any],
    is_forward: bool,
    cursors: ExitStack,
) -> Iterator[_Event]:
    """The events of all streams by time from the token's place on, read as they are taken."""
    place = _place(given.get("nextToken"), is_forward)
    times = given.get("startTime", 0), given.get("endTime", NEVER)
    found = [_events(connection, stream, place, times, is_forward, cursors) for stream in streams]
    return merge(*found, reverse=not is_forward)


def _place(token: str | None, is_forward: bool) -> Place:
    if token is None:
        return (0, 0, 0) if is_forward else (NEVER, 0, 0)
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise bad_token()
    time, stream, seq = map(int, match.groups())
    return time, stream, seq


def _token(place: Place, is_forward: bool) -> str:
    """A token from which `place` comes next: forward what lies at or behind it, backward what lies before it."""
    time, stream, seq = place
    return f"v1/{time}/{stream}/{seq if is_forward else seq + 1}"


def _events(
    connection: Connection, stream: int, place: Place, times: tuple[int, int], is_forward: bool, cursors: ExitStack
) -> Iterable[_Event]:
    """One stream's events on one side of a place in the merged order."""
    time, of_stream, of_seq = place
    if stream != of_stream:
        of_seq = 0 if stream > of_stream else _NO_SEQ
    low, high = (times[0], 0), (times[1] + 1, 0)
    low, high = (max(low, (time, of_seq)), high) if is_forward else (low, min(high, (time, of_seq)))
    cursor = cursors.enter_context(closing(connection.cursor()))
    cursor.row_factory = None
    order = "ASC" if is_forward else "DESC"
    return cursor.execute(
        "SELECT timestamp, stream, seq, ingested, message FROM log_events NOT INDEXED WHERE stream = ?"  # noqa: S608
        f" AND (timestamp, seq) >= (?, ?) AND (timestamp, seq) < (?, ?) ORDER BY timestamp {order}, seq {order}",
        (stream, *low, *high),
    )
