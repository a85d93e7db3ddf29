"""Reading log events: GetLogEvents and FilterLogEvents, with their pages and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.logs_filter import parse
from birdtui.local.logs_records import check_group, find_stream, group_name
from birdtui.local.service import Request, ServiceError
from birdtui.local.store import Store

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
EVENT_OVERHEAD = 26
MOST_STREAMS = 100

_GET_TOKEN = re.compile(r"(?P<way>[fb])/(?P<place>\d{56})/s")
_FILTER_TOKEN = re.compile(r"v1/(?P<time>-?\d+)/(?P<stream>\d+)/(?P<seq>\d+)")
_BAD_TOKEN = ServiceError("InvalidParameterException", "The specified nextToken is invalid.")


class LogsReader:
    """The two ways to read events."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_events(self, request: Request) -> Mapping[str, Any]:
        """One page of one stream; the end is reached when the token that comes back is the one that was sent."""
        given = request.parameters
        connection = self._store.reading()
        stream = find_stream(connection, group_name(given), given["logStreamName"])
        low, high = _bounds(connection, stream, given.get("startTime"), given.get("endTime"))
        token = given.get("nextToken")
        forward, place = _position(token, given.get("startFromHead", False), low, high)
        limit = min(given.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        rows = _page(connection, stream, given, forward=forward, place=place, bounds=(low, high), limit=limit)
        first = rows[0]["seq"] if rows else place
        last = rows[-1]["seq"] + 1 if rows else place
        return {
            "events": [
                {"timestamp": row["timestamp"], "message": row["message"], "ingestionTime": row["ingested"]}
                for row in sorted(rows, key=lambda row: (row["timestamp"], row["seq"]))
            ],
            "nextForwardToken": _token("f", last),
            "nextBackwardToken": _token("b", first),
        }

    def filter_events(self, request: Request) -> Mapping[str, Any]:
        """One page of several streams merged by time; a page may be empty and still have a token."""
        given = request.parameters
        connection = self._store.reading()
        streams = _streams(connection, given)
        pattern = parse(given.get("filterPattern"))
        newest_first = not given.get("startFromHead", True)
        limit = min(given.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        rows = _merged(connection, streams, given, newest_first=newest_first)
        events: list[dict[str, Any]] = []
        size = 0
        for number, row in enumerate(rows):
            if pattern.matches(row["message"]):
                size += len(row["message"].encode()) + EVENT_OVERHEAD
                if events and (size > PAGE_BYTES or len(events) == limit):
                    return {"events": events, "searchedLogStreams": [], "nextToken": _place_of(rows[number - 1])}
                events.append(_filtered(row, streams))
        answer: dict[str, Any] = {"events": events, "searchedLogStreams": []}
        if len(rows) == PAGE_EVENTS:
            answer["nextToken"] = _place_of(rows[-1])
        return answer


def _token(way: str, place: int) -> str:
    return f"{way}/{place:056d}/s"


def _position(token: str | None, from_head: bool, low: int, high: int) -> tuple[bool, int]:
    """Which way to read, and from which place in the stream."""
    if token is None:
        return (True, low) if from_head else (False, high)
    match = _GET_TOKEN.fullmatch(token)
    if match is None:
        raise _BAD_TOKEN
    return match["way"] == "f", int(match["place"])


def _bounds(connection: Connection, stream: Row, start: int | None, end: int | None) -> tuple[int, int]:
    """The places between which events of the times can lie: exact where events came in order, else the whole stream."""
    low, high = 0, stream["next_seq"]
    if not stream["in_order"]:
        return low, high
    query = "SELECT seq FROM log_events WHERE stream = ? AND timestamp >= ? ORDER BY timestamp, seq LIMIT 1"
    if start is not None:
        row = connection.execute(query, (stream["id"], start)).fetchone()
        low = row["seq"] if row else high
    if end is not None:
        row = connection.execute(query, (stream["id"], end)).fetchone()
        high = row["seq"] if row else high
    return low, max(low, high)


def _page(
    connection: Connection,
    stream: Row,
    given: Mapping[str, Any],
    *,
    forward: bool,
    place: int,
    bounds: tuple[int, int],
    limit: int,
) -> Sequence[Row]:
    """Events from a place on, or before it, in the order in which they came; startTime counts, endTime does not."""
    start = given.get("startTime", -(1 << 62))
    end = given.get("endTime", 1 << 62)
    low, high = bounds
    if forward:
        span, order = (max(place, low), 1 << 62 if "endTime" not in given else high), "ASC"
        if not stream["in_order"]:
            span = (span[0], 1 << 62)
    else:
        span, order = (low, min(place, high)), "DESC"
    rows = connection.execute(
        "SELECT seq, timestamp, ingested, message FROM log_events WHERE stream = ? AND seq >= ? AND seq < ?"  # noqa: S608
        f" AND timestamp >= ? AND timestamp < ? ORDER BY seq {order} LIMIT ?",
        (stream["id"], *span, start, end, limit),
    )
    kept: list[Row] = []
    size = 0
    for row in rows:
        size += len(row["message"].encode()) + EVENT_OVERHEAD
        if kept and size > PAGE_BYTES:
            break
        kept.append(row)
    return kept if forward else kept[::-1]


def _streams(connection: Connection, given: Mapping[str, Any]) -> dict[int, str]:
    """The streams that a filter looks at, by number."""
    group = group_name(given)
    names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix")
    if names and prefix:
        raise ServiceError("InvalidParameterException", "logStreamNames and logStreamNamePrefix cannot both be given.")
    check_group(connection, group)
    if names:
        return {row["id"]: row["name"] for row in (find_stream(connection, group, name) for name in names)}
    rows = connection.execute(
        "SELECT id, name FROM log_streams WHERE log_group = ? AND substr(name, 1, ?) = ?",
        (group, len(prefix or ""), prefix or ""),
    )
    return {row["id"]: row["name"] for row in rows}


def _merged(
    connection: Connection, streams: Mapping[int, str], given: Mapping[str, Any], *, newest_first: bool
) -> list[Row]:
    """The next events of all streams by time, after the token; startTime and endTime both count here."""
    sign, order = ("<", "DESC") if newest_first else (">", "ASC")
    after: tuple[int, int, int] = (1 << 62, 0, 0) if newest_first else (-(1 << 62), 0, 0)
    token = given.get("nextToken")
    if token is not None:
        match = _FILTER_TOKEN.fullmatch(token)
        if match is None:
            raise _BAD_TOKEN
        after = int(match["time"]), int(match["stream"]), int(match["seq"])
    low = max(given.get("startTime", -(1 << 62)), -(1 << 62) if newest_first else after[0])
    high = min(given.get("endTime", 1 << 62), after[0] if newest_first else 1 << 62)
    rows: list[Row] = []
    for stream in streams:
        rows += connection.execute(
            "SELECT stream, seq, timestamp, ingested, message FROM log_events INDEXED BY log_events_by_time"  # noqa: S608
            f" WHERE stream = ? AND timestamp >= ? AND timestamp <= ? AND (timestamp, stream, seq) {sign} (?, ?, ?)"
            f" ORDER BY timestamp {order}, seq {order} LIMIT {PAGE_EVENTS}",
            (stream, low, high, *after),
        ).fetchall()
    rows.sort(key=lambda row: (row["timestamp"], row["stream"], row["seq"]), reverse=newest_first)
    return rows[:PAGE_EVENTS]


def _place_of(row: Row) -> str:
    return f"v1/{row['timestamp']}/{row['stream']}/{row['seq']}"


def _filtered(row: Row, streams: Mapping[int, str]) -> dict[str, Any]:
    return {
        "logStreamName": streams[row["stream"]],
        "timestamp": row["timestamp"],
        "message": row["message"],
        "ingestionTime": row["ingested"],
        "eventId": f"{row['timestamp']:020d}{row['stream']:012d}{row['seq']:024d}",
    }
