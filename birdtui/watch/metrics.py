"""Log lines in, training metrics out: series by host, best epoch, saved epoch, progress.

Reads what the image classification algorithm writes, in whatever way its log was saved (the grammar is in
`metric_text`), and any MXNet program's `Train-x` and `Validation-x`. Pure: no clock, no AWS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from birdtui.watch.metric_definitions import MetricDefinitions
from birdtui.watch.metric_series import VALIDATION, HostSeries, Series, best_of, mean, settle_idless
from birdtui.watch.metric_text import (
    NO_ID,
    Batch,
    Fact,
    Logged,
    Saved,
    Stopped,
    Stored,
    last_batch,
    logged,
    milestones,
    without_escapes,
)
from birdtui.watch.run_parameters import RunParameters

CHUNK_LINES = 256
LINE_CHARS = 16_384
"""How much of one line is read; a line of a training log that matters is under 200 characters."""
MILESTONE_REACH = 2_048
"""How far after an epoch's values the lines about its checkpoint are looked for, in characters of one stream."""


class Value(NamedTuple):
    """A logged value: `epoch` from 0 as logged, `timestamp` in milliseconds, `attempt` from 1."""

    host: str
    epoch: int
    name: str
    value: float
    timestamp: int | None
    attempt: int


class MetricsReader:
    """Reads a log from its start, line by line, page by page, or whole; ask for anything at any time.

    Of an epoch that several attempts logged (a restart after a spot interruption), the last attempt's value counts.
    """

    def __init__(self, definitions: MetricDefinitions | None = None) -> None:
        """`definitions` are those of a job with an image of its own; see `define`."""
        self._definitions = definitions
        self._counts: dict[tuple[str, str], int] = {}
        self.parameters = RunParameters()
        self.early_stopped = False
        self.batch: Batch | None = None
        """How far training was within its epoch at the last Batch line of what was fed."""
        self.artifact_epoch: int | None = None
        """The epoch whose weights were stored or saved last: what the artifact holds when the job ends."""
        self.saving_host: str | None = None
        """The host that stores the model."""
        self._hosts: dict[str, HostSeries] = {}
        self._validated: list[tuple[int, int]] = []
        self._reach: dict[str | None, int] = {}

    # feeding

    def feed(self, message: str, *, host: str | None = None, timestamp: int | None = None) -> list[Value]:
        """Read one line; gives the values it adds. Without `host` each line's thread id is its host."""
        return self.feed_lines((message,), host=host, timestamps=None if timestamp is None else (timestamp,))

    def feed_lines(
        self,
        messages: Sequence[str],
        *,
        host: str | None = None,
        timestamps: Sequence[int] | None = None,
        older: bool = False,
    ) -> list[Value]:
        """Read a page of one stream; gives the values it adds, in order.

        `timestamps` are milliseconds, one for each message; `older` is for a page from before all those fed so far.
        """
        added: list[Value] = []
        starts = range(0, len(messages), CHUNK_LINES)
        for start in reversed(starts) if older else starts:
            chunk = messages[start : start + CHUNK_LINES]
            stamps = None if timestamps is None else timestamps[start : start + CHUNK_LINES]
            found = self._chunk(chunk, host, stamps, older=older)
            added[:0] = found if older else []
            added += [] if older else found
        return added

    def define(self, definitions: MetricDefinitions | None) -> None:
        """Read a job's own metrics too. They have no epoch: a metric's values of one host are counted from 0."""
        self._definitions = definitions

    def feed_text(self, text: str) -> None:
        """Read a saved log, or a part of it that ends with a line; hosts are the thread ids."""
        text = without_escapes(text)
        self.parameters.read(text)
        facts: list[Fact] = [*logged(text), *milestones(text, 0, len(text))]
        self._take(sorted(facts, key=lambda fact: fact.at), None)
        self.batch = last_batch(text) or self.batch

    def _chunk(
        self, messages: Sequence[str], host: str | None, stamps: Sequence[int] | None, *, older: bool
    ) -> list[Value]:
        text = "\n".join(messages)
        if len(text) > CHUNK_LINES * 256:
            messages = [message[:LINE_CHARS] for message in messages]
            text = "\n".join(messages)
        if text.count("\n") >= len(messages):
            messages = [message.replace("\n", "\v") for message in messages]
            text = "\n".join(messages)
        if "\x1b" in text:
            text = without_escapes(text)
        values = list(logged(text, host))
        if older or host not in self._hosts:
            self.parameters.read(text)
        if "] Batch" in text:
            self.batch = (not older and last_batch(text)) or self.batch
        facts: list[Fact] = [*values]
        if self._definitions:
            facts += self._defined(text, host or NO_ID, values)
        whole = older or host is None
        for start, stop in ((0, len(text)),) if whole else self._regions(values, host, len(text)):
            facts += milestones(text, start, stop, host)
        if not facts:
            return []
        facts.sort(key=lambda fact: fact.at)
        clock = _Clock(text, stamps)
        return self._take_older(facts, clock) if older else self._take(facts, clock)

    def _defined(self, text: str, host: str, known: Sequence[Logged]) -> list[Logged]:
        """What the job's own definitions find; what the line says in the usual way already is left to that."""
        found: list[Logged] = []
        names = {value.name for value in known}
        at = 0
        for line in text.split("\n"):
            for name, value in self._definitions.find(line) if self._definitions else ():
                if name not in names:
                    number = self._counts.get((host, name), 0)
                    self._counts[host, name] = number + 1
                    found.append(Logged(at, host, None, number, name, value))
            at += len(line) + 1
        return found

    def _regions(self, values: Sequence[Logged], host: str | None, length: int) -> Iterator[tuple[int, int]]:
        """The parts of one stream's text where milestones can stand: not far behind an epoch's values."""
        start, stop = 0, self._reach.get(host, 0)
        for value in values:
            if value.at > stop:
                if stop > start:
                    yield start, stop
                start = value.at
            stop = value.at + MILESTONE_REACH
        if stop > start:
            yield start, min(stop, length)
        self._reach[host] = max(stop - length, 0)

    def _take(self, facts: Sequence[Fact], clock: _Clock | None) -> list[Value]:
        added: list[Value] = []
        for fact in facts:
            match fact:
                case Logged():
                    series = self._series(fact.host)
                    if series.add(fact.epoch, fact.name, fact.value, fact.stamp):
                        stamp = fact.stamp if clock is None else clock.stamp(fact.at, fact.stamp)
                        attempt = len(series.attempts)
                        added.append(Value(fact.host, fact.epoch, fact.name, fact.value, stamp, attempt))
                        if fact.name == VALIDATION and stamp is not None:
                            self._validated.append((stamp, fact.epoch))
                case Saved() | Stored():
                    self._milestone(fact, older=False)
                case Stopped():
                    self.early_stopped = True
        return added

    def _take_older(self, facts: Sequence[Fact], clock: _Clock) -> list[Value]:
        added: list[Value] = []
        stamps = {fact.at: clock.stamp(fact.at, fact.stamp) for fact in facts if isinstance(fact, Logged)}
        for fact in reversed(facts):
            match fact:
                case Logged():
                    if self._series(fact.host).add_older(fact.epoch, fact.name, fact.value):
                        added.append(Value(fact.host, fact.epoch, fact.name, fact.value, stamps[fact.at], 1))
                case Saved():
                    self._milestone(fact, older=True)
                case Stopped():
                    self.early_stopped = True
        return added[::-1]

    def _milestone(self, fact: Saved | Stored, *, older: bool) -> None:
        series = self._series(fact.host)
        attempt = series.attempts[0 if older else -1]
        if isinstance(fact, Saved):
            epoch = fact.epoch
            if epoch in attempt.saved:
                return
            attempt.saved[epoch] = None
        else:
            epoch = series.epoch
            if attempt.get(epoch, VALIDATION) != fact.accuracy or epoch in attempt.saved:
                return
        if self.artifact_epoch is None or not older:
            self.artifact_epoch = epoch
            self.saving_host = self.saving_host if fact.host == NO_ID and self.saving_host else fact.host

    def _series(self, host: str) -> HostSeries:
        if host not in self._hosts:
            self._hosts[host] = HostSeries(host)
        return self._hosts[host]

    # asking

    def series(self) -> tuple[Series, ...]:
        """Each host's values, in the order the hosts appeared; hosts without a value are left out.

        Values of lines without a thread id stand under `-` only where no line has one.
        """
        hosts = {name: host for name, host in self._hosts.items() if any(a.values for a in host.attempts)}
        idless = hosts.pop(NO_ID, None)
        if idless is not None and not hosts:
            return (Series(NO_ID, idless.flat()),)
        if idless is not None:
            hosts = {name: _copy(host) for name, host in hosts.items()}
            settle_idless(idless.flat(), list(hosts.values()))
        return tuple(Series(name, host.flat()) for name, host in hosts.items())

    def mean(self) -> Series:
        """The mean over hosts."""
        return mean(self.series())

    def attempts(self, host: str) -> tuple[Series, ...]:
        """What each attempt of a host logged, in order; one for a job that never restarted."""
        found = self._hosts.get(host)
        return tuple(Series(host, attempt.values) for attempt in found.attempts) if found else ()

    @property
    def best(self) -> tuple[int, float] | None:
        """The epoch with the highest validation accuracy of any host, the first one on a tie, and that accuracy."""
        found = [one.best for one in self.series()]
        return min((best for best in found if best), key=lambda best: (-best[1], best[0]), default=None)

    @property
    def saved_checkpoint_epochs(self) -> tuple[int, ...]:
        """The epochs whose checkpoints were written, over all hosts and attempts."""
        attempts = (attempt for host in self._hosts.values() for attempt in host.attempts)
        return tuple(sorted({epoch for attempt in attempts for epoch in attempt.saved}))

    @property
    def configured_epochs(self) -> int | None:
        """How many epochs the run was to have, where the log says so; early stopping may end before."""
        return self.parameters.epochs

    @property
    def epochs_done(self) -> int:
        """How many epochs are validated, or trained where nothing is validated; 0 before the first."""
        last = -1
        for host in self._hosts.values():
            values = host.attempts[-1].values
            found = values.get(VALIDATION) or next(iter(values.values()), {})
            last = max(last, max(found, default=-1))
        return last + 1

    def seconds_left(self, now: int, total_epochs: int | None = None) -> float | None:
        """Seconds to the last epoch, from when validations were logged; `now` in milliseconds.

        None while fewer than two epochs of this attempt are validated, or where the number of epochs is not known.
        """
        total = total_epochs or self.configured_epochs
        run = _last_run(self._validated)
        if total is None or len(run) < 2:
            return None
        (first_stamp, first), (last_stamp, last) = run[max(0, len(run) - 20)], run[-1]
        an_epoch = (last_stamp - first_stamp) / (last - first)
        return max(0.0, (an_epoch * (total - 1 - last) - (now - last_stamp)) / 1000)

    def summary(self) -> dict[str, Any]:
        """What `--metrics --json` prints; a value that was not logged, or is not finite, is None."""
        return {
            "hosts": {one.host: _document(one) for one in self.series()},
            "saved_checkpoint_epochs": list(self.saved_checkpoint_epochs),
            "early_stopped": self.early_stopped,
            "configured_epochs": self.configured_epochs,
        }


