"""Regular expressions that people wrote, on lines they were not written for: searched for a bounded time."""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    import regex

TRIES = 20
_SPECIAL = set(r".^$*+?{}[]\|()")
_QUANTIFIERS = ("*", "+", "?", "{")


def search(pattern: regex.Pattern[AnyStr], text: AnyStr, seconds: float) -> regex.Match[AnyStr] | None:
    """The first match within so many seconds of this thread's own time; raises TimeoutError after twice as many.

    The library's limit counts the whole process, so a search that it ended is begun again while this thread has time
    left.
    """
    ends: float | None = None
    for _ in range(TRIES):
        try:
            # holding the interpreter: taking it back from a busy thread costs a thousand searches
            return pattern.search(text, timeout=seconds, concurrent=False)
        except TimeoutError:
            if ends is None:  # asking for the time would cost more than most searches
                ends = thread_time() + seconds
            elif thread_time() >= ends:
                break
    raise TimeoutError


def is_quick(pattern: str) -> bool:
    """Whether a pattern plainly takes a time that does not explode: nothing in it is repeated without a bound."""
    at = 0
    while at < len(pattern):
        width, literal = _piece(pattern, at)
        is_repeat = not literal and pattern[at] in "*+{"
        if is_repeat and (pattern[at] != "{" or pattern[at : at + width].endswith(",}") or pattern[at - 1] == ")"):
            return False
        at += width
    return True


def needle(pattern: str) -> str:
    """The longest text that every match of a pattern holds, as far as that is plain to see; else an empty one.

    Text inside groups and sets or before a quantifier is not looked at, and none where a choice or a flag could make
    it optional.
    """
    if "|" in pattern or "(?" in pattern:
        return ""
    best = run = ""
    depth = 0
    at = 0
    while at < len(pattern):
        width, literal = _piece(pattern, at)
        depth += {"(": 1, ")": -1}.get(pattern[at], 0)
        if literal and depth == 0 and pattern[at + width : at + width + 1] not in _QUANTIFIERS:
            run += literal
        else:
            best, run = max(best, run, key=len), ""
        at += width
    return max(best, run, key=len)


def _piece(pattern: str, at: int) -> tuple[int, str]:
    """How many characters the next piece of a pattern takes, and the character it stands for if it is just that."""
    character, following = pattern[at], pattern[at + 1 : at + 2]
    if character == "\\":
        return 2, "" if following.isalnum() else following
    if character == "[":
        return _set_width(pattern, at), ""
    if character == "{":
        return max(pattern.find("}", at) - at + 1, 1), ""
    return 1, "" if character in _SPECIAL else character


def _set_width(pattern: str, start: int) -> int:
    """How many characters a set in brackets takes."""
    at = start + 1
    if pattern[at : at + 1] == "^":
        at += 1
    if pattern[at : at + 1] == "]":
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1 - start
