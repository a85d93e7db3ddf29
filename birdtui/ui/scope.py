"""What every screen and widget with commands shares: its keys come from the command table, read-only mode binds all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from birdtui.ui.commands import is_write

if TYPE_CHECKING:
    from textual.dom import DOMNode as _Base
else:
    _Base = object  # a DOMNode here would stand in the way of the default style of the class mixed with


class CommandScope(_Base):
    """Mix in before a Textual screen or widget class, set `COMMAND_SCOPE` and `BINDINGS = bindings(scope)`."""

    COMMAND_SCOPE: ClassVar[str]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide and refuse what creates or stops a job when the app is read-only."""
        if getattr(self.app, "read_only", False) and is_write(self.COMMAND_SCOPE, action):
            return False
        return super().check_action(action, parameters)
