"""Log lines in, training metrics out: series by host, best epoch, saved epoch, progress.

Reads what the image classification algorithm writes, in whatever way its log was saved (the grammar is in
`metric_text`), and any MXNet program's `Train-x` and `Validation-x`. Pure: no clock, no AWS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from birdtui.watch.metric_definitions import MetricDefinitions
from birdtui.watch.metric_pages import joined, last_batch_line, relevant
from birdtui.watch.metric_series import VALIDATION, HostSeries, Series, best_of, mean, settle_idless
from birdtui.watch.metric_text import (
    NO_ID,
    Batch,
    Fact,
    Logged,
    Saved,
    Stopped,
    Stored,
    event_facts,
    facts,
    last_batch,
    without_escapes,
)
from birdtui.watch.run_parameters import RunParameters

HEAD_LINES = 5_000
"""How many of a stream's first lines are looked at for the run's parameters."""


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
        self._following: dict[str, int] = {}
        self._head: dict[str, int] = {}

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
    ) -> list[Value]:
        """Read a page of one stream; gives the values it adds, in order. `timestamps` are milliseconds, one each."""
        rows: Sequence[int] = range(len(messages))
        if host is not None:
            rows, self._following[host] = relevant(messages, self._following.get(host, 0))
        self._read_head(messages, host)
        batch = last_batch_line(messages)
        self.batch = (last_batch(batch) if batch else None) or self.batch
        added = self._take(event_facts(messages, rows, host), timestamps)
        if self._definitions:
            added += self._defined(messages, host or NO_ID, timestamps)
        return added

    def restarted(self, host: str) -> None:
        """A host's log goes on in another stream: what it logs from now on is another attempt."""
        self._series(host).restart()
        self._following.pop(host, None)

    def define(self, definitions: MetricDefinitions | None) -> None:
        """Read a job's own metrics too. They have no epoch: a metric's values of one host are counted from 0."""
        self._definitions = definitions

    def feed_text(self, text: str) -> None:
        """Read a saved log, or a part of it that ends with a line; hosts are the thread ids."""
        text = without_escapes(text)
        self.parameters.read(text)
        self._take(facts(text, None))
        self.batch = last_batch(text) or self.batch

    def _read_head(self, messages: Sequence[str], host: str | None) -> None:
        """Read the parameters, which stand at a log's beginning."""
        if host is None:
            self.parameters.read(joined(messages))
            return
        left = self._head.get(host, HEAD_LINES)
        if left > 0:
            self.parameters.read(joined(messages[:left]))
            self._head[host] = left - len(messages)

    def _defined(self, messages: Sequence[str], host: str, timestamps: Sequence[int] | None) -> list[Value]:
        """What the job's own definitions find; a metric that the log tells in the usual way is left to that."""
        added: list[Value] = []
        if self._definitions is None:
            return added
        series = self._series(host)
        for row, message in enumerate(messages):
            for name, value in self._definitions.find(message):
                key = (host, name)
                number = self._counts.get(key, 0)
                if number or name not in series.attempts[0].values:
                    self._counts[key] = number + 1
                    series.add(number, name, value)
                    stamp = None if timestamps is None else timestamps[row]
                    added.append(Value(host, number, name, value, stamp, 1))
        return added

    def _take(self, found: Sequence[Fact], timestamps: Sequence[int] | None = None) -> list[Value]:
        added: list[Value] = []
        series: HostSeries | None = None
        for fact in found:
            if isinstance(fact, Logged):
                at, host, own, epoch, name, value = fact
                if series is None or series.host != host:
                    series = self._series(host)
                if series.add(epoch, name, value, own):
                    stamp = own if timestamps is None else timestamps[at]
                    added.append(Value(host, epoch, name, value, stamp, len(series.attempts)))
            elif isinstance(fact, Stopped):
                self.early_stopped = True
            else:
                self._milestone(fact)
        return added

    def _milestone(self, fact: Saved | Stored) -> None:
        series = self._series(fact.host)
        attempt = series.attempts[-1]
        if isinstance(fact, Saved):
            epoch = fact.epoch
            if epoch in attempt.saved:
                return
            attempt.saved[epoch] = None
        else:
            epoch = series.epoch
            if attempt.get(epoch, VALIDATION) != fact.accuracy or epoch in attempt.saved:
                return
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
