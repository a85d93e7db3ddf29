"""Which lines of a log are on show: all of them, or those the filters let through with lines of context around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from birdtui.watch.log_buffer import Line, LogBuffer
from birdtui.watch.log_filter import ACCURACY, LogFilter, errors_only, parse
from birdtui.watch.log_matches import SLICE_SECONDS, Matches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Shown:
    """What a person asked to see. Each part stands alone: changing one leaves the others."""

    pattern: LogFilter = field(default_factory=LogFilter)
    errors: bool = False
    accuracy: bool = False
    host: str | None = None
    context: int = 0

    def filters(self) -> tuple[LogFilter, ...]:
        """The filters that a line must pass, all of them."""
        parts = [self.pattern]
        if self.errors:
            parts.append(errors_only())
        if self.accuracy:
            parts.append(parse(ACCURACY))
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One drawn line; `context` is true for a line shown only because its neighbour matches."""

    line: Line
    context: bool = False


class LogRows:
    """The rows of a log view, counted from 0; call `look` until nothing remains, and `update` before they are drawn."""

    def __init__(self, buffer: LogBuffer) -> None:
        self.buffer = buffer
        self.shown = Shown()
        self._matches = Matches(buffer, ())
        self._places: NDArray[np.int64] | None = None
        self._matching: NDArray[np.int64] | None = None
        self._rows: NDArray[np.int64] | None = None
        self._context = 0

    def show(self, shown: Shown) -> None:
        """Change what is on show."""
        if shown.filters() != self.shown.filters() or shown.host != self.shown.host:
            self._matches = Matches(self.buffer, shown.filters(), shown.host, within=self._matches)
        self.shown = shown
        self._collect()

    @property
    def is_all(self) -> bool:
        """Whether every line of the log is a row."""
        return self._matches.is_all

    def look(self, seconds: float = SLICE_SECONDS) -> bool:
        """Look on for about so long at lines not looked at yet; True while more remain. Raises TooSlow."""
        return not self.is_all and self._matches.update(seconds)

    def update(self) -> None:
        """Have what was found so far as rows."""
        if not self.is_all:
            self._collect()

    def __len__(self) -> int:
        return len(self.buffer) if self._places is None else len(self._places)

    @property
    def matching(self) -> int:
        """How many lines match, context not counted."""
        return len(self.buffer) if self._matching is None else len(self._matching)

    def rows(self, start: int, stop: int) -> list[Row]:
        """The rows of a range, as far as they exist."""
        start, stop = max(start, 0), min(stop, len(self))
        if start >= stop:
            return []
        if self._places is None:
            return [Row(line) for line in self.buffer.lines(start, stop)]
        places: Sequence[int] = self._places[start:stop].tolist()
        found: list[Row] = []
        first = 0
        for at in range(1, len(places) + 1):
            if at == len(places) or places[at] != places[at - 1] + 1:
                found.extend(
                    Row(line, self._is_context(place))
                    for place, line in enumerate(self.buffer.lines(places[first], places[at - 1] + 1), places[first])
                )
                first = at
        return found

    def row_of(self, place: int) -> int:
        """The row that shows a place of the buffer, or the first one after it."""
        return place if self._places is None else int(self._places.searchsorted(place))

    def rows_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows that show places of the buffer, in order; those that are not on show are left out."""
        if self._places is None:
            return places
        import numpy as np

        if self._rows is None:
            self._rows = np.full(len(self.buffer), -1, np.int64)
            self._rows[self._places] = np.arange(len(self._places))
        rows = self._rows[places[places < len(self._rows)]]
        return rows[rows >= 0]

    def place_of(self, row: int) -> int:
        """The place in the buffer that a row shows."""
        return row if self._places is None else int(self._places[row])

    def _is_context(self, place: int) -> bool:
        if not self.shown.context or self._matching is None:
            return False
        at = int(self._matching.searchsorted(place))
        return at == len(self._matching) or int(self._matching[at]) != place

    def _collect(self) -> None:
        """Make rows of what was found, unless they are made of that already."""
        if self.is_all:
            self._places = self._matching = self._rows = None
            return
        found = self._matches.places()
        if found is self._matching and self._context == self.shown.context:
            return
        import numpy as np

        self._rows = None
        self._matching = self._places = found
        self._context = self.shown.context
        if self._context and len(found):
            matching = np.zeros(len(self.buffer), bool)
            matching[found] = True
            around = matching.copy()
            for reach in range(1, self._context + 1):
                around[reach:] |= matching[:-reach]
                around[:-reach] |= matching[reach:]
            self._places = np.flatnonzero(around)
