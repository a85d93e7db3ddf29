"""What a request asks for and the local engine does not do: told in the job's log, never silently ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_USED = frozenset(
    {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Tags",
    }
)
_UNUSED_PARTS = (
    ("OutputDataConfig", "KmsKeyId"),
    ("ResourceConfig", "VolumeKmsKeyId"),
    ("ResourceConfig", "KeepAlivePeriodInSeconds"),
    ("ResourceConfig", "TrainingPlanArn"),
    ("ResourceConfig", "InstancePlacementConfig"),
    ("AlgorithmSpecification", "ContainerEntrypoint"),
    ("AlgorithmSpecification", "ContainerArguments"),
)


def unused(request: Mapping[str, Any]) -> Iterator[str]:
    """A line for each member that means nothing here; one that AWS may add in the future is among them."""
    if request.get("EnableManagedSpotTraining"):
        yield "EnableManagedSpotTraining: the local engine never interrupts a job, and bills all of its time"
    for name, value in request.items():
        if name not in _USED and name != "EnableManagedSpotTraining" and value:
            yield f"{name} is not used by the local engine"
    for member, part in _UNUSED_PARTS:
        if request.get(member, {}).get(part):
            yield f"{member}.{part} is not used by the local engine"
    usual = request["AlgorithmSpecification"]["TrainingInputMode"]
    for channel in request.get("InputDataConfig") or []:
        mode = channel.get("InputMode") or usual
        if mode != "File":
            yield f"{mode} mode is not used by the local engine: channel {channel['ChannelName']} is brought as files"
