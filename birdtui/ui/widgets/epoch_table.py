"""The table of epochs beside the chart: newest first, a column for each series; best, saved and restart marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from birdtui.spec.plain_text import plain
from birdtui.ui.chart_model import ChartData, Curve
from birdtui.ui.widgets.row_table import Cell, Column, RowTable

VALUE = 8


class EpochTable(RowTable):
    """Values by epoch, of one curve or of several instances' side by side."""

    DEFAULT_CSS = "EpochTable { width: auto; max-width: 50%; height: 1fr; background: $surface; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._epochs: Sequence[int] = ()
        self._curves: tuple[Sequence[Curve], ...] = ()
        self._best: int | None = None
        self._saved: int | None = None
        self._restarts: frozenset[int] = frozenset()

    def show(self, curves: Mapping[str, Sequence[Curve]], data: ChartData) -> None:
        """Show each metric's curves."""
        self._curves = tuple(curves.values())
        self._epochs = _epochs([curve for found in self._curves for curve in found])
        self._best, self._saved = data.best[0] if data.best else None, data.saved
        self._restarts = frozenset(data.restarts)
        last = self.epoch_at(0)
        columns = [Column("epoch", "epoch", max(len("epoch"), len(f"{last} ◆■{'↻' if data.restarts else ''}")))]
        for name, found in curves.items():
            title = plain(name).replace(":", "\n")
            values = (VALUE + 1) * len(found) - 1
            columns.append(Column(name, title, max(values, *map(len, title.split("\n")))))
        self.set_rows(columns, len(self._epochs))

    def epoch_at(self, row: int) -> int | None:
        """The epoch of a row."""
        return self._epochs[len(self._epochs) - 1 - row] if 0 <= row < len(self._epochs) else None

    def cells(self, row: int) -> Sequence[Cell]:
        """The epoch with its marks, and its values."""
        epoch = self.epoch_at(row)
        if epoch is None:
            return [""] * (len(self._curves) + 1)
        marks = ("◆" if epoch == self._best else "") + ("■" if epoch == self._saved else "")
        marks += "↻" if epoch in self._restarts else ""
        return [
            f"{epoch} {marks}".rstrip(),
            *("/".join(value_text(curve.at(epoch)) for curve in found) for found in self._curves),
        ]


def value_text(value: float | None) -> str:
    """A value with four places; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.4f}"


def _epochs(curves: Sequence[Curve]) -> Sequence[int]:
    """Every epoch that has a value, in order."""
    if not curves:
        return ()
    first = curves[0].epochs
    if all(curve.epochs == first for curve in curves):
        return first
    return sorted({epoch for curve in curves for epoch in curve.epochs})
