"""What a training run was told: the algorithm's parameter dump and its final configuration, read out of the log.

The dump holds the effective values, which can differ from the request's and from the documented defaults.
"""

from __future__ import annotations

import re

_BEGIN = "---- Parameters ----"
_END = re.compile(r"-{10,}\s*$")
_FINAL = "Final configuration:"
_FINAL_REACH = 20_000
_PAIR = re.compile(r"u?['\"]([\w.-]{1,256})['\"]: ?(?:u?'([^'\n]{0,2500})'|u?\"([^\"\n]{0,2500})\"|([^,}\n]{1,2500}))")
_LEAD = re.compile(
    r".{0,400}?\d{10,20}(?: [\w./-]{1,80}:\d{1,6})?\] ?"  # the bracket of the algorithm's own lines
    r"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S{0,12} "  # the same line as 2019 images wrote it once more
    r"|INFO:\w{1,40}:"
)
_NAME = re.compile(r"[A-Za-z_][\w -]{0,80}$")
_LONGEST_DUMP = 200
_EPOCHS = re.compile(r"\d{10,20}\] epochs: (\d{1,9})\b")


class RunParameters:
    """Collects parameters from a log, whole or piece by piece; what is logged last counts."""

    def __init__(self) -> None:
        self.dumped: dict[str, str] = {}
        """The parameter dump: effective values by name."""
        self.configured: dict[str, str] = {}
        """The final configuration: what was asked for over the container's defaults."""
        self._lines_left = 0
        self._loose_epochs: int | None = None

    @property
    def epochs(self) -> int | None:
        """How many epochs the run was to have, from the dump or else from the final configuration."""
        for text in (self.dumped.get("epochs"), self.configured.get("epochs")):
            if text is not None and text.isascii() and text.isdigit():
                return int(text)
        return self._loose_epochs

    def read(self, text: str) -> None:
        """Take in the next lines of a log, without escape sequences."""
        if _FINAL in text:
            self._read_final(text)
        if " epochs: " in text:
            for found in _EPOCHS.finditer(text):
                self._loose_epochs = int(found[1])
        start = 0
        if not self._lines_left:
            start = self._begin(text, 0)
        while start >= 0:
            start = self._read_dump(text, start)

    def _begin(self, text: str, start: int) -> int:
        """Where the first line of the next dump begins, or -1."""
        at = text.find(_BEGIN, start)
        if at < 0:
            return -1
        self._lines_left = _LONGEST_DUMP
        return at + len(_BEGIN)

    def _read_dump(self, text: str, start: int) -> int:
        """Read an open dump from a place on; gives where the next one begins, or -1."""
        while self._lines_left:
            end = text.find("\n", start)
            line = text[start : min(end if end >= 0 else len(text), start + 4096)]
            self._lines_left = 0 if self._read_line(line) else self._lines_left - 1
            if end < 0:
                return -1
            start = end + 1
        return self._begin(text, start)

    def _read_line(self, line: str) -> bool:
        """Read one line of a dump; gives whether it is its last."""
        lead = _LEAD.match(line)
        body = line[lead.end() :] if lead else line
        if _END.match(body):
            return True
        name, colon, value = body.partition(": ")
        if colon and _NAME.match(name):
            self.dumped[name] = value.strip()
        return False

    def _read_final(self, text: str) -> None:
        at = text.rfind(_FINAL)
        end = text.find("\n", at)
        piece = text[at : min(end if end >= 0 else len(text), at + _FINAL_REACH)]
        self.configured = {
            found[1]: next(value for value in found.groups()[1:] if value is not None).strip()
            for found in _PAIR.finditer(piece)
        }
