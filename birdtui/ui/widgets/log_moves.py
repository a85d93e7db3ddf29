"""The log panel's keys that move the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from birdtui.ui.widgets.log_view import LogView


class LogMoves:
    """Mix in beside `view`; the view itself tells when following stops or begins again."""

    if TYPE_CHECKING:

        @property
        def view(self) -> LogView:
            """The window onto the rows."""

    def action_down(self) -> None:
        """One line down."""
        self.view.scroll_down(animate=False)

    def action_up(self) -> None:
        """One line up."""
        self.view.scroll_up(animate=False)

    def action_page_down(self) -> None:
        """One page down."""
        self.view.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """One page up."""
        self.view.scroll_page_up(animate=False)

    def action_top(self) -> None:
        """The first line."""
        self.view.scroll_home(animate=False)

    def action_left(self) -> None:
        """Scroll left."""
        self.view.scroll_left(animate=False)

    def action_right(self) -> None:
        """Scroll right."""
        self.view.scroll_right(animate=False)
