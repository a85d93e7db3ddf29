"""The lines of a log that filters let through, kept up to date a few milliseconds at a time.

Blocks are searched as one text while hits are rare, line by line where most lines match. The newest blocks come first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from birdtui.watch.log_buffer import Block, LogBuffer
from birdtui.watch.log_filter import LogFilter, Term

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLICE_SECONDS = 0.002
"""How long one look may take: keys wait for it."""
FREQUENT = 16
"""A term that is in more than one line of so many is looked for line by line."""
STRIKES = 3
"""On how many lines a regular expression may run out of time until it is let go."""


class TooSlow(Exception):
    """A regular expression takes too long on the lines of this log."""


class BlockLines:
    """A block's lines from one on, as their filters want to see them; places are counted from that line."""

    def __init__(self, buffer: LogBuffer, block: Block, start: int) -> None:
        self.start = start
        self.text, self.stop = buffer.text_from(block, start)
        self._starts = block.starts
        self._offset = block.starts[start] if start < self.stop else 0

    def __len__(self) -> int:
        return self.stop - self.start

    @cached_property
    def lines(self) -> list[bytes]:
        """Each line."""
        return self.text.split(b"\n")[:-1]

    @cached_property
    def lower_text(self) -> bytes:
        """The text in small letters."""
        return self.text.lower()

    @cached_property
    def lower_lines(self) -> list[bytes]:
        """Each line in small letters."""
        return self.lower_text.split(b"\n")[:-1]

    def with_term(self, term: Term, among: Sequence[int] | None = None) -> list[int]:
        """The lines that hold a term, of some lines or of all."""
        text = term.text
        if among is not None:
            lines = self.lower_lines if term.any_case else self.lines
            return [line for line in among if text in lines[line]]
        haystack = self.lower_text if term.any_case else self.text
        found: list[int] = []
        most = max(len(self) // FREQUENT, 8)
        at = haystack.find(text)
        while at >= 0:
            line = bisect_right(self._starts, at + self._offset) - 1
            found.append(line - self.start)
            if line + 1 >= self.stop:
                break
            if len(found) > most:
                return found + self.with_term(term, range(found[-1] + 1, len(self)))
            at = haystack.find(text, self._starts[line + 1] - self._offset)
        return found


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was found in a block's first lines: `places` within it, in order."""

    block: Block
    lines: int
    places: NDArray[np.uint32]


class Matches:
    """The lines of a buffer that all of some filters (and one host, if chosen) let through.

    `update` looks on and says whether lines remain; places are those of the buffer. When lines come in before others,
    only the blocks that changed are looked at again.
    """

    def __init__(
        self,
        buffer: LogBuffer,
        filters: tuple[LogFilter, ...],
        host: str | None = None,
        within: Matches | None = None,
    ) -> None:
        """What `within` found is not looked beyond, if these filters let through no line that it does not."""
        self._buffer = buffer
        self._filters = tuple(each for each in filters if not each.is_empty)
        self._host = host
        self._seen: dict[int, _Seen] = {}
        self._version = 0
        self._places: tuple[object, NDArray[np.int64]] | None = None
        self._strikes = 0
        self._within = within._seen if within is not None and self._narrows(within) else {}

    def _narrows(self, other: Matches) -> bool:
        return other._host in {None, self._host} and all(
            any(mine.narrows(their) for mine in self._filters) for their in other._filters
        )

    @property
    def is_all(self) -> bool:
        """Whether every line of the buffer passes, so that nothing needs counting."""
        return not self._filters and self._host is None

    def update(self, seconds: float = SLICE_SECONDS) -> bool:
        """Look on for about so long, the newest lines first; True while more remain. Raises TooSlow."""
        end = perf_counter() + seconds
        blocks = self._buffer.blocks
        if len(self._seen) > len(blocks):
            alive = {id(block) for block in blocks}
            self._seen = {key: seen for key, seen in self._seen.items() if key in alive}
            self._version += 1
        looked = False
        for block in reversed(blocks):
            seen = self._seen.get(id(block))
            if seen is not None and seen.block is block and seen.lines == len(block):
                continue
            if looked and perf_counter() >= end:
                return True
            self._seen[id(block)] = self._look(block, seen if seen is not None and seen.block is block else None)
            self._version += 1
            looked = True
        return False

    def _look(self, block: Block, seen: _Seen | None) -> _Seen:
        """Look at a block's lines that were not seen yet."""
        import numpy as np

        lines = BlockLines(self._buffer, block, seen.lines if seen else 0)
        before = self._within.get(id(block))
        among: Sequence[int] | None = None
        if seen is None and before is not None and before.block is block and before.lines == lines.stop:
            among = before.places.tolist()
        if self._host is not None:
            among = self._of_host(block, lines, among)
        for each in self._filters:
            among = self._passing(each, lines, among)
        places = np.asarray(range(len(lines)) if among is None else among, np.uint32) + np.uint32(lines.start)
        return _Seen(block, lines.stop, np.concatenate([seen.places, places]) if seen else places)

    def _of_host(self, block: Block, lines: BlockLines, among: Sequence[int] | None) -> list[int]:
        if self._host not in self._buffer.hosts:
            return []
        number = self._buffer.hosts.index(self._host)
        hosts = block.hosts[lines.start : lines.stop]
        return [line for line in (range(len(lines)) if among is None else among) if hosts[line] == number]

    def _passing(self, pattern: LogFilter, lines: BlockLines, among: Sequence[int] | None) -> Sequence[int] | None:
        for term in pattern.all_of:
            among = lines.with_term(term, among)
        if pattern.any_of:
            among = sorted({line for term in pattern.any_of for line in lines.with_term(term, among)})
        for term in pattern.none_of:
            out = set(lines.with_term(term, among))
            among = [line for line in (range(len(lines)) if among is None else among) if line not in out]
        if pattern.hints:
            among = sorted({line for hint in pattern.hints for line in lines.with_term(Term(hint), among)})
        if pattern.regex is not None:
            among = self._matching(pattern, lines, range(len(lines)) if among is None else among)
        return among

    def _matching(self, pattern: LogFilter, lines: BlockLines, among: Sequence[int]) -> list[int]:
        """The lines that a regular expression matches; one that it takes too long for does not."""
        found: list[int] = []
        for line in among:
            try:
                if pattern.regex_matches(lines.lines[line]):
                    found.append(line)
            except TimeoutError:
                self._strikes += 1
                if self._strikes >= STRIKES:
                    raise TooSlow("this regular expression takes too long on the lines of this log") from None
        return found

    def places(self) -> NDArray[np.int64]:
        """The places of all lines found so far, oldest first."""
        import numpy as np

        key = (self._version, self._buffer.version)
        if self._places is None or self._places[0] != key:
            parts = [np.empty(0, np.int64)]
            first = 0
            for block in self._buffer.blocks:
                seen = self._seen.get(id(block))
                if seen is not None and seen.block is block and len(seen.places):
                    parts.append(seen.places.astype(np.int64) + first)
                first += len(block)
            self._places = key, np.concatenate(parts)
        return self._places[1]

    def count(self) -> int:
        """How many lines match so far."""
        return sum(len(seen.places) for seen in self._seen.values())
