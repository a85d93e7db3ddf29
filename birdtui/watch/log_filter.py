"""Which lines of a log match what a person typed: in CloudWatch's own quoting, or as a regular expression.

Words and "quoted terms" must all occur, `?word` words any of them, `-word` words not; `/regex/` or CloudWatch's
`%regex%` is a regular expression. Terms are case sensitive as in CloudWatch, save unquoted words in small letters,
which match any case. Unlike CloudWatch a half-typed quote is a quote, and an unquoted word may hold any character.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from birdtui.watch.bounded_regex import is_quick, needle, search

if TYPE_CHECKING:
    import regex

REGEX_SEES = 4096
"""How many bytes of a line a regular expression looks at: a hostile line must not stall the screen."""
REGEX_SECONDS = 0.01
"""How long a regular expression that a person typed may look at one line."""

ERROR_LINE = re.compile(
    rb"\bERROR\b|\b(?:Customer|Algorithm|Client|Internal|Capacity) ?Error\b|\bTraceback \(most recent|"
    rb"^\w*(?:Error|Exception)\b|\bFATAL\b|out of memory"
)
"""What an error looks like in a training log: the algorithm's own level and words, Python's tracebacks, CUDA's."""
ERROR_HINTS = (b"ERROR", b"Error", b"Traceback", b"Exception", b"FATAL", b"out of memory")
"""One of these stands in whatever `ERROR_LINE` finds."""

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

    def implies(self, other: Term) -> bool:
        """Whether every line with this term has the other one too."""
        if other.any_case:
            return other.text in self.text.lower()
        return not self.any_case and other.text in self.text

    def occurs_in(self, line: bytes) -> bool:
        """Whether the line holds the term."""
        return self.text in (line.lower() if self.any_case else line)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A parsed pattern: all of these terms, any of those, none of the last; or a regular expression.

    A line that a regular expression matches holds one of its `hints`, if there are any.
    """

    all_of: tuple[Term, ...] = ()
    any_of: tuple[Term, ...] = ()
    none_of: tuple[Term, ...] = ()
    regex: re.Pattern[bytes] | regex.Pattern[bytes] | None = None
    hints: tuple[bytes, ...] = ()

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
            and self.regex_matches(line)
        )

    def regex_matches(self, line: bytes) -> bool:
        """Whether the regular expression, if there is one, matches; raises TimeoutError when it takes too long."""
        if self.regex is None:
            return True
        if isinstance(self.regex, re.Pattern):
            return self.regex.search(line, 0, REGEX_SEES) is not None
        return search(self.regex, line[:REGEX_SEES], REGEX_SECONDS) is not None

    def narrows(self, other: LogFilter) -> bool:
        """Whether it lets through only lines that `other` lets through, as far as that is plain to see."""
        rest = (other.any_of, other.none_of, other.regex)
        return rest == (self.any_of, self.none_of, self.regex) and all(
            any(mine.implies(term) for mine in self.all_of) for term in other.all_of
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
            for match in self._regex_spans(raw):
                first = len(raw[: match.start()].decode("utf-8", "replace"))
                spans.append((first, first + len(match.group().decode("utf-8", "replace"))))
        return spans

    def _regex_spans(self, raw: bytes) -> Iterator[Any]:
        """The matches of the regular expression, as far as they are found in time."""
        if isinstance(self.regex, re.Pattern):
            yield from self.regex.finditer(raw, 0, REGEX_SEES)
        elif self.regex is not None:
            with suppress(TimeoutError):
                yield from self.regex.finditer(raw[:REGEX_SEES], timeout=REGEX_SECONDS)


def parse(pattern: str) -> LogFilter:
    """What a person typed as a filter; raises PatternError for a broken regular expression."""
    pattern = pattern.strip()
    if len(pattern) > 1 and pattern[0] == pattern[-1] and pattern[0] in "/%":
        hint = needle(pattern[1:-1]).encode()
        return LogFilter(regex=_regex(pattern[1:-1]), hints=(hint,) if hint else ())
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
    return LogFilter(regex=ERROR_LINE, hints=ERROR_HINTS)


def _regex(source: str) -> re.Pattern[bytes] | regex.Pattern[bytes]:
    """A pattern that is searched as it is where that is safe, else for a bounded time."""
    if is_quick(source):
        try:
            return re.compile(source.encode())
        except re.error as error:
            raise PatternError(f"not a regular expression: {error}") from None
    import regex

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what a later Python may read otherwise
            return regex.compile(source.encode())
    except (regex.error, RecursionError, OverflowError) as error:
        raise PatternError(f"not a regular expression: {error}") from None
