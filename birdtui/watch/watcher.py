"""Watches one training job until its end: status, log lines and metrics, told in order as events.

The same watcher serves the screen and the headless actions. It asks at a pace that fits, waits on nothing but its
stop event, and outlasts throttles, lost networks and expired credentials for a quarter of an hour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from birdtui.aws.errors import CREDENTIALS, AwsProblem
from birdtui.aws.logs import Logs
from birdtui.aws.training_jobs import TrainingJobs, is_passing
from birdtui.spec.images import recognise
from birdtui.watch import job_status
from birdtui.watch.error_lines import RecentLines
from birdtui.watch.events import (
    Event,
    JobDescribed,
    JobEnded,
    LogLines,
    LogPages,
    MetricPoint,
    ModelStored,
    Recovered,
    Trouble,
    Waiting,
)
from birdtui.watch.log_tail import LogTail
from birdtui.watch.metric_definitions import MetricDefinitions
from birdtui.watch.metrics import MetricsReader
from birdtui.watch.outcome import ended
from birdtui.watch.pace import Pace

PATIENCE = timedelta(minutes=15)
"""How long to go on asking when AWS cannot be reached or the credentials have expired."""
LAST_LINES_PATIENCE = 30.0
"""How many seconds to go on asking for the log of a job that is known to have ended."""
HICCUPS = 2
"""From how many lost calls in a row on it is worth telling: single ones happen whenever a connection is left idle."""
QUICK = 0.29
"""Seconds between polls of a log that is written to: with those of the status at most four calls a second."""
HIDDEN_SECONDS = 5.0
"""Seconds between polls of a job that is watched but not in sight, at the least."""
GLANCE = 0.25
NO_STREAM = "no log yet: an instance's log begins with its first line"


@dataclass(slots=True)
class _Trouble:
    """What keeps one kind of call from working: since when, how often, and whether it was told."""

    exit_code: int
    since: float
    until: datetime | None
    failures: int = 1
    told: bool = False


class Watcher:
    """`events` tells everything about a job; `metrics` holds its series at any time."""

    def __init__(
        self,
        jobs: TrainingJobs,
        logs: Logs,
        name: str,
        *,
        stop: threading.Event,
        lag: float | None = None,
        newest_first: bool = False,
    ) -> None:
        """`lag` is for how many seconds after the job's end lines may still come; by default the log's own figure.

        With `newest_first` the end of a long log is told first, its past behind it (`LogLines.history`); metrics are
        told in order all the same, those of the end when the past is told.
        """
        self.metrics = MetricsReader()
        self.is_hidden = False
        """Set while nobody can see what is told: then it asks less often. Any thread may set it."""
        self._jobs = jobs
        self._name = name
        self._stop = stop
        self._newest_first = newest_first
        self._lag = logs.lag_seconds if lag is None else lag
        is_near = self._lag == 0
        self._tail = LogTail(logs, name, quick=0.1 if is_near else QUICK, newest_first=newest_first, stop=stop)
        paces = (0.1, 0.2, 0.5) if is_near else (1.0, 2.0, 10.0)
        self._status_pace = Pace(*paces, slowdown=jobs.slowdown)
        self._history = job_status.StatusHistory()
        self._recent = RecentLines()
        self._unread: list[LogLines] = []
        self._streams: dict[str, set[str]] = {}
        self._storing_host: str | None = None
        self._description: Mapping[str, Any] = {}
        self._troubles: dict[str, _Trouble] = {}
        self._waiting = False
        self._last_round_at: float | None = None
        self._in_last_round = False

    def events(self) -> Iterator[Event]:
        """Everything from the job's creation on, in order, until its end; stops without one when `stop` is set.

        Raises AwsProblem: at once for what asking again does not mend (no such job), else when patience is at its end.
        """
        yield from self._first_round()
        while not self._stop.is_set():
            now = monotonic()
            news: list[Event] = []
            if self._status_pace.is_due(now) and not job_status.is_over(self._description):
                news = list(self._tried("status", self._status_round, now))
            if not job_status.is_over(self._description):
                yield from news
                news = []
            elif self._last_round_at is None:
                self._last_round_at = now + self._seconds_for_late_lines(seen_running=True)
            yield from self._tried("log", self._log_round, now)
            yield from news  # the end's statuses come after the lines that were written before them
            if self._is_at_end(now):
                yield self._end()
                return
            self._rest(now)

    def _rest(self, asked_at: float) -> None:
        """Wait until it is time to ask again, looking now and then whether the job is in sight again."""
        while not self._stop.is_set():
            due = self._next_due()
            is_hidden = self.is_hidden and not self._tail.is_catching_up
            left = (max(due, asked_at + HIDDEN_SECONDS) if is_hidden else due) - monotonic()
            if left <= 0:
                return
            self._stop.wait(min(left, GLANCE) if is_hidden else left)

    # status

    def _first_round(self) -> list[Event]:
        """The first answer; only a throttle is worth asking again for."""
        while not self._stop.is_set():
            try:
                return self._status_round(monotonic())
            except AwsProblem as problem:
                if not problem.throttled:
                    raise
                self._status_pace.throttled(monotonic())
                self._stop.wait(max(self._status_pace.due - monotonic(), 0.0))
        return []

    def _status_round(self, now: float) -> list[Event]:
        is_first = not self._description
        description = self._jobs.describe(self._name, retries=is_first)
        if description == self._description:
            self._status_pace.quiet(now)
            return []
        self._description = description
        self._tail.expect(job_status.instance_count(description))
        changes = self._history.news(description)
        if changes:
            self._status_pace.news(now)
            self._tail.look_again(now)
        else:
            self._status_pace.quiet(now)
        if is_first:
            self.metrics.define(_own_definitions(description))
        if is_first and job_status.is_over(description):
            self._last_round_at = now + self._seconds_for_late_lines(seen_running=False)
        return [JobDescribed(description), *changes]

    def _seconds_for_late_lines(self, *, seen_running: bool) -> float:
        """How long to go on reading the log of a job that ended: not at all when that is long ago."""
        if seen_running or self._lag == 0:
            return self._lag
        since = (datetime.now(UTC) - job_status.end_time(self._description)).total_seconds()
        return min(max(self._lag - since, 0.0), self._lag)

    # log

    def _log_round(self, now: float) -> list[Event]:
        if self._last_round_at is not None and now >= self._last_round_at and not self._in_last_round:
            self._in_last_round = True
            self._tail.begin_last_round(now)
        told = sorted(self._tail.poll(now), key=lambda each: not each.history)  # the past before what follows
        parts = [part for lines in told for part in lines.parts]
        if told:
            self._status_pace.touch(now)
        events: list[Event] = [*told] if len(told) < 2 or not self._newest_first else [LogPages(tuple(parts))]
        for part in parts:
            if part.history or (not self._unread and self._tail.is_past_told):
                events += self._points(part)
            else:
                self._unread.append(part)
        if self._unread and self._tail.is_past_told:
            for part in sorted(self._unread, key=lambda each: each.timestamps[0]):
                events += self._points(part)
            self._unread.clear()
        if self.metrics.saving_host not in {None, self._storing_host}:
            self._storing_host = self.metrics.saving_host
            events.append(ModelStored(str(self._storing_host)))
        if self._tail.has_streams:
            self._waiting = False
        elif not self._waiting and not events and not job_status.is_over(self._description):
            self._waiting = True
            events.append(Waiting(datetime.now(UTC), NO_STREAM))
        return events

    def _points(self, lines: LogLines) -> list[MetricPoint]:
        """Read lines for metrics and errors; those of a stream in the order they were written."""
        self._recent.keep(lines.host, lines.messages)
        streams = self._streams.setdefault(lines.host, set())
        if streams and lines.stream not in streams:  # the instance was replaced
            self.metrics.restarted(lines.host)
        streams.add(lines.stream)
        values = self.metrics.feed_lines(lines.messages, host=lines.host, timestamps=lines.timestamps)
        return [
            MetricPoint(
                datetime.fromtimestamp((value.timestamp or 0) / 1000, UTC),
                value.host,
                value.epoch,
                value.name,
                value.value,
                value.attempt,
            )
            for value in values
        ]

    # trouble

    def _tried(self, kind: str, call: Callable[[float], Sequence[Event]], now: float) -> Iterator[Event]:
        """What a round tells, or what keeps it from telling; raises AwsProblem when patience is at its end."""
        try:
            found = call(now)
        except AwsProblem as problem:
            if kind == "status":
                (self._status_pace.throttled if problem.throttled else self._status_pace.failed)(now)
            if not problem.throttled:
                yield from self._troubled(kind, problem, now)
            return
        trouble = self._troubles.pop(kind, None)
        if trouble is not None and trouble.told and not any(other.told for other in self._troubles.values()):
            yield Recovered(datetime.now(UTC))
        yield from found

    def _troubled(self, kind: str, problem: AwsProblem, now: float) -> Iterator[Event]:
        passes = problem.is_unreachable or problem.exit_code == CREDENTIALS or is_passing(problem)
        if kind == "status" and not passes:
            raise problem
        trouble = self._troubles.get(kind)
        if trouble is None or trouble.exit_code != problem.exit_code:
            since = trouble.since if trouble else now
            until = trouble.until if trouble else datetime.now(UTC) + PATIENCE if passes else None
            trouble = self._troubles[kind] = _Trouble(problem.exit_code, since, until)
        else:
            trouble.failures += 1
        if problem.exit_code == CREDENTIALS:
            self._jobs.renew()
        if not trouble.told and (trouble.failures >= HICCUPS or not problem.is_unreachable):
            trouble.told = True
            yield Trouble(datetime.now(UTC), problem.code, problem.message, problem.advice, trouble.until)
        if passes and now - trouble.since >= PATIENCE.total_seconds():
            raise problem

    # end

    def _is_at_end(self, now: float) -> bool:
        if not self._in_last_round or self._last_round_at is None:
            return False
        trouble = self._troubles.get("log")
        if trouble is not None:
            return trouble.until is None or now - self._last_round_at >= LAST_LINES_PATIENCE
        return self._tail.is_drained

    def _end(self) -> JobEnded:
        errors = self._recent.errors() if self._description["TrainingJobStatus"] == "Failed" else ()
        return ended(self._description, self.metrics, errors)

    def _next_due(self) -> float:
        dues = [self._tail.due]
        if not job_status.is_over(self._description):
            dues.append(self._status_pace.due)
        elif self._last_round_at is not None and not self._in_last_round:
            dues.append(self._last_round_at)
        return min(dues)


def _own_definitions(description: Mapping[str, Any]) -> MetricDefinitions | None:
    """A job's MetricDefinitions; those that the service adds to image classification say less than its log."""
    algorithm = description.get("AlgorithmSpecification", {})
    definitions = algorithm.get("MetricDefinitions")
    image = recognise(str(algorithm.get("TrainingImage") or ""))
    if not definitions or (image is not None and image.algorithm == "image-classification"):
        return None
    return MetricDefinitions(definitions)
