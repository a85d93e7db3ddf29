"""The tables of CloudWatch Logs, and how a call finds its group and stream in them."""

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
    created INTEGER NOT NULL, next_seq INTEGER NOT NULL DEFAULT 0, in_order INTEGER NOT NULL DEFAULT 1,
    first_time INTEGER, last_time INTEGER, last_ingested INTEGER, UNIQUE (log_group, name)
);
CREATE TABLE IF NOT EXISTS log_events (
    stream INTEGER NOT NULL REFERENCES log_streams (id) ON DELETE CASCADE, seq INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_events_by_time ON log_events (stream, timestamp, seq);
"""

GROUP_MISSING = ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
STREAM_MISSING = ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")


def invalid(text: str) -> ServiceError:
    """A refusal of the request's parameters."""
    return ServiceError("InvalidParameterException", text)


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
        raise GROUP_MISSING


def find_stream(connection: Connection, group: str, name: str) -> Row:
    """A stream's row; raises where the group or the stream does not exist."""
    row: Row | None = connection.execute(
        "SELECT * FROM log_streams WHERE log_group = ? AND name = ?", (group, name)
    ).fetchone()
    if row is None:
        check_group(connection, group)
        raise STREAM_MISSING
    return row
