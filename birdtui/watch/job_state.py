"""What is known of a watched job, folded from its events: the one state that screen and live line draw.

A screen keeps no job state of its own. Feed every event to `apply`; read the rest whenever something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from birdtui.watch.events import (
    Event,
    JobDescribed,
    JobEnded,
    LogLines,
    LogPages,
    MergedLines,
    MetricPoint,
    ModelStored,
    Recovered,
    StatusChanged,
    Trouble,
    Waiting,
)
from birdtui.watch.log_buffer import LogBuffer

ACCURACY = "validation:accuracy"
DEFAULT_EPOCHS = 30
"""The image classification algorithm's own default of `epochs` (IC-Hyperparameter)."""


class JobState:
    """One job as far as its events tell: status history, log, metrics, progress, outcome."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.description: Mapping[str, Any] = {}
        self.transitions: list[StatusChanged] = []
        self.log = LogBuffer()
        self.series: dict[str, dict[str, dict[int, float]]] = {}
        """host -> metric -> epoch -> value; of an epoch that several attempts logged the last one's value."""
        self.attempts: dict[str, list[dict[str, dict[int, float]]]] = {}
        """host -> attempt -> metric -> epoch -> value, for hosts that were restarted."""
        self.storing_host: str | None = None
        """The instance that stores the model, once it has."""
        self.waiting: Waiting | None = None
        self.trouble: Trouble | None = None
        self.ended: JobEnded | None = None
        self.rewritten: list[tuple[str, str, int]] = []
        """Host, metric and epoch of each value that was logged for an epoch before the last one: after a restart.

        Else series only grow.
        """
        self._last: dict[str, dict[str, int]] = {}
        self._highest: dict[tuple[str, str], int] = {}
        self._best: tuple[int, float] | None = None
        self._validated: list[tuple[datetime, int]] = []
        self.version = 0
        """Changes with every event but log lines."""

    def apply(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, LogLines | MergedLines | LogPages):
            self.log.extend((part.host, part.timestamps, part.messages) for part in event.parts)
            self.waiting = None
            return
        match event:
            case ModelStored():
                self.storing_host = event.host
            case MetricPoint():
                self._metric(event)
            case StatusChanged():
                self.transitions.append(event)
            case JobDescribed():
                self.description = event.description
            case Waiting():
                self.waiting = event
            case Trouble() | Recovered():
                self.trouble = event if isinstance(event, Trouble) else None
            case JobEnded():
                self.ended = event
                self.waiting = None
        self.version += 1

    def _metric(self, point: MetricPoint) -> None:
        metrics = self.series.setdefault(point.host, {})
        values = metrics.setdefault(point.name, {})
        self._attempt(point, metrics)
        lasts = self._last.setdefault(point.host, {})
        if point.name == ACCURACY and (point.epoch not in values or point.attempt > 1):
            self._validated.append((point.time, point.epoch))
        highest = self._highest.setdefault((point.host, point.name), -1)
        before = values.get(point.epoch)
        values[point.epoch] = point.value
        lasts[point.name] = point.epoch
        if point.epoch <= highest:
            self.rewritten.append((point.host, point.name, point.epoch))
        self._highest[point.host, point.name] = max(highest, point.epoch)
        if point.name == ACCURACY:
            is_best_gone = before is not None and (point.epoch, before) == self._best
            self._best = self._best_of_all() if is_best_gone else _better(self._best, point.epoch, point.value)

    def _attempt(self, point: MetricPoint, metrics: dict[str, dict[int, float]]) -> None:
        """Keep what each attempt logged, from the second one on: the first one's is all there was before."""
        if point.attempt == 1:
            return
        attempts = self.attempts.setdefault(
            point.host, [{name: dict(values) for name, values in metrics.items() if values}]
        )
        while len(attempts) < point.attempt:
            attempts.append({})
            self._last[point.host] = {}
            self._validated.clear()
        attempts[point.attempt - 1].setdefault(point.name, {})[point.epoch] = point.value

    @property
    def attempt(self) -> int:
        """Which attempt the job is at, from 1: a spot interruption ends one."""
        return max((len(attempts) for attempts in self.attempts.values()), default=1)

    def _best_of_all(self) -> tuple[int, float] | None:
        best: tuple[int, float] | None = None
        for metrics in self.series.values():
            for epoch, value in metrics.get(ACCURACY, {}).items():
                best = _better(best, epoch, value)
        return best

    @property
    def status(self) -> str:
        """The job's status, empty before anything is known."""
        return str(self.description.get("TrainingJobStatus", self.transitions[-1].status if self.transitions else ""))

    @property
    def secondary(self) -> str:
        """The job's secondary status, empty before anything is known."""
        return str(self.description.get("SecondaryStatus", self.transitions[-1].secondary if self.transitions else ""))

    @property
    def is_over(self) -> bool:
        """Whether the job will not change any more."""
        return self.ended is not None or self.status in {"Completed", "Failed", "Stopped"}

    @property
    def total_epochs(self) -> int | None:
        """How many epochs were asked for, where the job is one that counts them; early stopping may end before."""
        text = self.description.get("HyperParameters", {}).get("epochs", "")
        if text.isascii() and text.isdigit():
            return int(text)
        image = str(self.description.get("AlgorithmSpecification", {}).get("TrainingImage", ""))
        return DEFAULT_EPOCHS if "/image-classification:" in image else None

    @property
    def epochs_done(self) -> int:
        """How many epochs are validated, or trained where nothing is validated; 0 before the first."""
        last = -1
        for lasts in self._last.values():
            last = max(last, lasts.get(ACCURACY, next(iter(lasts.values()), -1)))
        return last + 1

    @property
    def best(self) -> tuple[int, float] | None:
        """The epoch with the highest validation accuracy, the first one on a tie, and that accuracy."""
        return self._best

    @property
    def artifact_epoch(self) -> int | None:
        """The epoch whose weights the artifact holds, once the job's end tells."""
        return self.ended.artifact_epoch if self.ended else None

    def elapsed(self, now: datetime) -> timedelta | None:
        """How long the job has run, or ran."""
        start = self.description.get("TrainingStartTime") or self.description.get("CreationTime")
        if not isinstance(start, datetime):
            return None
        end = self.description.get("TrainingEndTime")
        return (end if isinstance(end, datetime) else now) - start

    def time_left(self, now: datetime) -> timedelta | None:
        """The time to the last epoch, from when the validations so far were logged; None while that cannot be told."""
        total = self.total_epochs
        if self.is_over or total is None or len(self._validated) < 2:
            return None
        (first_time, first), (last_time, last) = self._validated[0], self._validated[-1]
        if last <= first:
            return None
        an_epoch = (last_time - first_time) / (last - first)
        left = an_epoch * (total - 1 - last) - (now - last_time)
        return max(left, timedelta())

    def billable_seconds(self, now: datetime) -> int | None:
        """Seconds that are paid for, all instances together; while the job runs, those since training started."""
        count = int(self.description.get("ResourceConfig", {}).get("InstanceCount") or 1)
        told = self.description.get("BillableTimeInSeconds")
        if told is not None:
            return int(told) * count
        start = self.description.get("TrainingStartTime")
        if not isinstance(start, datetime):
            return None
        return int((now.astimezone(UTC) - start).total_seconds()) * count


def _better(best: tuple[int, float] | None, epoch: int, value: float) -> tuple[int, float] | None:
    if math.isfinite(value) and (best is None or value > best[1] or (value == best[1] and epoch < best[0])):
        return epoch, value
    return best
