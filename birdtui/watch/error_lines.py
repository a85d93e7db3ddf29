"""The last errors of a log, as a person would copy them out: each error line with what belongs to it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence

LONGEST_BLOCK = 12
MOST_LINES = 24
KEPT_LINES = 4_000
LINE_CHARS = 4_096

_ERROR = re.compile(
    r"^\[?[\d/: ]{0,20}(?:ERROR|CRITICAL|FATAL)\b|\b(?:Customer|Algorithm|Client|Framework|Platform) Error\b"
    r"|\b(?:AlgorithmError|ClientError|InternalServerError)\b|^Traceback \(most recent call last\)"
    r"|^[\w.]{0,80}(?:Error|Exception)\b[:(]|\bout of memory\b|\bFATAL\b"
)
_HINTS = ("rror", "ERROR", "CRITICAL", "FATAL", "Exception", "Traceback", "out of memory")
"""One of these stands in whatever `_ERROR` finds; most lines have none, and the search is forty times as dear."""
_PREFIXED = re.compile(r"^\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [A-Z]+ \d+")


class RecentLines:
    """The last few thousand lines of each host, kept in case the job fails."""

    def __init__(self) -> None:
        self._pages: dict[str, deque[Sequence[str]]] = {}
        self._kept: dict[str, int] = {}

    def keep(self, host: str, messages: Sequence[str]) -> None:
        """Keep new lines, and let go of the oldest."""
        pages = self._pages.setdefault(host, deque())
        pages.append(messages[-KEPT_LINES:])
        kept = self._kept.get(host, 0) + len(pages[-1])
        while kept - len(pages[0]) >= KEPT_LINES:
            kept -= len(pages.popleft())
        self._kept[host] = kept

    def errors(self) -> tuple[str, ...]:
        """The last errors of any host; the same error of several hosts once."""
        found: dict[str, None] = {}
        for pages in self._pages.values():
            found |= dict.fromkeys(last_errors(message for page in pages for message in page))
        return tuple(found)[-MOST_LINES:]


def last_errors(messages: Iterable[str]) -> tuple[str, ...]:
    """The error lines of one host's log, with the lines without a prefix that follow each: the last two dozen."""
    found: list[str] = []
    room = 0
    for message in messages:
        for line in message.split("\n"):
            text = line[:LINE_CHARS].rstrip()
            if any(hint in text for hint in _HINTS) and _ERROR.search(text):
                room = LONGEST_BLOCK
            elif _PREFIXED.match(text):
                room = 0
            if room and text:
                found.append(text)
                room -= 1
    return tuple(found[-MOST_LINES:])
