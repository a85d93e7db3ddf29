"""The tables of CloudWatch Logs, and how a call finds its group and stream in them.

Events lie in the order of their times, which is the order in which they are read; `seq` is the order in which they
came to their stream, by which a reader tells what is new to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.service import ServiceError

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_groups (
    name TEXT PRIMARY KEY, created INTEGER NOT NULL, retention INTEGER
);
CREATE TABLE IF NOT EXISTS log_streams (
    id INTEGER PRIMARY KEY, log_group TEXT NOT NULL REFERENCES log_groups (name) ON DELETE CASCADE, name TEXT NOT NULL,
    created INTEGER NOT NULL, next_seq INTEGER NOT NULL DEFAULT 0,
    first_time INTEGER, last_time INTEGER, last_ingested INTEGER, UNIQUE (log_group, name)
);
CREATE TABLE IF NOT EXISTS log_events (
    stream INTEGER NOT NULL REFERENCES log_streams (id) ON DELETE CASCADE, timestamp INTEGER NOT NULL,
    seq INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (stream, timestamp, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_events_by_arrival ON log_events (stream, seq);
"""

GROUP_MISSING = "The specified log group does not exist."
STREAM_MISSING = "The specified log stream does not exist."
_EVENT_OVERHEAD = 26


def missing(text: str) -> ServiceError:
    """A refusal because the group or the stream is not there."""
    return ServiceError("ResourceNotFoundException", text)


def invalid(text: str) -> ServiceError:
    """A refusal of the request's parameters."""
    return ServiceError("InvalidParameterException", text)


def bad_token() -> ServiceError:
    """A refusal of a token that this service never gave."""
    return invalid("The specified nextToken is invalid.")


def group_name(given: Mapping[str, Any]) -> str:
    """The group that a call names, by name or by ARN; raises where it names none or both."""
    name, identifier = given.get("logGroupName"), given.get("logGroupIdentifier")
    if bool(name) == bool(identifier):
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
    text = str(name or identifier)
    return text.partition(":log-group:")[2].removesuffix(":*") or text


def check_group(connection: Connection, group: str) -> None:
    """Raises where the group does not exist."""
    if connection.execute("SELECT 1 FROM log_groups WHERE name = ?", (group,)).fetchone() is None:
        raise missing(GROUP_MISSING)


def find_stream(connection: Connection, group: str, name: str) -> Row:
    """A stream's row; raises where the group or the stream does not exist."""
    row: Row | None = connection.execute(
        "SELECT * FROM log_streams WHERE log_group = ? AND name = ?", (group, name)
    ).fetchone()
    if row is None:
        check_group(connection, group)
        raise missing(STREAM_MISSING)
    return row


def message_bytes(message: str) -> int:
    """What a message counts for in a batch or a page: its UTF-8 bytes and 26 more (quotas of CloudWatch Logs)."""
    return (len(message) if message.isascii() else len(message.encode())) + _EVENT_OVERHEAD
