"""Which lines of a log match what a person typed: in CloudWatch's own quoting, or as a regular expression.

Words and "quoted terms" must all occur, `?word` words any of them, `-word` words not; `/regex/` or CloudWatch's
`%regex%` is a regular expression. Terms are case sensitive as in CloudWatch, save unquoted words in small letters,
which match any case. Unlike CloudWatch a half-typed quote is a quote, and an unquoted word may hold any character.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from birdtui.watch.log_buffer import Block, LogBuffer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REGEX_SEES = 4096
"""How many bytes of a line a regular expression looks at: a hostile line must not stall the screen."""

ERROR_LINE = re.compile(
    rb"\bERROR\b|\b(?:Customer|Algorithm|Client|Internal|Capacity) ?Error\b|\bTraceback \(most recent|"
    rb"^\w*(?:Error|Exception)\b|\bFATAL\b|out of memory"
)
"""What an error looks like in a training log: the algorithm's own level and words, Python's tracebacks, CUDA's."""

ACCURACY = '"Validation-accuracy"'
"""The lab's own filter."""

_TOKEN = re.compile(r'(?P<sign>[?-]?)(?:"(?P<quoted>(?:\\.|[^"\\])*)"?|(?P<word>[^\s"]+))')


class PatternError(ValueError):
    """What was typed is not a pattern; the message says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """Text that occurs or not; `any_case` when the text is in small letters and case does not count."""

    text: bytes
    any_case: bool = False

    def occurs_in(self, line: bytes) -> bool:
        """Whether the line holds the term."""
        return self.text in (line.lower() if self.any_case else line)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A parsed pattern: all of these terms, any of those, none of the last; or a regular expression."""

    all_of: tuple[Term, ...] = ()
    any_of: tuple[Term, ...] = ()
    none_of: tuple[Term, ...] = ()
    regex: re.Pattern[bytes] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every line matches."""
        return not (self.all_of or self.any_of or self.none_of or self.regex)

    def matches(self, line: bytes) -> bool:
        """Whether one line matches."""
        return (
            all(term.occurs_in(line) for term in self.all_of)
            and (not self.any_of or any(term.occurs_in(line) for term in self.any_of))
            and not any(term.occurs_in(line) for term in self.none_of)
            and (self.regex is None or self.regex.search(line, 0, REGEX_SEES) is not None)
        )

    def scan(self, block: Block, text: bytes | bytearray, start: int = 0) -> array[int]:
        """The places within a block, from `start` on, of the lines that match."""
        if self.is_empty:
            return array("I", range(start, len(block)))
        if self.all_of:
            candidates = _with_term(self.all_of[0], block, text, start)
            if len(self.all_of) == 1 and not (self.any_of or self.none_of or self.regex):
                return array("I", candidates)
        else:
            candidates = iter(range(start, len(block)))
        return array(
            "I", (local for local in candidates if self.matches(bytes(text[block.starts[local] : block.end(local)])))
        )

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where in a line the pattern's own terms stand, for marking; in characters."""
        spans: list[tuple[int, int]] = []
        for term in (*self.all_of, *self.any_of):
            haystack = line.lower() if term.any_case else line
            needle = term.text.decode("utf-8", "replace")
            at = haystack.find(needle)
            while at >= 0 and needle:
                spans.append((at, at + len(needle)))
                at = haystack.find(needle, at + len(needle))
        if self.regex is not None:
            raw = line.encode("utf-8", "replace")
            for match in self.regex.finditer(raw, 0, REGEX_SEES):
                first = len(raw[: match.start()].decode("utf-8", "replace"))
                spans.append((first, first + len(match.group().decode("utf-8", "replace"))))
        return spans


