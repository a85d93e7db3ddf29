"""The jobs that are loaded, as a person wants them listed: merged from pages, filtered, sorted. No screen, no AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
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
        self._running: set[str] = set()
        self._created: list[str] | None = None
        self._order: tuple[object, Sequence[str]] = (None, ())
        self._version = 0
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
            newer = takewhile(lambda name: self._creation(name) > oldest, self._by_creation())
            self._forget([name for name in newer if name not in names])  # deleted since
        if not self.is_loaded or next_token is None:
            self.next_token = next_token
        if not jobs and next_token is None:
            self._forget(list(self._summaries))
        self._take(jobs)
        self.is_loaded = True
        return ended

    def older(self, jobs: Sequence[Summary], next_token: str | None) -> None:
        """Take a further page in."""
        self._take(jobs)
        self.next_token = next_token

    def _take(self, jobs: Sequence[Summary]) -> None:
        for job in jobs:
            name = str(job["TrainingJobName"])
            if self._summaries.get(name) != job:
                self._summaries[name] = job
                (self._running.add if JobRow(job).is_running else self._running.discard)(name)
                self._changed()

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            del self._summaries[name]
            self._running.discard(name)
            self._changed()

    def _changed(self) -> None:
        self._created = None
        self._version += 1

    def describe(self, description: Mapping[str, Any]) -> None:
        """Keep a job's description."""
        self._descriptions[str(description["TrainingJobName"])] = description
        self._version += 1

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
        return bool(self._running)

    # the order

    def _creation(self, name: str) -> datetime:
        return self._summaries[name].get("CreationTime") or LONG_AGO

    def _by_creation(self) -> list[str]:
        """The names, newest first."""
        if self._created is None:
            self._created = sorted(self._summaries, key=self._creation, reverse=True)
        return self._created

    def order(self, words: str, sort: SortBy, *, reverse: bool, now: datetime) -> Sequence[str]:
        """The names of jobs that hold every word in name or status, sorted: newest, longest, best first, names from A.

        The same object as before while nothing changed.
        """
        is_moving = sort is SortBy.DURATION and self.has_running
        asked = (self._version, words, sort, reverse, now if is_moving else None)
        if asked != self._order[0]:
            self._order = asked, self._sorted(words, sort, reverse=reverse, now=now)
        return self._order[1]

    def _sorted(self, words: str, sort: SortBy, *, reverse: bool, now: datetime) -> Sequence[str]:
        names = list(self._by_creation())
        for word in words.lower().split():
            names = [name for name in names if word in name.lower() or word in self._row(name).status.lower()]
        match sort:
            case SortBy.NAME:
                names.sort()
            case SortBy.STATUS:
                names.sort(key=lambda name: self._row(name).status)
            case SortBy.DURATION:
                names.sort(key=lambda name: self._row(name).duration(now) or timedelta(), reverse=True)
            case SortBy.INSTANCE:
                names.sort(key=lambda name: self._row(name).instance)
            case SortBy.ACCURACY:
                names.sort(key=self._accuracy, reverse=True)
            case SortBy.CREATED:
                pass
        return names[::-1] if reverse else names

    def _row(self, name: str) -> JobRow:
        return JobRow(self._summaries[name], self._descriptions.get(name))

    def _accuracy(self, name: str) -> float:
        accuracy = self._row(name).accuracy
        return -1.0 if accuracy is None else accuracy
