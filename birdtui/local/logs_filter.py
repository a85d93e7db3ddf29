"""CloudWatch's filter patterns: words, quoted terms, all-of, `?` any-of, `-` not. Any other is refused, not guessed.

Case sensitive; a term matches wherever it occurs in a message. A term that holds anything but letters, digits and
underscores must stand in double quotes, where `\\"` is a quote and `\\\\` a backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from birdtui.local.logs_records import invalid
from birdtui.local.service import ServiceError

LONGEST = 1024
_BLANKS = " \t\r\n"
_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<quoted>(?:\\["\\]|[^"\\])*)"|(?P<word>[A-Za-z0-9_]+))(?=[ \t\r\n]|$)')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a pattern lets through: all of these terms, any of those, none of the last."""

    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()

    def matches(self, message: str) -> bool:
        """Whether a message passes."""
        return (
            all(term in message for term in self.all_of)
            and (not self.any_of or any(term in message for term in self.any_of))
            and not any(term in message for term in self.none_of)
        )


def parse(pattern: str | None) -> Filter:
    """A pattern as a filter; none, or a blank one, lets everything through.

    Raises InvalidParameterException for a pattern that the local engine cannot judge as CloudWatch does: `%regex%`,
    `[columns]`, `{ JSON }`, quotes without an end, and `?terms` beside others, which CloudWatch passes over.
    """
    text = (pattern or "").strip(_BLANKS)
    if len(text) > LONGEST:
        raise _refused(f"is longer than {LONGEST} characters")
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise _refused(f"cannot be read from {text[at : at + 40]!r} on")
        quoted = match["quoted"]
        terms[match["sign"]].append(match["word"] if quoted is None else _ESCAPE.sub(r"\1", quoted))
        at = match.end()
        while at < len(text) and text[at] in _BLANKS:
            at += 1
    if terms["?"] and (terms[""] or terms["-"]):
        raise _refused("has ?terms beside others, and CloudWatch would pass over the ?terms")
    return Filter(tuple(terms[""]), tuple(terms["?"]), tuple(terms["-"]))


def _refused(why: str) -> ServiceError:
    return invalid(
        f'Invalid filter pattern: it {why}. The local engine knows words, "quoted terms", ?any and -not; '
        "put a term with other characters than letters, digits and underscores in double quotes."
    )
