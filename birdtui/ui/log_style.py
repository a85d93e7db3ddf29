"""How a log line is coloured: levels, metric lines, times, hosts, matches. Colour repeats what the words say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from rich.style import Style
from rich.text import Text

from birdtui.spec.plain_text import plain
from birdtui.ui.log_rows import Row
from birdtui.watch.log_filter import ERROR_LINE, LogFilter

DRAWN = 20_000
"""Characters of one line that are ever drawn; saving and copying have it whole."""

_PREFIX = re.compile(r"^\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (?P<level>[A-Z]+) \d+\]")
_METRIC = re.compile(r"\b(?P<name>(?:Train|Validation)-[\w-]+|Time cost)=(?P<value>[\w.+-]+)")
_LEVELS = {
    "ERROR": Style(color="red", bold=True),
    "CRITICAL": Style(color="red", bold=True),
    "WARNING": Style(color="yellow"),
}
_FAINT = Style(dim=True)
_NAME = Style(color="cyan")
_VALUE = Style(bold=True)
_MATCH = Style(reverse=True)
_HOSTS = tuple(Style(color=color) for color in ("#4a7fd0", "#a96bc9", "#2f9a9a", "#5f9a45", "#b5862f"))
"""Of middle brightness: to be read on dark and on light, and in grey where there are no colours."""


class TimeShown(StrEnum):
    """The time before each line: none (the algorithm's own stands in the line), or the event's in UTC or local time."""

    NONE = "none"
    UTC = "UTC"
    LOCAL = "local"

    def next(self) -> TimeShown:
        """The one after this, round and round."""
        order = list(TimeShown)
        return order[(order.index(self) + 1) % len(order)]


def clock(timestamp: int, shown: TimeShown) -> str:
    """An event's time of day; `timestamp` in milliseconds since the epoch."""
    moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    if shown is TimeShown.LOCAL:
        moment = moment.astimezone()
    return moment.strftime("%H:%M:%S")


def lead(row: Row, time_shown: TimeShown, hosts: Sequence[str]) -> Text:
    """What stands before a line: its time and, where several hosts write, its host."""
    text = Text(no_wrap=True)
    if time_shown is not TimeShown.NONE:
        text.append(clock(row.line.timestamp, time_shown) + " ", _FAINT)
    if len(hosts) > 1:
        text.append(row.line.host + " ", _HOSTS[hosts.index(row.line.host) % len(_HOSTS)])
    return text


def as_text(row: Row, time_shown: TimeShown, hosts: Sequence[str]) -> str:
    """A whole line as text, with what stands before it."""
    return lead(row, time_shown, hosts).plain + plain(row.line.text)


def body(row: Row, marks: Sequence[LogFilter]) -> Text:
    """The line itself, plain and coloured; `marks` are what to point out in it."""
    line = plain(row.line.text[:DRAWN]) + ("…" if len(row.line.text) > DRAWN else "")
    text = Text(line, no_wrap=True, end="")
    if row.context:
        text.stylize(_FAINT)
    prefix = _PREFIX.match(line)
    if prefix is not None:
        text.stylize(_FAINT, 0, prefix.end())
        level = _LEVELS.get(prefix["level"])
        if level is not None:
            text.stylize(level, prefix.start("level"))
    elif ERROR_LINE.search(line[:400].encode()):
        text.stylize(_LEVELS["ERROR"])
    for metric in _METRIC.finditer(line, 0, 400):
        text.stylize(_NAME, *metric.span("name"))
        text.stylize(_VALUE, *metric.span("value"))
    for mark in marks:
        for start, end in mark.spans(line):
            text.stylize(_MATCH, start, end)
    return text
