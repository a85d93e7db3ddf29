"""The jobs that are loaded, as a person wants them listed: merged from pages, filtered, sorted. No screen, no AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from birdtui.ui.status_style import job_duration

Summary = Mapping[str, Any]
"""A TrainingJobSummary, as ListTrainingJobs gives it."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class SortBy(StrEnum):
    """The columns that sort."""

    CREATED = "created"
    NAME = "name"
    STATUS = "status"
    DURATION = "duration"
    INSTANCE = "instance"
    ACCURACY = "accuracy"

    def next(self) -> SortBy:
        """The column after this, round and round."""
        order = list(SortBy)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True)
class JobRow:
    """One job in the list: its summary, and its description once that is known."""

    summary: Summary
    description: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.summary["TrainingJobName"])

    @property
    def status(self) -> str:
        """The job's status; a stopped job says why where the service does."""
        status = str(self.summary.get("TrainingJobStatus", ""))
        secondary = str(self.summary.get("SecondaryStatus", ""))
        return secondary if status == "Stopped" and secondary.startswith("Max") else status

    @property
    def instance(self) -> str:
        """Instance type and count, once described; every type of a mixed cluster."""
        if self.description is None:
            return ""
        config = self.description.get("ResourceConfig", {})
        groups = config.get("InstanceGroups") or [config]
        parts = [
            f"{group.get('InstanceType') or '–'}"
            + (f"×{count}" if (count := group.get("InstanceCount") or 1) > 1 else "")
            for group in groups
        ]
        return " ".join(parts)

    @property
    def accuracy(self) -> float | None:
        """The last validation accuracy that the service recorded."""
        for metric in (self.description or {}).get("FinalMetricDataList", []):
            if metric.get("MetricName") == "validation:accuracy":
                return float(metric["Value"])
        return None

    def duration(self, now: datetime) -> timedelta | None:
        """From creation to end, or until now."""
        return job_duration(self.summary, now)

    @property
    def is_running(self) -> bool:
        """Whether the job will change by itself."""
        return self.summary.get("TrainingJobStatus") in {"InProgress", "Stopping", "Deleting"}


class JobList:
    """Every job loaded so far; `next_token` leads to older ones."""

    def __init__(self) -> None:
        self._summaries: dict[str, Summary] = {}
        self._descriptions: dict[str, Mapping[str, Any]] = {}
        self.next_token: str | None = None
        self.is_loaded = False

    def __len__(self) -> int:
        return len(self._summaries)

    def newest(self, jobs: Sequence[Summary], next_token: str | None) -> list[str]:
        """Take the newest page in; the names of jobs that reached their end since the last one."""
        ended = [
            str(job["TrainingJobName"])
            for job in jobs
            if (before := self._summaries.get(job["TrainingJobName"])) is not None
            and JobRow(before).is_running
            and not JobRow(job).is_running
        ]
        if jobs:
            oldest = min(job.get("CreationTime", LONG_AGO) for job in jobs)
            names = {job["TrainingJobName"] for job in jobs}
            for name, job in list(self._summaries.items()):  # deleted since
                if job.get("CreationTime", LONG_AGO) > oldest and name not in names:
                    del self._summaries[name]
        if not self.is_loaded or next_token is None:
            self.next_token = next_token
        if not jobs and next_token is None:
            self._summaries.clear()
        self._take(jobs)
        self.is_loaded = True
        return ended

    def older(self, jobs: Sequence[Summary], next_token: str | None) -> None:
        """Take a further page in."""
        self._take(jobs)
        self.next_token = next_token

    def _take(self, jobs: Sequence[Summary]) -> None:
        for job in jobs:
            self._summaries[str(job["TrainingJobName"])] = job

    def describe(self, description: Mapping[str, Any]) -> None:
        """Keep a job's description."""
        self._descriptions[str(description["TrainingJobName"])] = description

    def description(self, name: str) -> Mapping[str, Any] | None:
        """A job's description, if it still tells what the list tells."""
        found = self._descriptions.get(name)
        summary = self._summaries.get(name)
        if found is None or summary is None:
            return found
        fresh = all(found.get(key) == summary.get(key) for key in ("TrainingJobStatus", "LastModifiedTime"))
        return found if fresh else None

    def row(self, name: str) -> JobRow | None:
        """One job."""
        summary = self._summaries.get(name)
        return JobRow(summary, self._descriptions.get(name)) if summary is not None else None

    @property
    def has_running(self) -> bool:
        """Whether any job will change by itself."""
        return any(JobRow(summary).is_running for summary in self._summaries.values())

    def visible(self, words: str, sort: SortBy, *, reverse: bool, now: datetime) -> list[JobRow]:
        """The jobs whose name or status holds every word, sorted: newest first, best first, names from A."""
        wanted = words.lower().split()
        rows = [JobRow(summary, self._descriptions.get(name)) for name, summary in self._summaries.items()]
        rows = [row for row in rows if all(word in f"{row.name} {row.status}".lower() for word in wanted)]
        rows.sort(key=lambda row: row.summary.get("CreationTime", LONG_AGO), reverse=True)
        match sort:
            case SortBy.NAME:
                rows.sort(key=lambda row: row.name)
            case SortBy.STATUS:
                rows.sort(key=lambda row: row.status)
            case SortBy.DURATION:
                rows.sort(key=lambda row: row.duration(now) or timedelta(), reverse=True)
            case SortBy.INSTANCE:
                rows.sort(key=lambda row: row.instance)
            case SortBy.ACCURACY:
                rows.sort(key=lambda row: row.accuracy if row.accuracy is not None else -1.0, reverse=True)
            case SortBy.CREATED:
                pass
        return rows[::-1] if reverse else rows
