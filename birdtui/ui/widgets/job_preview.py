"""The job under the cursor in short: failure in full, timeline, last accuracy with a small curve, artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.status_style import MUTED, local_time, now, short_duration, status_content, timeline

BARS = "▁▂▃▄▅▆▇█"


def small_curve(values: Sequence[float], width: int) -> str:
    """Values from 0 to 1 as bars, thinned to `width`; each bar shows the highest value it stands for."""
    if not values:
        return ""
    count = min(len(values), max(width, 1))
    chunks = [values[len(values) * n // count : len(values) * (n + 1) // count] for n in range(count)]
    return "".join(BARS[min(max(int(max(chunk) * len(BARS)), 0), len(BARS) - 1)] for chunk in chunks)


class JobPreview(VerticalScroll, can_focus=False):
    """Draws a description; `show_curve` adds the accuracy when it is read."""

    DEFAULT_CSS = """
    JobPreview {
        background: $surface; padding: 0 1; border-left: solid $panel;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    JobPreview Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", id="preview-text")

    def say(self, text: str) -> None:
        """Say why there is no job to show."""
        self.query_one("#preview-text", Static).update(Content.styled(plain(text), MUTED))

    def show(self, description: Mapping[str, Any], curve: Sequence[float] | None) -> None:
        """Show a job; `curve` is its validation accuracy by epoch, None while that is not read."""
        moment, width = now(), self.scrollable_content_region.width
        lines = [
            Content.styled(plain(str(description.get("TrainingJobName", ""))), "bold"),
            status_content(str(description.get("TrainingJobStatus", "")))
            + Content(f"  created {local_time(description.get('CreationTime'))}"),
            Content(self._resources(description)),
            *self._failure(description),
            Content(""),
            timeline(description.get("SecondaryStatusTransitions", []), moment, width),
        ]
        if curve:
            lines += [
                Content(""),
                Content(f"validation accuracy  last {curve[-1]:.4f}  best {max(curve):.4f} @{curve.index(max(curve))}"),
                Content.styled(small_curve(curve, max(self.size.width - 4, 10)), "$text-success"),
            ]
        artifact = (description.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
        if artifact:
            lines += [Content(""), Content.styled("artifact", MUTED), Content(plain(str(artifact)))]
        self.query_one("#preview-text", Static).update(Content("\n").join(lines))

    @staticmethod
    def _resources(description: Mapping[str, Any]) -> str:
        config = description.get("ResourceConfig", {})
        parts = [f"{config.get('InstanceType', 'several types')} × {config.get('InstanceCount', 1)}"]
        if description.get("EnableManagedSpotTraining"):
            parts.append("spot")
        if description.get("BillableTimeInSeconds") is not None:
            billable = description["BillableTimeInSeconds"] * (config.get("InstanceCount") or 1)
            parts.append(f"billable {short_duration(billable)}")
        return plain(" · ".join(parts))

    @staticmethod
    def _failure(description: Mapping[str, Any]) -> list[Content]:
        reason = description.get("FailureReason")
        if not reason:
            return []
        from birdtui.spec.explain import explain_failure

        explanation = explain_failure(str(reason), description)
        lines: list[Content] = [Content(plain(explanation.summary))] if explanation.known else []
        for advice in explanation.advice:
            field = Content.styled(plain(advice.field) + "  ", "bold") if advice.field else Content("")
            lines.append(Content("→ ") + field + Content(plain(advice.text)))
        lines += [Content.styled("Failure", "$text-error bold"), Content(plain(str(reason)))]
        return lines
