"""What one host logged, epoch by epoch, over the attempts it took.

The same value of the same metric and epoch again is a duplicate and counts once. Another value is a restart (after a
spot interruption, or a second run in the same file) when the epoch goes back: then a new attempt begins. The flat
series takes each value from the last attempt that logged it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

VALIDATION = "validation:accuracy"

Values = dict[str, dict[int, float]]
"""Metric name -> epoch from 0 as logged -> value."""


@dataclass(slots=True)
class Attempt:
    """One run from its first epoch to its end or interruption; `saved` are the epochs whose checkpoints it wrote."""

    values: Values = field(default_factory=dict)
    saved: dict[int, None] = field(default_factory=dict)

    def get(self, epoch: int, name: str) -> float | None:
        """The value, or None where none was logged."""
        return self.values.get(name, {}).get(epoch)

    def set(self, epoch: int, name: str, value: float) -> None:
        """Keep a value."""
        self.values.setdefault(name, {})[epoch] = value


@dataclass(frozen=True)
class Series:
    """A host's values: `values[name][epoch]`; an epoch or a value that was not logged is absent."""

    host: str
    values: Mapping[str, Mapping[int, float]]

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that have a value, in order."""
        return tuple(sorted({epoch for series in self.values.values() for epoch in series}))

    @property
    def best(self) -> tuple[int, float] | None:
        """The epoch with the highest validation accuracy, the first one on a tie, and that accuracy."""
        return best_of(self.values.get(VALIDATION, {}))


def best_of(series: Mapping[int, float]) -> tuple[int, float] | None:
    """The highest finite value and its epoch, the first one on a tie; None where there is none."""
    finite = [(epoch, value) for epoch, value in series.items() if math.isfinite(value)]
    return min(finite, key=lambda pair: (-pair[1], pair[0]), default=None)


def same(one: float, other: float) -> bool:
    """Whether two values are the same; not a number is the same as itself here."""
    return one == other or (math.isnan(one) and math.isnan(other))


class HostSeries:
    """The values of one host as they come in."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.attempts: list[Attempt] = [Attempt()]
        self._epoch = -1
        self._lines: set[tuple[int, int, str, float]] = set()

    @property
    def epoch(self) -> int:
        """The epoch last logged, -1 before any."""
        return self._epoch

    def add(self, epoch: int, name: str, value: float, stamp: int | None = None) -> bool:
        """Take a value; gives False for a duplicate. `stamp` is the line's own time, where it has one."""
        if stamp is not None:
            line = (stamp, epoch, name, value)
            if line in self._lines:
                return False
            self._lines.add(line)
        values = self.attempts[-1].values
        series = values.get(name)
        known = series.get(epoch) if series is not None else None
        if known is not None:
            if known == value or same(known, value):
                return False
            if epoch < self._epoch:
                self.attempts.append(Attempt())
                values, series = self.attempts[-1].values, None
        if series is None:
            series = values.setdefault(name, {})
        series[epoch] = value
        self._epoch = epoch
        return True

    def restart(self) -> None:
        """Begin another attempt, unless nothing was logged in this one."""
        if self.attempts[-1].values:
            self.attempts.append(Attempt())

    def flat(self) -> Values:
        """Every value once, from the last attempt that logged it."""
        merged: Values = {}
        for attempt in self.attempts:
            for name, series in attempt.values.items():
                merged.setdefault(name, {}).update(series)
        return merged


def settle_idless(idless: Values, hosts: Sequence[HostSeries]) -> None:
    """Give the values of lines without a thread id to the hosts that have one.

    Images of 2019 wrote each line twice, once without the id: such a value is a duplicate of the id's. One whose twin
    was lost goes to the one host that lacks it, if nothing else that host logged contradicts the lines without an id;
    what then is left belongs to no host of this log (another program's output in the same notebook) and is dropped.
    """
    flats = [host.flat() for host in hosts]
    agreeing = [
        host
        for host, flat in zip(hosts, flats, strict=True)
        if not any(
            epoch in flat.get(name, {}) and not same(flat[name][epoch], value)
            for name, series in idless.items()
            for epoch, value in series.items()
        )
    ]
    if len(agreeing) != 1:
        return
    host, flat = agreeing[0], agreeing[0].flat()
    for name, series in idless.items():
        for epoch, value in series.items():
            if epoch not in flat.get(name, {}) and not _logged_elsewhere(flats, epoch, name, value):
                host.attempts[-1].set(epoch, name, value)


def _logged_elsewhere(flats: Iterable[Values], epoch: int, name: str, value: float) -> bool:
    return any(epoch in flat.get(name, {}) and same(flat[name][epoch], value) for flat in flats)


def mean(series: Sequence[Series]) -> Series:
    """The mean over hosts of every value that all of the hosts which log that metric logged; host is `mean`."""
    values: Values = {}
    for name in dict.fromkeys(name for one in series for name in one.values):
        logging = [one.values[name] for one in series if name in one.values]
        shared = set(logging[0]).intersection(*logging[1:])
        values[name] = {epoch: math.fsum(each[epoch] for each in logging) / len(logging) for epoch in sorted(shared)}
    return Series("mean", values)
