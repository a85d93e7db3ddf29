"""Prefixes as ranges: SQLite compares text by its UTF-8 bytes, which is the order of its code points."""

from __future__ import annotations

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def end_of(prefix: str) -> str | bytes:
    """The first value behind every text with the prefix: those are `>= prefix` and `< end_of(prefix)` in SQLite.

    Behind every text there is is an empty blob, which SQLite sorts after all text.
    """
    text = prefix.rstrip(chr(_LAST))
    if not text:
        return b""
    following = ord(text[-1]) + 1
    return text[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
