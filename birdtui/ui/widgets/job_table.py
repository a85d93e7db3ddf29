"""The table of jobs: rows are made when they are in sight, the cursor stays on its job."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from rich.text import Text

from birdtui.spec.plain_text import plain
from birdtui.ui.job_list import JobRow, SortBy
from birdtui.ui.status_style import age, now, short_duration, status_content
from birdtui.ui.widgets.row_table import GAP, Cell, Column, RowTable

COLUMNS = (
    ("mark", " ", None, 1),
    ("status", "Status", SortBy.STATUS, 13),
    ("name", "Name", SortBy.NAME, None),
    ("age", "Age", SortBy.CREATED, 4),
    ("duration", "Took", SortBy.DURATION, 6),
    ("accuracy", "Accuracy", SortBy.ACCURACY, 9),
    ("instance", "Instance", SortBy.INSTANCE, None),
)
NAME = 2
INSTANCE = 15
"""Cells that an instance takes, mostly."""
ROOM = {"instance": 86, "duration": 66}
"""The narrowest table that has these columns; the preview says both in any case."""
NAME_TAIL = 15
"""Of a name that is too long the end stays: it holds what tells runs apart."""


class JobTable(RowTable):
    """Jobs by name; what stands in a row is asked of `row_of` whenever it is drawn."""

    DEFAULT_CSS = "JobTable { height: 1fr; overflow-x: hidden; scrollbar-gutter: stable; }"

    def __init__(self, row_of: Callable[[str], JobRow | None], *, id: str | None = None) -> None:  # noqa: A002
        """`row_of` gives a job by its name, None for one that is gone."""
        super().__init__(id=id)
        self._row_of = row_of
        self._order: Sequence[str] = ()
        self._marked: Collection[str] = ()
        self._sorting: tuple[SortBy, bool] = (SortBy.CREATED, False)
        self._name_width = 0
        self._instance_width = INSTANCE

    @property
    def names(self) -> Sequence[str]:
        """The jobs in the order of their rows."""
        return self._order

    @property
    def current(self) -> str | None:
        """The name of the job under the cursor."""
        return self._order[self.cursor_row] if self.cursor_row < len(self._order) else None

    @property
    def in_sight(self) -> Sequence[str]:
        """The names of the jobs that are on the screen."""
        rows = self.rows_in_sight
        return self._order[rows.start : rows.stop]

    def show(self, order: Sequence[str], marked: Collection[str]) -> None:
        """Show these jobs; the cursor stays on its job, and that where it is unless the list is at its top."""
        current, row = self.current, self.cursor_row
        self._marked = marked
        self._instance_width = INSTANCE
        if order is not self._order:
            self._order = order
            self._name_width = max(map(len, order), default=0)
        self._measure()
        if current is not None and current != self.current and current in order:
            moved = order.index(current) - row
            top = int(self.scroll_offset.y)
            with self.prevent(self.Highlighted):
                if top:
                    self.go_to(top + moved)
                self.cursor_row = row + moved

    def on_resize(self) -> None:
        """Another width has room for other columns and for more or less of a name."""
        self._measure()
        super().on_resize()

    def _measure(self) -> None:
        width = self.scrollable_content_region.width
        there = [column for column in COLUMNS if not width or width >= ROOM.get(column[0], 0)]
        beside = sum((size or self._instance_width) + 2 * GAP for key, _, _, size in there if key != "name")
        longest = max(self._name_width, len("Name") + 1)
        widths = {"name": min(max(width - beside - 2 * GAP, 20), longest), "instance": self._instance_width}
        sort, is_reversed = self._sorting
        arrow = "▴" if is_reversed else "▾"
        self.set_rows(
            [
                Column(key, f"{title}{arrow if by is sort else ''}", size or widths[key])
                for key, title, by, size in there
            ],
            len(self._order),
        )

    def show_sorting(self, sort: SortBy, reverse: bool) -> None:
        """Mark the column that sorts."""
        self._sorting = sort, reverse
        self._measure()

    # rows

    def cells(self, row: int) -> Sequence[Cell]:
        """Mark, status, name, age, duration, accuracy, instance, as far as there is room for them."""
        name = self._order[row]
        job = self._row_of(name)
        if job is None:
            return [""] * len(self._columns)
        moment = now()
        cells: dict[str, Cell] = {
            "mark": "●" if name in self._marked else "",
            "status": self._status(job.status),
            "name": shortened(plain(name), self._columns[NAME].width),
            "age": age(job.summary.get("CreationTime"), moment),
            "duration": short_duration(job.duration(moment)),
            "accuracy": "" if job.accuracy is None else f"{job.accuracy:.4f}",
            "instance": self._instance(plain(job.instance)),
        }
        return [cells[column.key] for column in self._columns]

    def _instance(self, text: str) -> str:
        """An instance; one that is longer than most widens its column."""
        if len(text) > self._instance_width:
            self._instance_width = len(text)
            self.call_later(self._measure)
        return text

    def _status(self, status: str) -> Text:
        """A status in the theme's colours: rich text does not know them by name."""
        content = status_content(status)
        style = str(content.spans[0].style) if content.spans else ""
        name = style.partition(" ")[0].removeprefix("$")
        color = self.app.theme_variables.get(name, "")
        return Text(
            content.plain, style=f"{'bold ' if 'bold' in style else ''}{color}" if color.startswith("#") else ""
        )


def shortened(name: str, room: int) -> str:
    """A name as it fits, its end kept."""
    return name if len(name) <= room else f"{name[: room - NAME_TAIL - 1]}…{name[-NAME_TAIL:]}"
