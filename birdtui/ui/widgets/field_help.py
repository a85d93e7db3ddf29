"""One line under the form: what the field that has the keys is about. Its place is its own, so nothing moves."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.form_fields import FormField


class FieldHelp(Static):
    """A field's name in the file, and its help."""

    DEFAULT_CSS = """
    FieldHelp { height: 1; padding: 0 1; background: $panel; color: $text-muted; text-wrap: nowrap; }
    FieldHelp { text-overflow: ellipsis; }
    """

    def show(self, field: FormField) -> None:
        """Say what a field is about."""
        self.update(Content.styled(plain(field.path), "bold") + Content(f"  {field.help}"), layout=False)
