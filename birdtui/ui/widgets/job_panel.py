"""The job configuration of a job that exists: what was asked for, grouped as the console groups it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.status_style import local_time, short_duration

LABEL = 20

_SHOWN = frozenset(
    {
        "TrainingJobName",
        "TrainingJobArn",
        "TrainingJobStatus",
        "SecondaryStatus",
        "FailureReason",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "SecondaryStatusTransitions",
        "FinalMetricDataList",
        "TrainingTimeInSeconds",
        "BillableTimeInSeconds",
        "ModelArtifacts",
        "ResponseMetadata",
    }
)


class JobPanel(VerticalScroll):
    """Draws a description; members that birdtui has no name for are shown as they are."""

    DEFAULT_CSS = """
    JobPanel { background: $surface; padding: 0 1; }
    JobPanel Static { height: auto; }
    JobPanel:focus { background-tint: $foreground 3%; }
    """

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", id="config-text")

    def show(self, description: Mapping[str, Any]) -> None:
        """Show a job."""
        self.query_one("#config-text", Static).update(Content("\n").join(config_lines(description)))

    def focus_view(self) -> None:
        """Give the keys to the panel."""
        self.focus()


def config_lines(description: Mapping[str, Any]) -> list[Content]:
    """Label and value, a line each, hyperparameters last but one."""
    algorithm = description.get("AlgorithmSpecification", {})
    resources = description.get("ResourceConfig", {})
    stopping = description.get("StoppingCondition", {})
    output = description.get("OutputDataConfig", {})
    lines = [
        _pair("name", description.get("TrainingJobName")),
        _pair("algorithm", algorithm.get("TrainingImage") or algorithm.get("AlgorithmName")),
        _pair("input mode", algorithm.get("TrainingInputMode")),
        _pair("role", description.get("RoleArn")),
        _pair("instance", _instances(resources)),
        _pair("volume", f"{resources['VolumeSizeInGB']} GB" if resources.get("VolumeSizeInGB") else None),
        _pair("maximum runtime", _seconds(stopping.get("MaxRuntimeInSeconds"))),
        _pair("maximum wait", _seconds(stopping.get("MaxWaitTimeInSeconds"))),
        _pair("spot", "yes" if description.get("EnableManagedSpotTraining") else None),
        _pair("output", output.get("S3OutputPath")),
        _pair("output key", output.get("KmsKeyId")),
        _pair("created", local_time(description.get("CreationTime"))),
        _pair("started", _time(description.get("TrainingStartTime"))),
        _pair("ended", _time(description.get("TrainingEndTime"))),
        _pair("billable", _billable(description)),
        _pair("artifact", (description.get("ModelArtifacts") or {}).get("S3ModelArtifacts")),
    ]
    hyperparameters = description.get("HyperParameters") or {}
    if hyperparameters:
        lines += [Content(""), Content.styled("Hyperparameters", "bold")]
        lines += [_pair(name, value) for name, value in sorted(hyperparameters.items())]
    others = {
        name: value for name, value in description.items() if name not in _SHOWN and value not in (None, "", [], {})
    }
    if others:
        lines += [Content(""), Content.styled("Also set", "bold")]
        lines += [line for name, value in others.items() for line in _deep(name, value)]
    return [line for line in lines if line is not None]


def _pair(label: str, value: object) -> Content | None:
    if value in (None, ""):
        return None
    return Content.styled(plain(label).ljust(LABEL) + " ", "$text-muted") + Content(plain(str(value)))


def _deep(name: str, value: object) -> list[Content | None]:
    """A member of any shape, a line for each leaf."""
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in _deep(f"{name}.{key}", inner)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [line for number, inner in enumerate(value) for line in _deep(f"{name}[{number}]", inner)]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [Content.styled(plain(name) + " ", "$text-muted") + Content(plain(text))]


def _instances(resources: Mapping[str, Any]) -> str | None:
    groups = resources.get("InstanceGroups")
    if groups:
        return ", ".join(f"{group.get('InstanceType')} × {group.get('InstanceCount')}" for group in groups)
    if resources.get("InstanceType"):
        return f"{resources['InstanceType']} × {resources.get('InstanceCount', 1)}"
    return None


def _seconds(value: object) -> str | None:
    return short_duration(float(value)) if isinstance(value, int) else None


def _time(moment: object) -> str | None:
    return local_time(moment) if moment is not None else None


def _billable(description: Mapping[str, Any]) -> str | None:
    seconds = description.get("BillableTimeInSeconds")
    if seconds is None:
        return None
    count = description.get("ResourceConfig", {}).get("InstanceCount") or 1
    return f"{seconds} s" + (f" × {count} instances" if count > 1 else "")
