"""Text that AWS or a user supplied, made fit for a terminal: it can neither move the cursor nor colour the screen."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor moves
    r"|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC with their text
    r"|[ -/]*[0-~]?"  # all other escapes
    r")"
    r"|\x9b[0-?]*[ -/]*[@-~]?|[\x90\x98\x9d-\x9f][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_TAB = "    "


def plain(text: str) -> str:
    """One line without escape sequences and control characters; a progress bar shows its last state, tabs are blanks.

    Bidirectional overrides and invisible format characters go too: they make text read as what it is not. A newline
    stays; callers that draw lines split there.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    if "\x1b" in text or "\x9b" in text or not text.isascii():
        text = _ESCAPES.sub("", text)
    return _CONTROLS.sub("", text.replace("\t", _TAB))


def _last_state(line: str) -> str:
    """What a terminal would show of a line that returns to its start again and again."""
    return next((part for part in reversed(line.split("\r")) if part), "")
