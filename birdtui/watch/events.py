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

    @property
    def hosts(self) -> tuple[str, ...]:
        """The one host."""
        return (self.host,)

    @property
    def sources(self) -> tuple[int, ...]:
        """For each line its place in `hosts`."""
        return (0,) * len(self.messages)

    @property
    def parts(self) -> tuple[LogLines, ...]:
        """The lines of each stream by itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class MergedLines:
    """New log events of several streams in the order of their times: line `i` is of `streams[sources[i]]`.

    `streams` are (stream, host); the other members are as those of LogLines.
    """

    streams: tuple[tuple[str, str], ...]
    sources: tuple[int, ...]
    timestamps: tuple[int, ...]
    messages: tuple[str, ...]
    history: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host of each of `streams`."""
        return tuple(host for _, host in self.streams)

    @property
    def parts(self) -> tuple[LogLines, ...]:
        """The lines of each stream by itself."""
        lines: list[tuple[list[int], list[str]]] = [([], []) for _ in self.streams]
        for source, timestamp, message in zip(self.sources, self.timestamps, self.messages, strict=True):
            lines[source][0].append(timestamp)
            lines[source][1].append(message)
        return tuple(
            LogLines(stream, host, tuple(timestamps), tuple(messages))
            for (stream, host), (timestamps, messages) in zip(self.streams, lines, strict=True)
        )


@dataclass(frozen=True, slots=True)
class LogPages:
    """New log events of several streams that came together, each stream's in order: for who sorts them anyway."""

    parts: tuple[LogLines, ...]


AnyLines = LogLines | MergedLines


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One logged value: `epoch` counts from 0 as logged; `name` as in `validation:accuracy` or `time_cost`.

    `attempt` counts from 1; a restart after a spot interruption begins another.
    """

    time: datetime
    host: str
    epoch: int
    name: str
    value: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class ModelStored:
    """An instance stored the model: of several instances one does, and it does so again and again."""

    host: str


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


Event = (
    JobDescribed
    | StatusChanged
    | LogLines
    | MergedLines
    | LogPages
    | MetricPoint
    | ModelStored
    | Waiting
    | Trouble
    | Recovered
    | JobEnded
)
