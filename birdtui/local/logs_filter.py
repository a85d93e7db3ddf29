"""CloudWatch's filter patterns: quoted terms, all-of, `?` any-of, `-` not; any other pattern is refused, not guessed.

Case sensitive. A term that holds anything but letters, digits and underscores must stand in double quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from birdtui.local.service import ServiceError

_TOKEN = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<word>\w+))(?=\s|$)')


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

    @property
    def passes_all(self) -> bool:
        """Whether every message passes."""
        return not (self.all_of or self.any_of or self.none_of)


def parse(pattern: str | None) -> Filter:
    """A pattern as a filter. Raises InvalidParameterException for one that the local engine cannot judge rightly."""
    if not pattern or not pattern.strip():
        return Filter()
    if len(pattern) > 1024:
        raise _refused("is longer than 1024 characters")
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    text = pattern.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refused(f"cannot be read from {text[at:].strip()[:40]!r} on")
        word = match["word"]
        terms[match["sign"]].append(word if word is not None else re.sub(r"\\(.)", r"\1", match["quoted"]))
        at = match.end()
    if terms["?"] and terms[""]:
        # CloudWatch ignores ?terms beside required ones; a pattern that says both means something else to its author
        raise _refused("has both ?terms and required terms")
    return Filter(tuple(terms[""]), tuple(terms["?"]), tuple(terms["-"]))


def _refused(why: str) -> ServiceError:
    return ServiceError(
        "InvalidParameterException",
        f'Invalid filter pattern: it {why}. The local engine knows words, "quoted terms", ?any and -not; '
        "put a term with other characters than letters, digits and underscores in double quotes.",
    )
