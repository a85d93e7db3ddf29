"""What a watched training job reports, in order, until its end.

The watcher yields these; the screen draws them and the headless actions print them. Nothing here calls AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from birdtui.spec.findings import Advice


@dataclass(frozen=True, slots=True)
class JobDescribed:
    """A new DescribeTrainingJob answer that differs from the last one; `description` is the whole of it."""

    description: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """One entry of SecondaryStatusTransitions, or a new message within it; each is told once, in order."""

    time: datetime
    status: str
    secondary: str
    message: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """New log events of one stream, in order.

    `host` is `algo-1` and so on; `timestamps` are the events' own, in milliseconds since the epoch, one for each of
    `messages`. `history` is true for lines of a log's past, told in order from its head on after its newest lines.
    """

    stream: str
    host: str
    timestamps: tuple[int, ...]
    messages: tuple[str, ...]
    history: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One logged value: `epoch` counts from 0 as logged; `name` as in `validation:accuracy` or `time_cost`."""

    time: datetime
    host: str
    epoch: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The log is not there yet; `reason` says what it waits for (log group, stream), `since` since when."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """AWS did not answer as hoped and the watcher goes on trying: said once for each new kind of trouble.

    `code` is the service's error code or ours; `until` is when it gives up, or None where it never does.
    """

    time: datetime
    code: str
    message: str
    advice: tuple[Advice, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """The trouble last told is over."""

    time: datetime


@dataclass(frozen=True, slots=True)
class JobEnded:
    """The job reached a terminal status and its log is read to the end.

    Epochs count from 0 as logged; `artifact_epoch` is the epoch whose weights the artifact holds, where the log says
    so; `billable_seconds` is the service's figure times the number of instances. `exit_code` is 0 Completed, 1 Failed,
    5 Stopped. `error_lines` are the last error lines of the log, for people; `advice` says what to change.
    """

    time: datetime
    status: str
    secondary: str
    exit_code: int
    artifact: str | None
    best_epoch: int | None
    best_validation_accuracy: float | None
    artifact_epoch: int | None
    billable_seconds: int | None
    failure_reason: str | None
    advice: tuple[Advice, ...]
    error_lines: tuple[str, ...] = ()


Event = JobDescribed | StatusChanged | LogLines | MetricPoint | Waiting | Trouble | Recovered | JobEnded
