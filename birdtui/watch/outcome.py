"""How a job ended: what it reached, what it left, and for one that did not complete what to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.spec.findings import Advice
from birdtui.watch import job_status
from birdtui.watch.events import JobEnded
from birdtui.watch.metrics import MetricsReader

LONGEST_REASON = 1_024
"""FailureReason is cut here, without a mark."""


def ended(description: Mapping[str, Any], metrics: MetricsReader, error_lines: Sequence[str]) -> JobEnded:
    """The end of a job from its last description and its whole log."""
    status = str(description["TrainingJobStatus"])
    secondary = str(description.get("SecondaryStatus", ""))
    reason = _whole_reason(str(description.get("FailureReason") or ""), error_lines)
    artifact = job_status.artifact(description)
    best = metrics.best
    return JobEnded(
        time=job_status.end_time(description),
        status=status,
        secondary=secondary,
        exit_code=job_status.EXIT_CODES.get(status, 1),
        artifact=artifact,
        best_epoch=best[0] if best else None,
        best_validation_accuracy=best[1] if best else None,
        artifact_epoch=metrics.artifact_epoch if artifact else None,
        billable_seconds=job_status.billable_seconds(description),
        failure_reason=reason or None,
        advice=_advice(secondary, reason, description, error_lines),
        error_lines=tuple(error_lines) if status == "Failed" else (),
    )


def _whole_reason(reason: str, error_lines: Sequence[str]) -> str:
    """A reason that was cut, completed from the log, where the same error stands uncut."""
    if len(reason) < LONGEST_REASON:
        return reason
    _, _, said = reason.partition(": ")
    for line in error_lines:
        at = line.find(said[:200])
        if said and at >= 0 and len(line) - at > len(said):
            return reason[: -len(said)] + line[at:]
    return reason


def _advice(
    secondary: str, reason: str, description: Mapping[str, Any], error_lines: Sequence[str]
) -> tuple[Advice, ...]:
    condition = description.get("StoppingCondition", {})
    if secondary == "MaxRuntimeExceeded":
        limit = _seconds(condition.get("MaxRuntimeInSeconds"))
        text = f"The job ran into its maximum runtime{limit}: allow more, or train less."
        return (Advice("limits.max_runtime", text),)
    if secondary == "MaxWaitTimeExceeded":
        limit = _seconds(condition.get("MaxWaitTimeInSeconds"))
        text = f"No spot capacity came within the maximum wait{limit}: allow more, or train on demand."
        return (Advice("limits.max_wait", text),)
    if not reason:
        return ()
    from birdtui.spec.explain import explain_failure

    return explain_failure(reason, description, error_lines).advice


def _seconds(limit: object) -> str:
    return f" of {limit} s" if limit else ""
