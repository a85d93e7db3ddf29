"""What the job screen draws out of a watched state: how far the job is, in words, and its metrics for the chart."""

from __future__ import annotations

from datetime import datetime

from birdtui.ui.chart_model import ChartData, Curve
from birdtui.ui.status_style import short_duration
from birdtui.watch.job_state import JobState


def progress(state: JobState, moment: datetime, cost: str = "") -> list[str]:
    """How far a job is and what it has cost, in a few words each; the outcome says it of one that has ended."""
    if state.ended is not None:
        return []
    facts: list[str] = []
    total, done = state.total_epochs, state.epochs_done
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


def chart_data(state: JobState) -> ChartData:
    """A job's metrics as the chart takes them; times and speeds are not for one axis with accuracies."""
    curves = [
        Curve(host, name, sorted(values), [values[epoch] for epoch in sorted(values)])
        for host, metrics in state.series.items()
        for name, values in metrics.items()
        if name.startswith(("train:", "validation:"))
    ]
    return ChartData(
        tuple(curves), state.best, state.artifact_epoch, state.total_epochs, is_over=state.ended is not None
    )
