"""Beside the form: what the checks say, and what changed against the source; choosing a finding goes to its field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from birdtui.spec.diff import Change
from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.spec.plain_text import plain
from birdtui.ui.editor_model import EditorModel

ORDER = (Level.ERROR, Level.WARNING, Level.UNKNOWN, Level.NOTE)
MARKS = {Level.ERROR: "✘", Level.WARNING: "▲", Level.UNKNOWN: "?", Level.NOTE: "•"}


class Review(Vertical):
    """Findings over changes."""

    DEFAULT_CSS = """
    Review { background: $surface; }
    Review .title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    Review OptionList { height: 1fr; border: none; padding: 0 1; background: $surface; }
    Review OptionList:focus { border: none; background-tint: $foreground 5%; }
    Review VerticalScroll { height: 1fr; padding: 0 1; }
    Review VerticalScroll Static { height: auto; }
    """

    def on_descendant_focus(self) -> None:
        """Take more of a narrow screen while the findings have the keys."""
        self.add_class("-has-keys")

    def on_descendant_blur(self) -> None:
        """Leave the room to the form."""
        self.remove_class("-has-keys")

    @dataclass
    class Chosen(Message):
        """A finding's field."""

        field: str

    def __init__(self) -> None:
        super().__init__()
        self._findings: list[Finding] = []
        self._waiting = False

    def compose(self) -> ComposeResult:
        """Two lists under their titles."""
        yield Static("Checks", classes="title", id="review-checks")
        yield OptionList(id="review-findings")
        yield Static("Changes", classes="title", id="review-title")
        with VerticalScroll(id="review-scroll"):
            yield Static("", id="review-changes")

    def show(self, findings: Sequence[Finding], changes: Sequence[Change], notes: Sequence[str], source: str) -> None:
        """Show findings, changes against `source`, and notes on what a clone left out."""
        shown = sorted((each for each in findings if each.level in ORDER), key=lambda each: ORDER.index(each.level))
        if shown != self._findings:
            self._findings = shown
            listing = self.query_one("#review-findings", OptionList)
            marked = listing.highlighted or 0
            listing.clear_options()
            listing.add_options(Option(self._line(each)) for each in shown)
            if shown:
                listing.highlighted = min(marked, len(shown) - 1)
        self.query_one("#review-checks", Static).update(Content(self._summary()))
        self.query_one("#review-title", Static).update(Content(plain(f"Changes against {source}" if source else "Set")))
        lines = [change_line(change) for change in changes] or [Content.styled("nothing yet", "$text-muted")]
        if notes:
            lines += [Content(""), Content.styled("Left out or to look at", "bold")]
            lines += [Content.styled(plain(note), "$text-muted") for note in notes]
        self.query_one("#review-changes", Static).update(Content("\n").join(lines))

    def suggestion(self, field: str) -> Finding | None:
        """The finding with a value to fill in: the marked one where the findings have the keys, else one on a field."""
        listing = self.query_one("#review-findings", OptionList)
        if listing.has_focus and listing.highlighted is not None:
            marked = self._findings[listing.highlighted]
            return marked if marked.suggestion else None
        with_value = [each for each in self._findings if each.suggestion]
        return next((each for each in with_value if each.field == field), with_value[0] if with_value else None)

    def say_waiting(self, waiting: bool) -> None:
        """Say whether AWS has still to answer."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.query_one("#review-checks", Static).update(Content(self._summary()))

    def _summary(self) -> str:
        return self._counted() + (" · asking AWS…" if self._waiting else "")

    def _counted(self) -> str:
        if not self._findings:
            return "Checks: nothing to mend"
        counts = [(level, sum(each.level is level for each in self._findings)) for level in ORDER]
        return "Checks: " + ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for level, count in counts if count)

    @staticmethod
    def _line(finding: Finding) -> Text:
        text = Text(f"{MARKS[finding.level]} ", no_wrap=False)
        if finding.field:
            text.append(plain(finding.field) + "  ", "bold")
        text.append(plain(finding.text))
        if finding.remedy:
            text.append(f"\n  → {plain(finding.remedy)}", "dim")
        if finding.suggestion:
            text.append(f"\n  ^g fills in {plain(finding.suggestion)}", "dim bold")
        return text

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the finding's field."""
        event.stop()
        self.post_message(self.Chosen(self._findings[event.option_index].field))


def change_line(change: Change) -> Content:
    """A change as `field  old → new`; what was added or taken away is said with + and -."""
    field = Content.styled(plain(change.field), "bold")
    if change.old is None:
        return Content.styled("+ ", "$text-success") + field + Content(f"  {plain(str(change.new))}")
    if change.new is None:
        return Content.styled("- ", "$text-error") + field + Content(f"  {plain(str(change.old))}")
    return (
        Content.styled("~ ", "$text-warning")
        + field
        + Content(f"  {plain(str(change.old))} → {plain(str(change.new))}")
    )


def confirmation(spec: JobSpec, name: str, model: EditorModel, findings: Sequence[Finding]) -> Content:
    """What is about to be created: name, place, difference, remaining findings, and how long it may run at most."""
    hours = (spec.max_runtime or 86_400) / 3600
    machines = f"{spec.instance_count} × {spec.instance_type or 'several types'}"
    lines = [
        Content.styled(plain(name), "bold"),
        Content(plain(f"{machines}, at most {hours:g} h each: that long it is paid for if it does not end before")),
        Content(""),
    ]
    changes = model.changes()
    if model.source is not None:
        lines += [
            Content("Changes:" if changes else "Nothing is changed against the source."),
            *map(change_line, changes),
        ]
    left = [each for level in (Level.ERROR, Level.WARNING, Level.NOTE) for each in findings if each.level is level]
    if left:
        lines += [Content(""), *map(_finding_line, left)]
    return Content("\n").join(lines)


def _finding_line(finding: Finding) -> Content:
    style = {Level.ERROR: "$text-error", Level.WARNING: "$text-warning"}.get(finding.level, "")
    return Content.styled(plain(f"{finding.level}: {finding.field}: {finding.text}"), style)
