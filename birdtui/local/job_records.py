"""Training jobs as the engine keeps them: what was asked for, and what has happened since, a row each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from sqlite3 import Connection, Row
from typing import Any

from birdtui.local.service import ServiceError
from birdtui.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY, arn TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL, ended REAL,
    status TEXT NOT NULL, secondary TEXT NOT NULL, request TEXT NOT NULL, tags TEXT NOT NULL, transitions TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_creation ON jobs (created, name);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, name);
"""

RUNNING = ("InProgress", "Stopping")
TERMINAL = ("Completed", "Failed", "Stopped")
REASON_LIMIT = 1024
"""FailureReason is cut there, without a mark."""


def not_found() -> ServiceError:
    """There is no such job; SageMaker has no code of its own for it."""
    return ServiceError("ValidationException", "Requested resource not found.")


@dataclass
class Transition:
    """One entry of SecondaryStatusTransitions; times in seconds since the epoch."""

    status: str
    start: float
    message: str
    end: float | None = None


@dataclass
class Job:
    """One job. `facts` holds members of its description that came later: TrainingStartTime, FailureReason and so on."""

    name: str
    arn: str
    created: float
    modified: float
    status: str
    secondary: str
    request: dict[str, Any]
    tags: dict[str, str]
    ended: float | None = None
    transitions: list[Transition] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the job has reached its end."""
        return self.status in TERMINAL

    @property
    def instances(self) -> dict[str, int]:
        """How many instances of each type it uses."""
        config = self.request.get("ResourceConfig", {})
        used: dict[str, int] = {}
        for group in config.get("InstanceGroups") or [config]:
            if group.get("InstanceType"):
                used[group["InstanceType"]] = used.get(group["InstanceType"], 0) + (group.get("InstanceCount") or 1)
        return used

    @property
    def is_spot(self) -> bool:
        """Whether it runs on spot instances."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    def enter(self, secondary: str, message: str, *, status: str | None = None) -> None:
        """Begin another secondary status; the same one again changes its message in place."""
        now = time.time()
        last = self.transitions[-1] if self.transitions else None
        if last is not None and last.status == secondary:
            last.message = message
        else:
            if last is not None:
                last.end = now
            self.transitions.append(Transition(secondary, now, message))
        self.secondary = secondary
        self.status = status or self.status
        if self.is_over:
            self.transitions[-1].end = now
            self.ended = now

    def fail(self, reason: str) -> None:
        """End as failed; the reason is cut where the service cuts it."""
        self.facts["FailureReason"] = reason[:REASON_LIMIT]
        self.enter("Failed", "Training job failed", status="Failed")


class JobRecords:
    """The table of jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, name: str) -> Job:
        """One job; raises where there is none."""
        row = self._store.reading().execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise not_found()
        return _job(row)

    def by_arn(self, arn: str) -> Job:
        """One job by its ARN; raises where there is none."""
        return self.find(arn.rpartition("/")[2])

    def add(self, job: Job) -> None:
        """Keep a new job; raises where the name is taken."""
        with self._store.writing() as connection:
            if connection.execute("SELECT 1 FROM jobs WHERE name = ?", (job.name,)).fetchone():
                raise ServiceError(
                    "ResourceInUse",
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({job.arn})",
                )
            _write(connection, job)

    @contextmanager
    def changing(self, name: str) -> Iterator[Job]:
        """A job to change, alone in the process; written when the block ends without an error."""
        with self._store.writing() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise not_found()
            job = _job(row)
            yield job
            job.modified = time.time()
            _write(connection, job)

    def delete(self, name: str) -> None:
        """Forget a job."""
        with self._store.writing() as connection:
            connection.execute("DELETE FROM jobs WHERE name = ?", (name,))

    def running(self) -> list[Job]:
        """The jobs that are not over."""
        rows = self._store.reading().execute("SELECT * FROM jobs WHERE status IN (?, ?)", RUNNING)
        return [_job(row) for row in rows.fetchall()]

    def page(
        self, column: str, after: tuple[Any, str] | None, limit: int, *, descending: bool, where: Mapping[str, Any]
    ) -> list[Row]:
        """Up to `limit` rows in the order of a column, then name; `where` maps conditions to their values."""
        sign, order = ("<", "DESC") if descending else (">", "ASC")
        conditions = list(where)
        values = list(where.values())
        if after is not None:
            conditions.append(f"({column}, name) {sign} (?, ?)")
            values += after
        clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT * FROM jobs{clause} ORDER BY {column} {order}, name {order} LIMIT ?"  # noqa: S608 - our words
        return self._store.reading().execute(query, (*values, limit)).fetchall()


def _job(row: Row) -> Job:
    return Job(
        row["name"],
        row["arn"],
        row["created"],
        row["modified"],
        row["status"],
        row["secondary"],
        json.loads(row["request"]),
        json.loads(row["tags"]),
        row["ended"],
        [Transition(**entry) for entry in json.loads(row["transitions"])],
        json.loads(row["facts"]),
    )


def _write(connection: Connection, job: Job) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job.name,
            job.arn,
            job.created,
            job.modified,
            job.ended,
            job.status,
            job.secondary,
            json.dumps(job.request),
            json.dumps(job.tags),
            json.dumps([vars(transition) for transition in job.transitions]),
            json.dumps(job.facts),
        ),
    )
