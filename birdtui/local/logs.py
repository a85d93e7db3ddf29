"""CloudWatch Logs: groups, streams, events, with the service's own pages and tokens.

A stream's events keep the order in which they came; a page is sorted by time. A token names a place in that order, so
an event that comes late, with an older time, is told once, when it comes: no token skips it, none tells it twice.
Pages hold at most 10,000 events or 1 MB, each event counted with 26 bytes more (quotas of CloudWatch Logs).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.logs_read import EVENT_OVERHEAD, LogsReader
from birdtui.local.logs_records import GROUP_MISSING, SCHEMA, check_group, find_stream, group_name, invalid
from birdtui.local.service import ACCOUNT, REGION, Operation, Request, ServiceError
from birdtui.local.store import Store

OLDEST_MS = 14 * 24 * 3600 * 1000
NEWEST_MS = 2 * 3600 * 1000
BATCH_BYTES = 1_048_576


class LogsService:
    """The operations of CloudWatch Logs that training and its readers use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        reader = LogsReader(store)
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
            "GetLogEvents": reader.get_events,
            "FilterLogEvents": reader.filter_events,
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
        name = request.parameters["logGroupName"]
        with self._store.writing() as connection:
            added = connection.execute("INSERT OR IGNORE INTO log_groups (name, created) VALUES (?, ?)", (name, _now()))
            if not added.rowcount:
                raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")
        return {}

    def _delete_group(self, request: Request) -> Mapping[str, Any]:
        with self._store.writing() as connection:
            if not connection.execute(
                "DELETE FROM log_groups WHERE name = ?", (group_name(request.parameters),)
            ).rowcount:
                raise GROUP_MISSING
        return {}

    def _describe_groups(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        prefix, pattern = given.get("logGroupNamePrefix"), given.get("logGroupNamePattern")
        if prefix and pattern:
            raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        limit = given.get("limit", 50)
        rows = self._store.reading().execute(
            "SELECT * FROM log_groups WHERE name > ? AND substr(name, 1, ?) = ? AND instr(name, ?) > 0"
            " ORDER BY name LIMIT ?",
            (_after(given.get("nextToken")), len(prefix or ""), prefix or "", pattern or "", limit + 1),
        )
        found = rows.fetchall()
        answer: dict[str, Any] = {"logGroups": [_group(row) for row in found[:limit]]}
        if len(found) > limit:
            answer["nextToken"] = _token(found[limit - 1]["name"])
        return answer

    def _put_retention(self, request: Request) -> Mapping[str, Any]:
        return self._retention(request, request.parameters["retentionInDays"])

    def _delete_retention(self, request: Request) -> Mapping[str, Any]:
        return self._retention(request, None)

    def _retention(self, request: Request, days: int | None) -> Mapping[str, Any]:
        """Noted and told again; the local engine keeps every event all the same."""
        name = request.parameters["logGroupName"]
        with self._store.writing() as connection:
            if not connection.execute("UPDATE log_groups SET retention = ? WHERE name = ?", (days, name)).rowcount:
                raise GROUP_MISSING
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
        prefix = given.get("logStreamNamePrefix") or ""
        by_time = given.get("orderBy", "LogStreamName") == "LastEventTime"
        if prefix and by_time:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        rows = connection.execute(
            "SELECT * FROM log_streams WHERE log_group = ? AND substr(name, 1, ?) = ? ORDER BY name",
            (group, len(prefix), prefix),
        ).fetchall()
        if by_time:
            rows.sort(key=lambda row: (row["last_time"] or 0, row["name"]))
        if given.get("descending", False):
            rows.reverse()
        limit = given.get("limit", 50)
        start = _start_of(rows, given.get("nextToken"))
        answer: dict[str, Any] = {"logStreams": [_stream_facts(row) for row in rows[start : start + limit]]}
        if start + limit < len(rows):
            answer["nextToken"] = _token(rows[start + limit - 1]["name"])
        return answer

    # events

    def _put_events(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        events = [(event["timestamp"], event["message"]) for event in given["logEvents"]]
        if any(later[0] < earlier[0] for earlier, later in pairwise(events)):
            raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
        if events and events[-1][0] - events[0][0] > 24 * 3600 * 1000:
            raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
        if sum(len(message.encode()) + EVENT_OVERHEAD for _, message in events) > BATCH_BYTES:
            raise invalid("Upload too large: a batch holds at most 1048576 bytes.")
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
        return {**answer, "rejectedLogEventsInfo": rejected} if rejected else answer


def _add(connection: Connection, stream: Row, events: Sequence[tuple[int, str]], now: int) -> None:
    if not events:
        return
    seq = stream["next_seq"]
    connection.executemany(
        "INSERT INTO log_events VALUES (?, ?, ?, ?, ?)",
        ((stream["id"], seq + number, stamp, now, message) for number, (stamp, message) in enumerate(events)),
    )
    stamps = [stamp for stamp, _ in events]
    last = stream["last_time"]
    in_order = stream["in_order"] and stamps == sorted(stamps) and (last is None or stamps[0] >= last)
    connection.execute(
        "UPDATE log_streams SET next_seq = ?, in_order = ?, first_time = ?, last_time = ?, last_ingested = ?"
        " WHERE id = ?",
        (
            seq + len(events),
            int(bool(in_order)),
            min(stamps) if stream["first_time"] is None else min(stream["first_time"], *stamps),
            max(stamps) if last is None else max(last, *stamps),
            now,
            stream["id"],
        ),
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


def _token(name: str) -> str:
    return name.encode().hex()


def _after(token: str | None) -> str:
    if not token:
        return ""
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise invalid("The specified nextToken is invalid.") from None


def _start_of(rows: Sequence[Row], token: str | None) -> int:
    if not token:
        return 0
    name = _after(token)
    for number, row in enumerate(rows):
        if row["name"] == name:
            return number + 1
    raise invalid("The specified nextToken is invalid.")


def _now() -> int:
    return time.time_ns() // 1_000_000


__all__ = ["SCHEMA", "LogsService"]
