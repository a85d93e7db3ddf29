"""The editor's form: all fields of a job by section, its hyperparameters, its channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from birdtui.spec.findings import Finding, Level
from birdtui.spec.image_classification import ALGORITHM
from birdtui.spec.images import recognise
from birdtui.spec.plain_text import plain
from birdtui.ui.editor_model import EditorModel, InvalidField
from birdtui.ui.form_fields import CHANNEL_FIELDS, SECTIONS, FormField, hyperparameter_fields
from birdtui.ui.widgets.form_row import FieldInput, FormRow


class Heading(Static):
    """A section's title."""

    DEFAULT_CSS = "Heading { height: 1; margin-top: 1; text-style: bold; color: $text-primary; }"


class ChannelHead(Horizontal):
    """A channel's name, and what can be done with the channel."""

    DEFAULT_CSS = """
    ChannelHead { height: 1; margin-top: 1; }
    ChannelHead Static { width: 10; text-style: bold; }
    ChannelHead Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $boost; }
    ChannelHead Button { width: auto; min-width: 4; height: 1; border: none; margin-left: 1; padding: 0 1; }
    """

    @dataclass
    class Asked(Message):
        """Rename, move or remove a channel: `what` is `rename`, `up`, `down` or `remove`."""

        channel: str
        what: str
        name: str = ""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.channel = channel

    def compose(self) -> ComposeResult:
        """Name and buttons."""
        yield Static("channel")
        yield Input(self.channel, compact=True)
        yield Button("↑", id="up", compact=True)
        yield Button("↓", id="down", compact=True)
        yield Button("remove", id="remove", compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Rename."""
        event.stop()
        self.post_message(self.Asked(self.channel, "rename", event.value.strip()))

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """A name that was changed is taken when it is left."""
        event.stop()
        if event.value.strip() != self.channel:
            self.post_message(self.Asked(self.channel, "rename", event.value.strip()))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Move or remove."""
        event.stop()
        self.post_message(self.Asked(self.channel, str(event.button.id)))


class NewHyperparameter(Input):
    """NAME=VALUE adds a hyperparameter that the form does not know."""

    DEFAULT_CSS = "NewHyperparameter { height: 1; border: none; padding: 0 1; margin-left: 24; background: $boost; }"


class JobForm(VerticalScroll, can_focus=False):
    """Draws an EditorModel and writes into it; tells `Edited` after each change."""

    DEFAULT_CSS = """
    JobForm { background: $surface; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
    ]

    class Edited(Message):
        """The job is another than before."""

    @dataclass
    class Entered(Message):
        """A field has the keys."""

        field: FormField

    def __init__(self, model: EditorModel) -> None:
        super().__init__()
        self.model = model
        self._field = ""

    def compose(self) -> ComposeResult:
        """Every field there is for this job."""
        yield from self._rows()

    def _rows(self) -> Iterator[Widget]:
        for section in SECTIONS:
            yield Heading(section.title)
            yield from (self._row(field) for field in section.fields)
        yield Heading("Channels")
        for name in self.model.channel_names():
            yield ChannelHead(name)
            yield from (self._row(replace(each, path=f"channels.{name}.{each.path}")) for each in CHANNEL_FIELDS)
        yield Static(Content.styled("^a adds a channel", "$text-muted"))
        yield Heading("Hyperparameters: those that are set first; an empty one is not sent")
        known = self._is_image_classification()
        yield from (self._row(each) for each in hyperparameter_fields(list(self.model.hyperparameters()), known=known))
        yield NewHyperparameter(placeholder="another: NAME=VALUE", compact=True)

    def _row(self, field: FormField) -> FormRow:
        return FormRow(field, self.model.text(field.path))

    def _is_image_classification(self) -> bool:
        spec = self.model.spec
        if spec.algorithm is not None:
            return spec.algorithm == ALGORITHM
        reference = recognise(spec.image) if spec.image else None
        return reference is not None and reference.algorithm == ALGORITHM

    # what a person does

    def on_form_row_changed(self, event: FormRow.Changed) -> None:
        """Write a value into the job; a value that does not fit stays in sight with the reason."""
        event.stop()
        path = event.row.field.path
        before = self._is_image_classification()
        try:
            self.model.set_text(path, event.value)
        except InvalidField as problem:
            event.row.refuse(str(problem))
        else:
            event.row.refuse("")
            if before != self._is_image_classification():
                self.rebuild(path)
            elif path in {"algorithm.name", "algorithm.image"}:
                self.show_values()
        self.post_message(self.Edited())

    def on_input_blurred(self) -> None:
        """What is typed after coming back is another step for undo."""
        self.model.settle()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Add a hyperparameter by NAME=VALUE."""
        if not isinstance(event.input, NewHyperparameter):
            return
        event.stop()
        name, separator, value = event.value.partition("=")
        if not name.strip() or not separator:
            self.app.notify("expected NAME=VALUE", severity="error")
        else:
            self.model.set_text(f"hyperparameters.{name.strip()}", value)
            self.rebuild(f"hyperparameters.{name.strip()}")
            self.post_message(self.Edited())

    def on_channel_head_asked(self, event: ChannelHead.Asked) -> None:
        """Rename, move or remove a channel."""
        event.stop()
        focus = f"channels.{event.name or event.channel}.s3_uri"
        try:
            match event.what:
                case "rename":
                    self.model.rename_channel(event.channel, event.name)
                case "up" | "down":
                    self.model.move_channel(event.channel, -1 if event.what == "up" else 1)
                case "remove":
                    self.model.remove_channel(event.channel)
        except InvalidField as problem:
            self.app.notify(plain(str(problem)), severity="error", markup=False)
            focus = f"channels.{event.channel}.s3_uri"
        self.rebuild(focus)
        self.post_message(self.Edited())

    def action_step(self, by: int) -> None:
        """The field above or below."""
        if by > 0:
            self.screen.focus_next(FieldInput)
        else:
            self.screen.focus_previous(FieldInput)

    # showing

    def rows(self) -> list[FormRow]:
        """All rows there are."""
        return list(self.query(FormRow))

    def problems(self) -> list[Finding]:
        """What is typed and cannot be taken, as findings: the job still has the value before it."""
        return [Finding("typed", Level.ERROR, row.field.path, row.problem) for row in self.rows() if row.problem]

    def show_values(self) -> None:
        """Show what the job says now: after undo."""
        shown = [row.field.path for row in self.rows()]
        wanted = [row.field.path for row in self._rows() if isinstance(row, FormRow)]
        if shown != wanted:
            self.rebuild(None)
            return
        for row in self.rows():
            row.show(self.model.text(row.field.path))

    def rebuild(self, focus: str | None) -> None:
        """Make the rows anew and go to a field."""

        async def renew() -> None:
            top = self.scroll_offset.y
            async with self.batch():
                await self.remove_children()
                await self.mount_all(list(self._rows()))
            self.scroll_to(y=top, animate=False)
            if focus is not None:
                self.go_to(focus)
            self.post_message(self.Edited())

        self.call_later(renew)

    def go_to(self, path: str) -> bool:
        """Give the keys to a field; False where the form has none of that path."""
        for row in self.rows():
            if row.field.path == path or (path and row.field.path.startswith(path + ".")):
                row.input.focus()
                self.scroll_to_widget(row, animate=False)
                self._field = row.field.path
                return True
        return False

    @property
    def current_field(self) -> str:
        """The path of the field that has the keys, or had them last."""
        return self._field

    def fill_in(self, path: str, value: str) -> bool:
        """Put a value into a field and go there; False where the form has no field of that path."""
        row = next((row for row in self.rows() if row.field.path == path), None)
        if row is None:
            return False
        row.input.value = value
        return self.go_to(path)

    def go_back(self) -> None:
        """Give the keys back to the field that had them last."""
        if not self.go_to(self._field):
            self.go_to("job.name")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the field."""
        if isinstance(event.widget, FieldInput):
            field = event.widget.query_ancestor(FormRow).field
            self._field = field.path
            self.post_message(self.Entered(field))

    def tell(self, findings: Sequence[Finding]) -> None:
        """Put what the checks say under the fields it is about."""
        for row in self.rows():
            try:
                row.tell([each for each in findings if each.field == row.field.path])
            except NoMatches:
                continue  # a row that is being taken away
