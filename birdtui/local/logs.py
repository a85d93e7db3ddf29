"""CloudWatch Logs: groups, streams, events, with the service's own pages, tokens and refusals.

Reading events is in `logs_read` and `logs_search`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.logs_read import LogsReader
from birdtui.local.logs_records import (
    GROUP_MISSING,
    SCHEMA,
    bad_token,
    check_group,
    find_stream,
    group_name,
    invalid,
    message_bytes,
    missing,
)
from birdtui.local.logs_search import LogsSearch
from birdtui.local.prefixes import end_of
from birdtui.local.service import ACCOUNT, REGION, Operation, Request, ServiceError
from birdtui.local.store import Store

OLDEST_MS = 14 * 24 * 3600 * 1000
NEWEST_MS = 2 * 3600 * 1000
LONGEST_BATCH_MS = 24 * 3600 * 1000
BATCH_BYTES = 1_048_576
PAGE = 50
_NOT_HERE = ("kmsKeyId", "tags", "deletionProtectionEnabled")


class LogsService:
    """The operations of CloudWatch Logs that training and its readers use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations: Mapping[str, Operation] = {
            "CreateLogGroup": self._create_group,
            "DeleteLogGroup": self._delete_group,
            "DescribeLogGroups": self._describe_groups,
            "PutRetentionPolicy": self._put_retention,
            "DeleteRetentionPolicy": self._delete_retention,
            "CreateLogStream": self._create_stream,
            "DeleteLogStream": self._delete_stream,
            "DescribeLogStreams": self._describe_streams,
            "PutLogEvents": self._put_events,
            "GetLogEvents": LogsReader(store).get_events,
            "FilterLogEvents": LogsSearch(store).filter_events,
        }

    def append(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Write events (milliseconds, message) at once, group and stream made when they are first needed."""
        now = _now()
        with self._store.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO log_groups (name, created) VALUES (?, ?)", (group, now))
            connection.execute(
                "INSERT OR IGNORE INTO log_streams (log_group, name, created) VALUES (?, ?, ?)", (group, stream, now)
            )
            _add(connection, find_stream(connection, group, stream), events, now)

    # groups

    def _create_group(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        named = [name for name in _NOT_HERE if given.get(name)]
        if given.get("logGroupClass", "STANDARD") != "STANDARD":
            named.append("logGroupClass " + given["logGroupClass"])
        if named:
            raise invalid(f"{named[0]} is not part of the local engine.")
        with self._store.writing() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO log_groups (name, created) VALUES (?, ?)", (given["logGroupName"], _now())
            )
            if not added.rowcount:
                raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")
        return {}

    def _delete_group(self, request: Request) -> Mapping[str, Any]:
        with self._store.writing() as connection:
            if not connection.execute(
                "DELETE FROM log_groups WHERE name = ?", (group_name(request.parameters),)
            ).rowcount:
                raise missing(GROUP_MISSING)
        return {}

    def _describe_groups(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        prefix, pattern = given.get("logGroupNamePrefix", ""), given.get("logGroupNamePattern", "")
        if prefix and pattern:
            raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        limit = given.get("limit", PAGE)
        after = _places(given.get("nextToken"), 1) or [""]
        found = (
            self._store.reading()
            .execute(
                "SELECT * FROM log_groups WHERE name > ? AND name >= ? AND name < ?"
                " AND (? = '' OR instr(lower(name), lower(?)) > 0) ORDER BY name LIMIT ?",
                (*after, prefix, end_of(prefix), pattern, pattern, limit + 1),
            )
            .fetchall()
        )
        answer: dict[str, Any] = {"logGroups": [_group(row) for row in found[:limit]]}
        return answer | _next(found, limit, "name")

    def _put_retention(self, request: Request) -> Mapping[str, Any]:
        return self._retention(request, request.parameters["retentionInDays"])

    def _delete_retention(self, request: Request) -> Mapping[str, Any]:
        return self._retention(request, None)

    def _retention(self, request: Request, days: int | None) -> Mapping[str, Any]:
        """Noted and told again; the local engine keeps every event all the same."""
        name = request.parameters["logGroupName"]
        with self._store.writing() as connection:
            if not connection.execute("UPDATE log_groups SET retention = ? WHERE name = ?", (days, name)).rowcount:
                raise missing(GROUP_MISSING)
        return {}

    # streams

    def _create_stream(self, request: Request) -> Mapping[str, Any]:
        group, name = request.parameters["logGroupName"], request.parameters["logStreamName"]
        with self._store.writing() as connection:
            check_group(connection, group)
            added = connection.execute(
                "INSERT OR IGNORE INTO log_streams (log_group, name, created) VALUES (?, ?, ?)", (group, name, _now())
            )
            if not added.rowcount:
                raise ServiceError("ResourceAlreadyExistsException", "The specified log stream already exists")
        return {}

    def _delete_stream(self, request: Request) -> Mapping[str, Any]:
        with self._store.writing() as connection:
            row = find_stream(connection, request.parameters["logGroupName"], request.parameters["logStreamName"])
            connection.execute("DELETE FROM log_streams WHERE id = ?", (row["id"],))
        return {}

    def _describe_streams(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        group = group_name(given)
        connection = self._store.reading()
        check_group(connection, group)
        prefix = given.get("logStreamNamePrefix", "")
        by_time = given.get("orderBy", "LogStreamName") == "LastEventTime"
        if prefix and by_time:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        columns = ["name"] if not by_time else ["coalesce(last_time, 0)", "name"]
        after = _places(given.get("nextToken"), len(columns))
        way, order = ("<", "DESC") if given.get("descending", False) else (">", "ASC")
        limit = given.get("limit", PAGE)
        place = f"AND ({', '.join(columns)}) {way} ({', '.join('?' * len(columns))})" if after else ""
        found = connection.execute(
            "SELECT *, coalesce(last_time, 0) AS place_in_time FROM log_streams"  # noqa: S608
            f" WHERE log_group = ? AND name >= ? AND name < ? {place}"
            f" ORDER BY {', '.join(f'{column} {order}' for column in columns)} LIMIT ?",
            (group, prefix, end_of(prefix), *after, limit + 1),
        ).fetchall()
        answer: dict[str, Any] = {"logStreams": [_stream_facts(row) for row in found[:limit]]}
        return answer | _next(found, limit, *(["place_in_time", "name"] if by_time else ["name"]))

    # events

    def _put_events(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        events = [(event["timestamp"], event["message"]) for event in given["logEvents"]]
        _check_batch(events)
        now = _now()
        too_old = sum(stamp < now - OLDEST_MS for stamp, _ in events)
        kept = [event for event in events[too_old:] if event[0] <= now + NEWEST_MS]
        with self._store.writing() as connection:
            _add(connection, find_stream(connection, given["logGroupName"], given["logStreamName"]), kept, now)
        rejected: dict[str, int] = {}
        if too_old:
            rejected["tooOldLogEventEndIndex"] = too_old
        if too_old + len(kept) < len(events):
            rejected["tooNewLogEventStartIndex"] = too_old + len(kept)
        answer: dict[str, Any] = {"nextSequenceToken": f"{now:056d}"}
        return answer | {"rejectedLogEventsInfo": rejected} if rejected else answer


def _check_batch(events: Sequence[tuple[int, str]]) -> None:
    """Raises for events that are not in order, too far apart, or too many bytes."""
    if any(later[0] < earlier[0] for earlier, later in pairwise(events)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if events and events[-1][0] - events[0][0] > LONGEST_BATCH_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = sum(message_bytes(message) for _, message in events)
    if size > BATCH_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")


def _add(connection: Connection, stream: Row, events: Sequence[tuple[int, str]], now: int) -> None:
    if not events:
        return
    seq = stream["next_seq"]
    connection.executemany(
        "INSERT INTO log_events (stream, seq, timestamp, ingested, message) VALUES (?, ?, ?, ?, ?)",
        ((stream["id"], number, stamp, now, message) for number, (stamp, message) in enumerate(events, seq)),
    )
    stamps = [stamp for stamp, _ in events]
    connection.execute(
        "UPDATE log_streams SET next_seq = ?, first_time = min(?, coalesce(first_time, ?)),"
        " last_time = max(?, coalesce(last_time, ?)), last_ingested = ? WHERE id = ?",
        (seq + len(events), *[min(stamps)] * 2, *[max(stamps)] * 2, now, stream["id"]),
    )


def group_arn(group: str) -> str:
    """A log group's ARN, without the `:*` that IAM wants."""
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


def _group(row: Row) -> dict[str, Any]:
    facts = {
        "logGroupName": row["name"],
        "creationTime": row["created"],
        "metricFilterCount": 0,
        "arn": group_arn(row["name"]) + ":*",
        "logGroupArn": group_arn(row["name"]),
        "storedBytes": 0,
    }
    return {**facts, "retentionInDays": row["retention"]} if row["retention"] else facts


def _stream_facts(row: Row) -> dict[str, Any]:
    facts = {
        "logStreamName": row["name"],
        "creationTime": row["created"],
        "arn": f"{group_arn(row['log_group'])}:log-stream:{row['name']}",
        "storedBytes": 0,
    }
    if row["last_time"] is None:
        return facts
    times = {"firstEventTimestamp": row["first_time"], "lastEventTimestamp": row["last_time"]}
    return {
        **facts,
        **times,
        "lastIngestionTime": row["last_ingested"],
        "uploadSequenceToken": f"{row['next_seq']:056d}",
    }


def _next(found: Sequence[Row], limit: int, *places: str) -> dict[str, str]:
    """The token after the last of a page where `found` holds more than that: its places as JSON, in hex."""
    if len(found) <= limit:
        return {}
    return {"nextToken": json.dumps([found[limit - 1][place] for place in places]).encode().hex()}


def _places(token: str | None, count: int) -> list[str | int]:
    """The places inside a token; none without one. Raises InvalidParameterException."""
    if token is None:
        return []
    try:
        places = json.loads(bytes.fromhex(token))
    except ValueError:
        raise bad_token() from None
    if not isinstance(places, list) or len(places) != count or not all(isinstance(each, str | int) for each in places):
        raise bad_token()
    return places


def _now() -> int:
    return time.time_ns() // 1_000_000


__all__ = ["SCHEMA", "LogsService"]