def accuracy_by_epoch(messages: Iterable[str]) -> list[float]:
    """The validation accuracy of each epoch in order, the mean of all hosts: a small curve out of matching lines."""
    reader = MetricsReader()
    for message in messages:
        reader.feed(message)
    curve = reader.mean().values.get(VALIDATION, {})
    return [curve[epoch] for epoch in sorted(curve)]


class _Clock:
    """Which message of a chunk a place in its text belongs to, and so when it was logged; ask in ascending order."""

    def __init__(self, text: str, stamps: Sequence[int] | None) -> None:
        self._text = text
        self._stamps = stamps
        self._at = 0
        self._line = 0

    def stamp(self, at: int, own: int | None) -> int | None:
        """The event's time, or the line's own."""
        if self._stamps is None:
            return own
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._stamps[self._line]


def _last_run(validated: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The validations since the epoch last went back, each epoch once."""
    run: list[tuple[int, int]] = []
    for stamp, epoch in validated:
        if run and epoch < run[-1][1]:
            run.clear()
        if not run or epoch > run[-1][1]:
            run.append((stamp, epoch))
    return run


def _copy(host: HostSeries) -> HostSeries:
    copy = HostSeries(host.host)
    for name, values in host.flat().items():
        for epoch, value in values.items():
            copy.attempts[0].set(epoch, name, value)
    return copy


def _document(one: Series) -> dict[str, Any]:
    epochs = one.epochs
    best = best_of(one.values.get(VALIDATION, {}))
    return {
        "epochs": list(epochs),
        "series": {name: [_finite(values.get(epoch)) for epoch in epochs] for name, values in one.values.items()},
        "best_epoch": best[0] if best else None,
        "best_validation_accuracy": best[1] if best else None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
