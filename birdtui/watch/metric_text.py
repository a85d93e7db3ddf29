"""The lines that the image classification algorithm, and any MXNet program, write about their training: one grammar.

Lines are searched, not matched from their start: a saved log has colours, times, stream names and status messages
before a line, glued to it without a newline, or several lines in one. Formats are those of about 150 public logs,
2018-2025. Every pattern is bounded, so the time a text takes grows with its length alone, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

NO_ID = "-"
"""The host of a line that has no thread id."""

TIME_COST = "time_cost"

_NUMBER = (
    r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,4}(?!\d))?|\.\d{1,40}"
    r"|[nN][aA][nN](?![a-z])|[iI][nN][fF](?:inity)?(?![a-z]))"
)
_GAP = r"[ \t\\t\#01]{1,30}+"  # blanks, tabs, and what becomes of tabs: #011 in syslog, \t in JSON
_METRIC = re.compile(
    rf"Epoch\[(\d{{1,9}})\]{_GAP}(?:(Train|Validation)-([^\s=]{{1,120}})|Time\ cost)=({_NUMBER})", re.VERBOSE
)
_BATCH = re.compile(
    rf"Epoch\[(\d{{1,9}})\]\ Batch\ ?\[(?:\d{{1,9}}-)?(\d{{1,9}})\]{_GAP}Speed:\ ?({_NUMBER})\ samples/sec", re.VERBOSE
)
_PREFIX = re.compile(
    r"(?:(\d\d)/(\d\d)/(\d{4})\ (\d\d):(\d\d):(\d\d)\ )?"  # lost where a saved output begins in mid line
    r"(?:[A-Z]{4,8}\ )?(\d{10,20})(?:\ [\w./-]{1,80}:\d{1,6})?\]",
    re.VERBOSE,
)
LINE_CHARS = 16_384
"""How much of one line is read; a line of a training log that matters is under 200 characters."""
_PREFIX_REACH = 200
"""How far before a value its prefix is looked for, in characters."""
_AFTER_PREFIX = re.compile(
    rf"Epoch\[(\d{{1,9}})\]\ (?:(Train-|Validation-)([^\s=]{{1,120}})|Time\ cost)=({_NUMBER})"
    rf"|Storing\ the\ best\ model\ with\ validation\ accuracy:\ ({_NUMBER})"
    r'|Saved\ checkpoint\ to\ "[^\n"]{0,500}-(\d{1,9})\.params"',
    re.VERBOSE,
)
_PREFIX_END = "] "
_LONGEST_PREFIX = 60
_HINT = re.compile(r"Epoch\[|Saved checkpoint|Storing the best|Early stopping")
_SAVED = re.compile(r"Saved checkpoint to [^\n]{0,500}?-(\d{1,9})\.params")
_STORED = re.compile(rf"Storing the best model with validation accuracy: ({_NUMBER})")
_STOPPED = "Early stopping criteria met"
_DATE_FOLLOWS = re.compile(r"-\d\d-\d\d[ T]\d\d:\d\d")
_CLOCK_FOLLOWS = re.compile(r":\d\d:\d\d \[?\d\d/\d\d/\d{4} |:\d\d:\d\d \[")
_GLUE = ("-", ":")
_YEAR = re.compile(r"(?:19|20)\d\d$")

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,200}[ -/]{0,20}[@-~]|\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)|[@-Z\\^_])")


class Logged(NamedTuple):
    """A value as the text gives it: `at` is its place in the text, `host` the thread id, `stamp` milliseconds."""

    at: int
    host: str
    stamp: int | None
    epoch: int
    name: str
    value: float


class Saved(NamedTuple):
    """A checkpoint file was written; `epoch` counts from 0, which is the file's number - 1."""

    at: int
    host: str
    epoch: int


class Stored(NamedTuple):
    """The best model so far was stored; `accuracy` is its validation accuracy."""

    at: int
    host: str
    accuracy: float


class Stopped(NamedTuple):
    """Training ended early because validation accuracy did not rise any more."""

    at: int


class Batch(NamedTuple):
    """How training goes within an epoch: batch number and speed in samples a second."""

    at: int
    epoch: int
    batch: int
    speed: float


Fact = Logged | Saved | Stored | Stopped
_place = attrgetter("at")


def without_escapes(text: str) -> str:
    """The text without terminal escape sequences, colours of 24 bits among them."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def logged(text: str, host: str | None = None) -> list[Logged]:
    """Every value in a text, in order; with `host` given all are that host's, else their prefix's thread id's."""
    found: list[Logged] = []
    line_id, line_stamp, end = host or NO_ID, None, 0
    for match in _METRIC.finditer(text):
        epoch, kind, metric, number = match.groups()
        at = match.start()
        if host is None:
            before = _prefix_before(text, end, at)
            if before is not None:
                line_id, line_stamp = before
            elif end == 0 or text.find("\n", end, at) >= 0:
                line_id, line_stamp = NO_ID, None
        end = match.end()
        name = TIME_COST if kind is None else _name(f"{kind}-", metric)
        value = _value(number, text, end) if text[end : end + 1] in _GLUE else float(number)
        found.append(Logged(at, line_id, line_stamp, int(epoch), name, value))
    return found


