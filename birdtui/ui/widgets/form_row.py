"""One row of the form: label, value, and under them help while it has the keys, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from birdtui.spec.findings import Finding, Level
from birdtui.spec.plain_text import plain
from birdtui.ui.form_fields import FormField

MARKS = {Level.ERROR: ("✘", "$text-error"), Level.WARNING: ("▲", "$text-warning"), Level.NOTE: ("•", "$text-muted")}


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


class FormRow(Vertical):
    """A field of the form; tells when its value was changed and left."""

    DEFAULT_CSS = """
    FormRow { height: auto; }
    FormRow > Horizontal { height: 1; }
    FormRow .label { width: 24; color: $text-muted; text-overflow: ellipsis; }
    FormRow.-set .label { color: $text; }
    FormRow FieldInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $boost; }
    FormRow FieldInput:focus { border: none; background: $primary 30%; }
    FormRow .arrow { width: 2; color: $text-muted; }
    FormRow .word { height: auto; padding-left: 25; display: none; color: $text-muted; }
    FormRow .word.-shown { display: block; }
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
        self._value = value
        self._problem = ""
        self._findings: list[Finding] = []
        self._has_keys = False
        self.set_class(bool(value), "-set")

    def compose(self) -> ComposeResult:
        """Label, value, a mark where values are chosen, and the line under them."""
        with Horizontal():
            yield Static(Content(plain(self.field.label)), classes="label")
            yield FieldInput(self._value, compact=True, select_on_focus=False, restrict=self._restrict())
            yield Static("▾" if self.field.choices is not None or self.field.remote else "", classes="arrow")
        yield Static(classes="word")

    @property
    def input(self) -> FieldInput:
        """Where the value is typed."""
        return self.query_one(FieldInput)

    def _restrict(self) -> str | None:
        return "[0-9]*" if self.field.is_number else None

    @property
    def problem(self) -> str:
        """Why what is typed is not taken; empty where it is."""
        return self._problem

    def show(self, value: str) -> None:
        """Show a value that came from elsewhere: undo, a choice."""
        self._value = value
        self.set_class(bool(value), "-set")
        self.refuse("")
        if self.is_mounted and self.input.value != value:
            with self.prevent(Input.Changed):
                self.input.value = value

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
        lines: list[Content] = []
        if self._problem:
            lines.append(Content.styled(f"✘ {plain(self._problem)}", "$text-error"))
        for finding in self._findings:
            mark, style = MARKS.get(finding.level, ("•", "$text-muted"))
            lines.append(Content.styled(f"{mark} {plain(finding.text)}", style))
        if self._has_keys and self.field.help:
            lines.insert(0, Content(self.field.help))
        if self.is_mounted:
            word = self.query_one(".word", Static)
            word.update(Content("\n").join(lines))
            word.set_class(bool(lines), "-shown")

    def on_descendant_focus(self) -> None:
        """Show the help too. (A `:focus-within` rule would style the whole form anew at each step.)"""
        self._has_keys = True
        self._say()

    def on_descendant_blur(self) -> None:
        """Show what is wrong alone."""
        self._has_keys = False
        self._say()

    def commit(self) -> None:
        """Take what is typed."""
        if self.input.value.strip() != self._value:
            self._value = self.input.value.strip()
            self.set_class(bool(self._value), "-set")
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