def parse(pattern: str) -> LogFilter:
    """What a person typed as a filter; raises PatternError for a broken regular expression."""
    pattern = pattern.strip()
    if len(pattern) > 1 and pattern[0] == pattern[-1] and pattern[0] in "/%":
        return LogFilter(regex=_regex(pattern[1:-1]))
    terms: dict[str, list[Term]] = {"": [], "?": [], "-": []}
    for match in _TOKEN.finditer(pattern):
        quoted, word, sign = match["quoted"], match["word"], match["sign"]
        if quoted is not None:
            term = Term(re.sub(r"\\(.)", r"\1", quoted).encode())
        else:
            term = Term(word.encode(), any_case=word == word.lower())
        if term.text:
            terms[sign].append(term)
    # the longest term first: it is the rarest, and the first decides how many lines the others see
    all_of = sorted(terms[""], key=lambda term: (term.any_case, -len(term.text)))
    return LogFilter(tuple(all_of), tuple(terms["?"]), tuple(terms["-"]))


def errors_only() -> LogFilter:
    """The filter that shows only errors."""
    return LogFilter(regex=ERROR_LINE)


def _regex(source: str) -> re.Pattern[bytes]:
    try:
        return re.compile(source.encode())
    except re.error as error:
        raise PatternError(f"not a regular expression: {error}") from None


def _with_term(term: Term, block: Block, text: bytes | bytearray, start: int) -> Iterator[int]:
    """The lines from `start` on that hold a term, found by searching the block as one text."""
    if start >= len(block):
        return
    haystack = text.lower() if term.any_case else text
    starts = block.starts
    at = haystack.find(term.text, starts[start])
    while at >= 0:
        local = bisect_right(starts, at) - 1
        yield local
        if local + 1 >= len(starts):
            return
        at = haystack.find(term.text, starts[local + 1])


class Matches:
    """The lines of a buffer that all of some filters (and one host, if chosen) let through, kept up to date in slices.

    `update(budget)` looks at a few blocks and says whether more remain; places are those of the buffer. When lines
    come in before others, only the blocks that changed are looked at again.
    """

    def __init__(self, buffer: LogBuffer, filters: tuple[LogFilter, ...], host: str | None = None) -> None:
        self._buffer = buffer
        self._filters = tuple(each for each in filters if not each.is_empty)
        self._host = host
        self._found: dict[int, tuple[Block, int, array[int]]] = {}

    @property
    def is_all(self) -> bool:
        """Whether every line of the buffer passes, so that nothing needs counting."""
        return not self._filters and self._host is None

    def update(self, blocks_at_once: int = 4) -> bool:
        """Look at up to `blocks_at_once` blocks not seen yet, the newest first; True while more remain."""
        done = 0
        blocks = self._buffer.blocks
        alive = {id(block) for block in blocks}
        for key in [key for key in self._found if key not in alive]:
            del self._found[key]
        for block in reversed(blocks):
            seen = self._found.get(id(block))
            if seen is not None and seen[1] == len(block):
                continue
            if done == blocks_at_once:
                return True
            self._found[id(block)] = self._scan(block, seen)
            done += 1
        return False

    def _scan(self, block: Block, seen: tuple[Block, int, array[int]] | None) -> tuple[Block, int, array[int]]:
        start = seen[1] if seen else 0
        total = len(block)
        text = self._buffer.block_text(block)
        first, *others = self._filters or (LogFilter(),)
        found = first.scan(block, text, start)
        if others or self._host is not None:
            number = self._buffer.hosts.index(self._host) if self._host in self._buffer.hosts else None
            found = array(
                "I",
                (
                    local
                    for local in found
                    if (self._host is None or block.hosts[local] == number)
                    and all(each.matches(bytes(text[block.starts[local] : block.end(local)])) for each in others)
                ),
            )
        if seen:
            found = seen[2] + found
        return block, total, array("I", (local for local in found if local < total))

    def places(self) -> NDArray[np.int64]:
        """The places of all lines found so far, oldest first."""
        import numpy as np

        parts = [np.empty(0, np.int64)]
        first = 0
        for block in self._buffer.blocks:
            seen = self._found.get(id(block))
            if seen is not None and len(seen[2]):
                parts.append(np.frombuffer(seen[2], np.uint32).astype(np.int64) + first)
            first += len(block)
        return np.concatenate(parts)

    def count(self) -> int:
        """How many lines match so far."""
        return sum(len(found) for _, _, found in self._found.values())
