"""What a DescribeTrainingJob answer says of the job's course: transitions in order, end, instances, artifact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from birdtui.watch.events import StatusChanged

TERMINAL = {"Completed", "Failed", "Stopped"}
EXIT_CODES = {"Completed": 0, "Failed": 1, "Stopped": 5}
_STATUS_OF = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
    "Stopping": "Stopping",
}


class StatusHistory:
    """Tells each entry of SecondaryStatusTransitions, and each new message within one, once and in order."""

    def __init__(self) -> None:
        self._told: list[tuple[str, str]] = []

    def news(self, description: Mapping[str, Any]) -> list[StatusChanged]:
        """What an answer says that was not told yet."""
        entries = description.get("SecondaryStatusTransitions") or [_only(description)]
        found: list[StatusChanged] = []
        for index, entry in enumerate(entries):
            secondary, message = str(entry.get("Status", "")), str(entry.get("StatusMessage", ""))
            is_new = index >= len(self._told)
            if not is_new and self._told[index] == (secondary, message):
                continue
            if is_new:
                self._told.append((secondary, message))
                moment = entry.get("StartTime")
            else:
                self._told[index] = (secondary, message)
                moment = entry.get("EndTime") or description.get("LastModifiedTime")
            is_last = index == len(entries) - 1
            status = (
                str(description.get("TrainingJobStatus", "")) if is_last else _STATUS_OF.get(secondary, "InProgress")
            )
            found.append(StatusChanged(_moment(moment), status, secondary, message))
        return found


def is_over(description: Mapping[str, Any]) -> bool:
    """Whether the job will not change any more."""
    return description.get("TrainingJobStatus") in TERMINAL


def end_time(description: Mapping[str, Any]) -> datetime:
    """When the job ended; a job that never started training has no TrainingEndTime."""
    return _moment(description.get("TrainingEndTime") or description.get("LastModifiedTime"))


def instance_count(description: Mapping[str, Any]) -> int:
    """How many instances the job runs on, all groups together."""
    resources = description.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups")
    if groups:
        return sum(int(group.get("InstanceCount") or 1) for group in groups)
    return int(resources.get("InstanceCount") or resources.get("SelectedInstanceCount") or 1)


def billable_seconds(description: Mapping[str, Any]) -> int | None:
    """Seconds that are paid for, all instances together; the service's figure is for one."""
    seconds = description.get("BillableTimeInSeconds")
    return None if seconds is None else int(seconds) * instance_count(description)


def artifact(description: Mapping[str, Any]) -> str | None:
    """The S3 URI of the model, or None where there is none."""
    return str(description.get("ModelArtifacts", {}).get("S3ModelArtifacts") or "") or None


def _only(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one entry of an answer without transitions."""
    return {"Status": description.get("SecondaryStatus", ""), "StartTime": description.get("CreationTime")}


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.now(UTC)
