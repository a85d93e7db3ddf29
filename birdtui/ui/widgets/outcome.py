"""How a job ended: which epoch is best and which the artifact holds, or what failed and what to change."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.status_style import MUTED, short_duration, status_content
from birdtui.watch.events import JobEnded

REASON_LINES = 2
"""Of a failure's reason; a violated schema brings a hundred, and the log shows them too."""


class Outcome(Static):
    """Hidden until the job has ended."""

    DEFAULT_CSS = """
    Outcome { display: none; height: auto; max-height: 8; padding: 0 1; background: $boost; overflow-y: auto; }
    Outcome.-ended { display: block; }
    """

    def show(self, ended: JobEnded, cost: str = "") -> None:
        """Show an end, and what the job cost where that is known."""
        self.update(Content("\n").join(outcome_lines(ended, cost)))
        self.add_class("-ended")


def outcome_lines(ended: JobEnded, cost: str = "") -> list[Content]:
    """The outcome: what to do stands before a reason that may be long; the configuration panel has all of that."""
    first = status_content(ended.secondary if ended.status == "Stopped" else ended.status)
    facts: list[str] = []
    if ended.best_epoch is not None and ended.best_validation_accuracy is not None:
        facts.append(f"best validation accuracy {ended.best_validation_accuracy:.4f} at epoch {ended.best_epoch}")
    if ended.artifact_epoch is not None:
        same = " (the best)" if ended.artifact_epoch == ended.best_epoch else ", not the best"
        facts.append(f"the artifact holds epoch {ended.artifact_epoch}{same if ended.best_epoch is not None else ''}")
    if ended.billable_seconds is not None:
        facts.append(f"billable {short_duration(ended.billable_seconds)}")
    if cost:
        facts.append(f"cost {cost}")
    if ended.exit_code != 0:
        facts.append("c clones the job into the editor, at the field to change")
    lines = [first + Content("  " + plain(" · ".join(facts)))]
    if ended.artifact:
        lines.append(Content.styled("artifact ", MUTED) + Content(plain(ended.artifact)))
    for advice in ended.advice:
        field = Content.styled(plain(advice.field) + "  ", "bold") if advice.field else Content("")
        lines.append(Content("→ ") + field + Content(plain(advice.text)))
    if ended.failure_reason:
        reason = [line for line in plain(ended.failure_reason).split("\n") if line.strip()]
        more = " … in full under 1 Job configuration" if len(reason) > REASON_LINES else ""
        lines.append(Content.styled("\n".join(reason[:REASON_LINES]), "$text-error") + Content.styled(more, MUTED))
    return lines
