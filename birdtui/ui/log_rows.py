"""Which lines of a log are on show: all of them, or those the filters let through with lines of context around."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from birdtui.watch.log_buffer import Line, LogBuffer
from birdtui.watch.log_filter import ACCURACY, LogFilter, Matches, errors_only, parse

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
    """The rows of a log view, counted from 0; call `update` until it says that nothing remains to be looked at."""

    def __init__(self, buffer: LogBuffer) -> None:
        self.buffer = buffer
        self.shown = Shown()
        self._matches = Matches(buffer, ())
        self._places: NDArray[np.int64] | None = None
        self._matching: NDArray[np.int64] | None = None

    def show(self, shown: Shown) -> None:
        """Change what is on show."""
        if shown.filters() != self.shown.filters() or shown.host != self.shown.host:
            self._matches = Matches(self.buffer, shown.filters(), shown.host)
        self.shown = shown
        self._collect()

    @property
    def is_all(self) -> bool:
        """Whether every line of the log is a row."""
        return self._matches.is_all

    def update(self, blocks_at_once: int = 4) -> bool:
        """Look at a few more blocks, or at what came since; True while more remains."""
        if self.is_all:
            return False
        more = self._matches.update(blocks_at_once)
        self._collect()
        return more

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
        return place if self._places is None else bisect_left(self._places, place)

    def place_of(self, row: int) -> int:
        """The place in the buffer that a row shows."""
        return row if self._places is None else int(self._places[row])

    def _is_context(self, place: int) -> bool:
        if not self.shown.context or self._matching is None:
            return False
        at = bisect_left(self._matching, place)
        return at == len(self._matching) or int(self._matching[at]) != place

    def _collect(self) -> None:
        if self.is_all:
            self._places = self._matching = None
            return
        import numpy as np

        self._matching = self._matches.places()
        self._places = self._matching
        if self.shown.context and len(self._matching):
            reach = np.arange(-self.shown.context, self.shown.context + 1)
            around = np.unique((self._matching[:, None] + reach).ravel())
            self._places = around[(around >= 0) & (around < len(self.buffer))]
