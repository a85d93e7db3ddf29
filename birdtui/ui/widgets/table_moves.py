"""The jobs screen's keys that move the cursor of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from birdtui.ui.widgets.job_table import JobTable


class TableMoves:
    """Mix in beside `table`."""

    if TYPE_CHECKING:

        @property
        def table(self) -> JobTable:
            """The table of jobs."""

    def action_down(self) -> None:
        """The next job."""
        self.table.action_cursor_down()

    def action_up(self) -> None:
        """The job before."""
        self.table.action_cursor_up()

    def action_first(self) -> None:
        """The first job."""
        self.table.cursor_row = 0

    def action_last(self) -> None:
        """The last job loaded."""
        self.table.cursor_row = self.table.row_count - 1
