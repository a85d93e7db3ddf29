"""The job configuration of a job that exists: what was asked for, grouped as the console groups it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import chop_cells
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.status_style import MUTED, local_time, short_duration

LABEL = 21

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
    JobPanel { background: $surface; padding: 0 1; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    JobPanel Static { height: auto; }
    JobPanel:focus { background-tint: $foreground 3%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._description: Mapping[str, Any] = {}

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", id="config-text")

    def show(self, description: Mapping[str, Any]) -> None:
        """Show a job."""
        self._description = description
        self._draw()

    def on_resize(self) -> None:
        """Fold the values anew."""
        if self._description:
            self._draw()

    def _draw(self) -> None:
        lines = config_lines(self._description, self.scrollable_content_region.width)
        self.query_one("#config-text", Static).update(Content("\n").join(lines))

    def focus_view(self) -> None:
        """Give the keys to the panel."""
        self.focus()


def config_lines(description: Mapping[str, Any], width: int) -> list[Content]:
    """Label and value, folded to `width` cells: what was asked for, then what came of it."""
    hyperparameters = description.get("HyperParameters") or {}
    others = {
        name: value for name, value in description.items() if name not in _SHOWN and value not in (None, "", [], {})
    }
    parts: list[tuple[str, Sequence[tuple[str, str | None]]]] = [
        ("", _asked(description)),
        ("Hyperparameters", sorted(hyperparameters.items())),
        ("Run", _run(description)),
        ("Failure", [("", str(description.get("FailureReason") or ""))]),
        ("Also set", [pair for name, value in others.items() for pair in _deep(name, value)]),
    ]
    lines: list[Content] = []
    for heading, pairs in parts:
        found = [line for label, value in pairs if value for line in _folded(label, value, width)]
        if found and heading:
            lines += [Content("")] * bool(lines) + [Content.styled(heading, "bold")]
        lines += found
    return lines


def _asked(description: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    algorithm = description.get("AlgorithmSpecification", {})
    resources = description.get("ResourceConfig", {})
    stopping = description.get("StoppingCondition", {})
    output = description.get("OutputDataConfig", {})
    return [
        ("name", description.get("TrainingJobName")),
        ("algorithm", algorithm.get("TrainingImage") or algorithm.get("AlgorithmName")),
        ("input mode", algorithm.get("TrainingInputMode")),
        ("role", description.get("RoleArn")),
        ("instance", _instances(resources)),
        ("volume", f"{resources['VolumeSizeInGB']} GB" if resources.get("VolumeSizeInGB") else None),
        ("maximum runtime", _seconds(stopping.get("MaxRuntimeInSeconds"))),
        ("maximum wait", _seconds(stopping.get("MaxWaitTimeInSeconds"))),
        ("spot", "yes" if description.get("EnableManagedSpotTraining") else None),
        ("output", output.get("S3OutputPath")),
        ("output key", output.get("KmsKeyId")),
    ]


def _run(description: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [
        ("created", _time(description.get("CreationTime"))),
        ("started", _time(description.get("TrainingStartTime"))),
        ("ended", _time(description.get("TrainingEndTime"))),
        ("billable", _billable(description)),
        ("artifact", (description.get("ModelArtifacts") or {}).get("S3ModelArtifacts")),
    ]


def _folded(label: str, value: str, width: int) -> list[Content]:
    """A label and its value; what does not fit goes on beneath the value's start."""
    label = plain(label)
    indent = LABEL if label else 0
    room = max(width - indent, 12)
    pieces = [piece for line in plain(value).split("\n") if line.strip() for piece in chop_cells(line, room)]
    if len(label) >= indent > 0:
        return [Content.styled(label, MUTED), *(Content(" " * indent + piece) for piece in pieces)]
    heads = [label.ljust(indent), *[" " * indent] * (len(pieces) - 1)]
    return [Content.styled(head, MUTED) + Content(piece) for head, piece in zip(heads, pieces, strict=False)]


def _deep(name: str, value: object) -> list[tuple[str, str | None]]:
    """A member of any shape, a pair for each leaf."""
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in _deep(f"{name}.{key}", inner)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [line for number, inner in enumerate(value) for line in _deep(f"{name}[{number}]", inner)]
    return [(name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]


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
