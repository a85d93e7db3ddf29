"""What the job screen draws out of a watched state: how far the job is, in words, and its metrics for the chart."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from datetime import datetime
from itertools import islice

from birdtui.ui.chart_model import ChartData, Curve
from birdtui.ui.status_style import short_duration
from birdtui.watch.job_state import JobState


def progress(state: JobState, moment: datetime, cost: str = "") -> list[str]:
    """How far a job is and what it has cost, in a few words each; the outcome says it of one that has ended."""
    if state.ended is not None:
        return []
    facts: list[str] = []
    total, done = state.total_epochs, state.epochs_done
    if state.attempt > 1:
        facts.append(f"attempt {state.attempt}")
    if done or (total and not state.is_over):
        facts.append(f"epoch {done}/{total}" if total else f"epoch {done}")
    if state.best is not None:
        facts.append(f"best {state.best[1]:.4f} @{state.best[0]}")
    left = state.time_left(moment)
    if left is not None:
        facts.append(f"about {short_duration(left)} left")
    billable = state.billable_seconds(moment)
    if billable is not None:
        facts.append(f"billable {short_duration(billable)}")
    if cost:
        facts.append(cost)
    transitions = state.description.get("SecondaryStatusTransitions") or [{}]
    message = str(transitions[-1].get("StatusMessage") or "")
    if message and not state.is_over:
        facts.append(message)
    return facts


class ChartFeed:
    """A job's metrics as the chart takes them, kept between updates: a new value is added, the others are not read."""

    def __init__(self) -> None:
        self._curves: dict[tuple[str, str], Curve] = {}
        self._rewritten = 0
        self._earlier: tuple[object, tuple[tuple[Curve, ...], ...]] = (None, ())

    def data(self, state: JobState) -> ChartData:
        """All there is by now; times and speeds are not for one axis with accuracies."""
        self._rewrite(state)
        curves = [
            self._curve(host, name, values)
            for host, metrics in state.series.items()
            for name, values in metrics.items()
            if _is_charted(name)
        ]
        return ChartData(
            tuple(curves),
            state.best,
            state.artifact_epoch,
            state.total_epochs,
            storing_host=state.storing_host,
            is_over=state.ended is not None,
            earlier=self._given_up(state),
            restarts=_restarts(state),
        )

    def _rewrite(self, state: JobState) -> None:
        """Take the values in that came for epochs which have one."""
        changed = state.rewritten[self._rewritten :]
        self._rewritten = len(state.rewritten)
        for host, name in dict.fromkeys((host, name) for host, name, _ in changed):
            known = self._curves.get((host, name))
            if known is None:
                continue
            values, logged = array("d", known.values), state.series[host][name]
            for epoch in (epoch for *series, epoch in changed if series == [host, name]):
                place = bisect_left(known.epochs, epoch)
                if place == len(known.epochs) or known.epochs[place] != epoch:
                    del self._curves[host, name]  # an epoch that was left out before: put in its place
                    break
                values[place] = logged[epoch]
            else:
                self._curves[host, name] = Curve(host, name, known.epochs, values)

    def _given_up(self, state: JobState) -> tuple[tuple[Curve, ...], ...]:
        """What attempts logged in vain: it changes when another attempt begins, and with its first values."""
        key = [(host, len(attempts), len(attempts[-1])) for host, attempts in state.attempts.items()]
        if key != self._earlier[0]:
            self._earlier = key, _earlier(state)
        return self._earlier[1]

    def _curve(self, host: str, name: str, values: dict[int, float]) -> Curve:
        """The curve with what came since. A dict keeps the order of its keys, so that is at its end."""
        known = self._curves.get((host, name))
        if known is None:
            epochs = sorted(values)
            known = Curve(host, name, array("q", epochs), array("d", map(values.__getitem__, epochs)))
        elif len(values) > len(known.epochs):
            added = list(islice(reversed(values), len(values) - len(known.epochs)))[::-1]
            grown = array("d", map(values.__getitem__, added))
            known = Curve(host, name, array("q", known.epochs) + array("q", added), array("d", known.values) + grown)
        self._curves[host, name] = known
        return known


def _is_charted(name: str) -> bool:
    return name.startswith(("train:", "validation:"))


def _restarts(state: JobState) -> tuple[int, ...]:
    """The first epoch of each attempt after the first, of whichever instance began it first."""
    found: dict[int, int] = {}
    for attempts in state.attempts.values():
        for number, metrics in enumerate(attempts[1:]):
            epochs = [next(iter(values)) for values in metrics.values() if values]
            if epochs:
                found[number] = min(*epochs, found.get(number, epochs[0]))
    return tuple(found[number] for number in sorted(found))


def _earlier(state: JobState) -> tuple[tuple[Curve, ...], ...]:
    """Of each attempt but the last what a later one logged anew: the end of the curve that was given up."""
    found: dict[int, list[Curve]] = {}
    for host, attempts in state.attempts.items():
        for number, metrics in enumerate(attempts[:-1]):
            for name, values in metrics.items():
                later = [each[name] for each in attempts[number + 1 :] if each.get(name)]
                first = min((next(iter(each)) for each in later), default=None)
                epochs = [epoch for epoch in sorted(values) if first is not None and epoch >= first - 1]
                if _is_charted(name) and len(epochs) > 1:
                    curve = Curve(host, name, epochs, [values[epoch] for epoch in epochs])
                    found.setdefault(number, []).append(curve)
    return tuple(tuple(found[number]) for number in sorted(found))


def chart_data(state: JobState) -> ChartData:
    """A job's metrics as the chart takes them."""
    return ChartFeed().data(state)