def event_facts(messages: Sequence[str], rows: Iterable[int], host: str | None) -> list[Fact]:
    """Everything these log events of a page tell, in order; `at` is the event's place in the page.

    A line as the algorithm writes it, one for an event, is read at a third of what searching it costs.
    """
    if host is None:
        return [fact._replace(at=row) for row in rows for fact in facts(one_line(messages[row]), None)]
    found: list[Fact] = []
    fullmatch = _AFTER_PREFIX.fullmatch
    for row in rows:
        message = messages[row]
        if "] Batch" in message:
            continue
        at = message.find(_PREFIX_END) + len(_PREFIX_END)
        match = fullmatch(message, at) if at <= _LONGEST_PREFIX and message[0] == "[" else None
        if match is None:
            if _HINT.search(message):
                found += [fact._replace(at=row) for fact in facts(one_line(message), host)]
            continue
        epoch, kind, metric, number, accuracy, saved = match.groups()
        if epoch is not None:
            name = TIME_COST if kind is None else _name(kind, metric)
            found.append(Logged(row, host, None, int(epoch), name, float(number)))
        elif accuracy is not None:
            found.append(Stored(row, host, float(accuracy)))
        elif saved is not None and int(saved):
            found.append(Saved(row, host, int(saved) - 1))
    return found


def facts(text: str, host: str | None) -> list[Fact]:
    """Everything a text tells, in order."""
    values = logged(text, host)
    others = milestones(text, host)
    return sorted([*values, *others], key=_place) if others else [*values]


def one_line(message: str) -> str:
    """A log event as one line that is not too long: escape sequences and inner newlines taken out."""
    return without_escapes(message[:LINE_CHARS]).replace("\n", "\v")


@lru_cache(maxsize=256)
def _name(kind: str, metric: str) -> str:
    """A metric's name; the same text for all its values."""
    return f"{kind[:-1].lower()}:{metric}"


def milestones(text: str, host: str | None = None) -> list[Fact]:
    """The lines that follow an epoch's values, in order: stored, saved, stopped early."""
    found: list[Fact] = []
    if "Saved checkpoint" in text:
        for match in _SAVED.finditer(text):
            number = int(match[1])
            if number > 0:
                found.append(Saved(match.start(), _host(text, match.start(), host), number - 1))
    if "Storing the best" in text:
        for match in _STORED.finditer(text):
            accuracy = _value(match[1], text, match.end())
            found.append(Stored(match.start(), _host(text, match.start(), host), accuracy))
    at = text.find(_STOPPED)
    if at >= 0:
        found.append(Stopped(at))
    found.sort(key=_place)
    return found


def last_batch(text: str) -> Batch | None:
    """How far training was in the last Batch line of a text."""
    at = text.rfind("] Batch")
    while at >= 0:
        start = text.rfind("Epoch[", max(at - 20, 0), at)
        match = _BATCH.match(text, start) if start >= 0 else None
        if match is not None:
            return Batch(start, int(match[1]), int(match[2]), _value(match[3], text, match.end()))
        at = text.rfind("] Batch", max(at - 4096, 0), at)
    return None


def _host(text: str, at: int, host: str | None) -> str:
    if host is not None:
        return host
    found = _prefix_before(text, 0, at)
    return NO_ID if found is None else found[0]


def _prefix_before(text: str, floor: int, at: int) -> tuple[str, int | None] | None:
    """Thread id and time of the last prefix on the line before a place, looked for from `floor` on."""
    start = max(floor, at - _PREFIX_REACH)
    start = max(start, text.rfind("\n", start, at) + 1)
    last = None
    for last in _PREFIX.finditer(text, start, at):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    month, day, year, hour, minute, second, number = last.groups()
    if year is None:
        return number, None
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return number, None
    return number, int(moment.timestamp() * 1000)


def _value(number: str, text: str, end: int) -> float:
    """A number, without the first figures of a time that was glued to it: `0.5000002019-09-07 22:57:58`."""
    following = text[end : end + 1]
    if following == "-" and _DATE_FOLLOWS.match(text, end) and _YEAR.search(number) and len(number) > 4:
        number = number[:-4]
    elif following == ":" and _CLOCK_FOLLOWS.match(text, end) and len(number) > 2:
        number = number[:-2]
    return float(number)
