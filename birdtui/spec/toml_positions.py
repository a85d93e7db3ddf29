"""Where each key of a TOML text stands. tomli gives values without places and tomlkit gives none either.

The scanner reads texts that tomli has accepted, and the sound beginning of those it has not; it knows every form a
key can take: dotted and quoted keys, tables, arrays of tables, inline tables, and keys after strings of many lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DocPath = tuple[str | int, ...]
"""Keys, and positions in arrays from 0, from the top of the document."""

_BLANK = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")  # blanks, line ends and comments
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_LINE_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")


class _StuckError(Exception):
    """The text is not TOML from here on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One `key = value` or one `[table]` / `[[table]]` header: its path and where it starts and ends (offsets).

    `base` is the path of the header above it, `value` the offset of its value (of the header's own end, for a header).
    """

    path: DocPath
    start: int
    end: int
    header: bool
    base: DocPath = ()
    value: int = 0


@dataclass
class Places:
    """Where things stand in a text: every key's offset, each statement, and where reading got stuck, if it did."""

    text: str
    offsets: dict[DocPath, int] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    stuck: int | None = None

    def line_column(self, path: DocPath) -> tuple[int, int]:
        """Line and column, both from 1, of a key; of the nearest table around it where the key is not written."""
        while path and path not in self.offsets:
            path = path[:-1]
        return line_column(self.text, self.offsets.get(path, 0))


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both counted from 1, of an offset in a text."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def locate(text: str) -> Places:
    r"""The places of all keys in a TOML text whose lines end in `\n`."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_StuckError, RecursionError):  # RecursionError: brackets within brackets, a thousand deep
        scanner.places.stuck = scanner.begun
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.begun = 0
        self.places = Places(text)
        self._lengths: dict[DocPath, int] = {}  # arrays of tables, and how many tables each has so far

    def document(self) -> None:
        base: DocPath = ()
        while self._skip(_BETWEEN) < len(self.text):
            self.begun = self.at
            if self.text[self.at] == "[":
                base = self._header()
                self.places.statements.append(Statement(base, self.begun, self.at, True, base, self.at))
            else:
                path, value = self._pair(base)
                self.places.statements.append(Statement(path, self.begun, self.at, False, base, value))
            if not self._try(_LINE_REST):
                raise _StuckError

    def _header(self) -> DocPath:
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        self._skip(_BLANK)
        parts = list(self._key())
        self._expect("]]" if is_array else "]")
        path: DocPath = ()
        for index, (part, offset) in enumerate(parts):
            path = (*path, part)
            if is_array and index == len(parts) - 1:
                self._lengths[path] = self._lengths.get(path, 0) + 1
            self.places.offsets.setdefault(path, offset)
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
                self.places.offsets.setdefault(path, offset)
        return path

    def _pair(self, base: DocPath) -> tuple[DocPath, int]:
        """A key and its value: the path, and where the value starts."""
        path = base
        for part, offset in self._key():
            path = (*path, part)
            self.places.offsets.setdefault(path, offset)
        self._expect("=")
        self._skip(_BLANK)
        value = self.at
        self._value(path)
        return path, value

    def _key(self) -> Iterator[tuple[str, int]]:
        """The parts of a dotted key, each with its offset; stands behind the key and its blanks afterwards."""
        while True:
            start = self.at
            if self.text[start : start + 1] in {'"', "'"}:
                yield _unquoted(self._take(_STRING)), start
            else:
                yield self._take(_BARE_KEY), start
            self._skip(_BLANK)
            if self.text[self.at : self.at + 1] != ".":
                return
            self.at += 1
            self._skip(_BLANK)

    def _value(self, path: DocPath) -> None:
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in {'"', "'"}:
            self._take(_STRING)
        else:
            taken = self._take(_SCALAR)
            self.at -= len(taken) - len(taken.rstrip())

    def _array(self, path: DocPath) -> None:
        self.at += 1
        index = 0
        while self._ahead() != "]":
            self.places.offsets[(*path, index)] = self.at
            self._value((*path, index))
            index += 1
            if self._ahead() != "]":
                self._expect(",")
        self._expect("]")

    def _inline_table(self, path: DocPath) -> None:
        self.at += 1
        while self._ahead() != "}":
            self._pair(path)
            if self._ahead() != "}":
                self._expect(",")
        self._expect("}")

    def _ahead(self) -> str:
        """The next character that says something; the end of the text inside brackets is a fault."""
        self._skip(_BETWEEN)
        if self.at >= len(self.text):
            raise _StuckError
        return self.text[self.at]

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _try(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found is not None

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if not found:
            raise _StuckError
        self.at = found.end()
        return found.group()

    def _expect(self, sign: str) -> None:
        if not self.text.startswith(sign, self.at):
            raise _StuckError
        self.at += len(sign)


def _unquoted(quoted: str) -> str:
    import tomli

    if '"' not in quoted[:1]:
        return quoted[1:-1]
    try:
        return str(tomli.loads(f"key = {quoted}")["key"])
    except tomli.TOMLDecodeError as broken:
        raise _StuckError from broken
