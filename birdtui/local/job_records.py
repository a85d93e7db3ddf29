"""Training jobs as the engine keeps them: what was asked for, and what has happened since, a row each."""

from __future__ import annotations

import json
import math
import struct
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
INTERNAL_ERROR = "InternalServerError: We encountered an internal error.  Please try again."
"""The service's own text, with its two blanks."""


def now() -> float:
    """This moment in seconds since the epoch, to the millisecond that the service tells."""
    return round(time.time(), 3)


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


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a job: `algo-1` and so on, its type, and its group in a job of several groups."""

    host: str
    type: str
    group: str | None = None


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
    def selected(self) -> tuple[str, int] | None:
        """The type and count chosen of InstancePreferences: the first, since a machine is always there."""
        config = self.request.get("ResourceConfig", {})
        if not config.get("InstancePreferences"):
            return None
        first = config["InstancePreferences"][0]
        return first["InstanceType"], first.get("InstanceCount") or config["InstanceCount"]

    @property
    def instances(self) -> list[Instance]:
        """Its instances in their order; none for a serverless job."""
        config = self.request.get("ResourceConfig", {})
        if self.selected is not None:
            groups: list[tuple[str, int, str | None]] = [(*self.selected, None)]
        elif config.get("InstanceGroups"):
            groups = [
                (group["InstanceType"], group["InstanceCount"], group["InstanceGroupName"])
                for group in config["InstanceGroups"]
            ]
        else:
            groups = [(config.get("InstanceType", ""), config.get("InstanceCount", 0), None)]
        flat = [(kind, group) for kind, count, group in groups for _ in range(count)]
        return [Instance(f"algo-{number}", kind, group) for number, (kind, group) in enumerate(flat, 1)]

    @property
    def is_spot(self) -> bool:
        """Whether it runs on spot instances."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    def enter(self, secondary: str, message: str, *, status: str | None = None, at: float | None = None) -> None:
        """Begin another secondary status; the same one again changes its message in place."""
        moment = now() if at is None else at
        last = self.transitions[-1] if self.transitions else None
        if last is not None and last.status == secondary:
            last.message = message
        else:
            if last is not None:
                last.end = moment
            self.transitions.append(Transition(secondary, moment, message))
        self.secondary = secondary
        self.status = status or self.status
        self.modified = moment

    def begin_training(self, message: str) -> None:
        """Enter Downloading, from which on the job's time counts."""
        moment = now()
        self.enter("Downloading", message, at=moment)
        self.facts["TrainingStartTime"] = moment

    def measure(self, metrics: Mapping[str, tuple[float, float]]) -> None:
        """Keep the last value of each metric, with its time, in single precision as the service does."""
        told = [
            {"MetricName": name, "Value": struct.unpack("f", struct.pack("f", value))[0], "Timestamp": round(at, 3)}
            for name, (value, at) in metrics.items()
            if math.isfinite(value)
        ]
        if told:
            self.facts["FinalMetricDataList"] = told

    def finish(self, status: str, secondary: str, message: str) -> None:
        """End: the last status, and the figures that come with it (times since the epoch, spans in whole seconds)."""
        moment = now()
        self.enter(secondary, message, status=status, at=moment)
        self.transitions[-1].end = self.ended = moment
        began = self.facts.get("TrainingStartTime")
        if began is not None:
            seconds = max(round(moment - began), 1)
            self.facts |= {
                "TrainingEndTime": moment,
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
            }

    def fail(self, reason: str) -> None:
        """End as failed; the reason is cut where the service cuts it."""
        self.facts["FailureReason"] = reason[:REASON_LIMIT]
        self.finish("Failed", "Failed", "Training job failed")

    def abandon(self) -> None:
        """End a job that an earlier engine left behind as failed; how long it ran until then, nobody knows."""
        self.fail(INTERNAL_ERROR)
        for unknown in ("TrainingTimeInSeconds", "BillableTimeInSeconds"):
            self.facts.pop(unknown, None)


class JobRecords:
    """The table of jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str) -> Job | None:
        """One job, or None where there is none."""
        row = self._store.reading().execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
        return None if row is None else _job(row)

    def find(self, name: str) -> Job:
        """One job; raises where there is none."""
        job = self.get(name)
        if job is None:
            raise not_found()
        return job

    def by_arn(self, arn: str) -> Job:
        """One job by its whole ARN; raises where there is none."""
        job = self.find(arn.rpartition("/")[2])
        if job.arn != arn:
            raise not_found()
        return job

    def add(self, job: Job) -> None:
        """Keep a new job, whose name is free."""
        with self._store.writing() as connection:
            _write(connection, job)

    @contextmanager
    def changing(self, name: str) -> Iterator[Job]:
        """A job to change, alone in the process; written when the block ends without an error."""
        with self._store.writing() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise not_found()
            job = _job(row)
            job.modified = now()
            yield job
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
        told = "name, arn, created, modified, ended, status, secondary"
        query = f"SELECT {told} FROM jobs{clause} ORDER BY {column} {order}, name {order} LIMIT ?"  # noqa: S608 - our words
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
