"""One row of the form: label, value, and under them what is wrong with it.

A form has some seventy rows and every key lays all of them out, so a row is one widget with its input in it: label,
arrow and words are drawn, not mounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from birdtui.spec.findings import Finding, Level
from birdtui.spec.plain_text import plain
from birdtui.ui.form_fields import FormField
from birdtui.ui.status_style import MUTED

MARKS = {Level.ERROR: ("✘", "$text-error"), Level.WARNING: ("▲", "$text-warning"), Level.NOTE: ("•", "$text-muted")}


_BIDIRECTIONAL = (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_VISIBLE = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_VISIBLE |= {code: 0xE000 + code for code in range(0x80, 0xA0)}  # no pictures for these: the private use area
_VISIBLE |= {code: 0xD000 + code for code in _BIDIRECTIONAL}
_HIDDEN = {picture: code for code, picture in _VISIBLE.items()}


def visible(value: str) -> str:
    """A value with one drawable character in place of each control: an input sends what it holds to the terminal."""
    return value.translate(_VISIBLE)


class FieldInput(Input):
    """A value; Ctrl+J, Enter or ↓ where values are chosen opens the choices."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,ctrl+j", "choose_or_next", show=False)]

    def action_choose_or_next(self) -> None:
        """Open the choices, or go on to the next field."""
        row = self.query_ancestor(FormRow)
        if row.field.choices is not None or row.field.remote:
            row.post_message(FormRow.ChoiceWanted(row))
        else:
            row.commit()
            self.screen.focus_next(FieldInput)


LABEL = 24
"""Cells of a label; the value begins one further."""
ARROW = 2


class FormRow(Widget):
    """A field of the form; tells when its value was changed and left."""

    DEFAULT_CSS = """
    FormRow { height: 1; }
    FormRow > FieldInput { height: 1; border: none; padding: 0 1; margin: 0 2 0 24; background: $boost; }
    FormRow > FieldInput:focus { border: none; background: $primary 30%; }
    """

    @dataclass
    class Changed(Message):
        """A value was changed."""

        row: FormRow
        value: str

    @dataclass
    class ChoiceWanted(Message):
        """The choices shall open."""

        row: FormRow

    def __init__(self, field: FormField, value: str) -> None:
        super().__init__()
        self.field = field
        self.input = FieldInput(visible(value), compact=True, select_on_focus=False, restrict=self._restrict())
        """Where the value is typed."""
        self._value = value
        self._problem = ""
        self._findings: list[Finding] = []
        self._words: list[Content] = []

    def compose(self) -> ComposeResult:
        """The value; the rest is drawn."""
        yield self.input

    def render(self) -> Content:
        """Label, a mark where values are chosen, and the words under them."""
        width = max(self.size.width, LABEL + ARROW)
        label = Content(plain(self.field.label)).truncate(LABEL - 1, ellipsis=True, pad=True)
        arrow = "▾" if self.field.choices is not None or self.field.remote else " "
        first = Content.assemble(
            label.stylize("" if self._value else MUTED),
            " " * (width - LABEL - ARROW + 1),
            Content.styled(arrow.ljust(ARROW), MUTED),
        )
        return Content("\n").join([first, *(Content(" " * (LABEL + 1)) + line for line in self._words)])

    def _restrict(self) -> str | None:
        return "[0-9]*" if self.field.is_number else None

    @property
    def problem(self) -> str:
        """Why what is typed is not taken; empty where it is."""
        return self._problem

    def show(self, value: str) -> None:
        """Show a value that came from elsewhere: undo, a choice."""
        self._take(value)
        self.refuse("")
        if self.input.value != visible(value):
            with self.prevent(Input.Changed):
                self.input.value = visible(value)

    def _take(self, value: str) -> None:
        if bool(value) != bool(self._value):
            self.refresh()
        self._value = value

    def refuse(self, problem: str) -> None:
        """Say under the field why what is typed is not taken, until something else is typed; empty: it is taken."""
        if problem != self._problem:
            self._problem = problem
            self._say()

    def tell(self, findings: list[Finding]) -> None:
        """Say what the checks found about the field under it."""
        if findings != self._findings:
            self._findings = findings
            self._say()

    def _say(self) -> None:
        """Draw what is wrong, in as many lines as it needs here."""
        told: list[Content] = []
        if self._problem:
            told.append(Content.styled(f"✘ {plain(self._problem)}", "$text-error"))
        for finding in self._findings:
            mark, style = MARKS.get(finding.level, ("•", "$text-muted"))
            told.append(Content.styled(f"{mark} {plain(finding.text)}", style))
        room = max(self.size.width - LABEL - 1, 10)
        self._words = [line for words in told for line in words.wrap(room)] if self.size.width else []
        self.styles.height = 1 + len(self._words)
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Wrap what is wrong to the new width."""
        if event.size.width and (self._problem or self._findings):
            self._say()

    def commit(self) -> None:
        """Take what is typed."""
        typed = self.input.value.strip()
        if visible(self._value) != self._value:
            typed = typed.translate(_HIDDEN)
        if typed != self._value:
            self._take(typed)
            self.post_message(self.Changed(self, self._value))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take it as it is typed: the review beside the form is live."""
        event.stop()
        self.commit()

    def on_click(self) -> None:
        """A click on a field that is chosen opens its choices."""
        if self.field.is_closed:
            self.post_message(self.ChoiceWanted(self))
        self.input.focus()
