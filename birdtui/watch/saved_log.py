"""A saved training log in whatever file it was kept: plain text, a notebook, an export of log events.

Gives plain text with one log line a line, as far as the file has lines; what stands before, after and between them is
left for the metrics reader, which searches.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from birdtui.watch.metrics import MetricsReader

_NOT_OUTPUT = {"source", "metadata", "text/html", "image/png", "image/jpeg", "image/svg+xml", "application/javascript"}
_NOTEBOOK_OUTPUT = {"cells", "worksheets"}
_PRINTED_ESCAPE = re.compile(r"(?:\\u001[bB]|\\x1[bB]|\\033|\\e|\^\[|␛)\[[0-9;:]{0,60}[A-Za-z]")
_TAG = re.compile(r"</?(?:span|pre|code|div|p|br|td|tr|b|i|font)\b[^<>\n]{0,400}>")
_MARKDOWN = re.compile(r"\\([\[\]_*.#=-])")


class UnreadableLog(Exception):
    """The file is no text; the message says what it seems to be."""


def read_saved(data: bytes) -> MetricsReader:
    """The metrics of a saved log. Raises UnreadableLog."""
    reader = MetricsReader()
    reader.feed_text(text_of(data))
    return reader


def text_of(data: bytes) -> str:
    """The log lines of a saved file, in order. Raises UnreadableLog."""
    text = _decoded(_unpacked(data))
    if text.lstrip()[:1] in ("{", "["):
        text = _from_json(text)
    if "\\" in text or "^[" in text or "␛" in text:
        text = _PRINTED_ESCAPE.sub("", text)
        if "Epoch\\[" in text:
            text = _MARKDOWN.sub(r"\1", text)
    if "<span" in text or "<pre" in text:
        text = html.unescape(_TAG.sub("", text))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unpacked(data: bytes) -> bytes:
    """CloudWatch exports to S3 come as gzip."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableLog(f"a damaged gzip file: {error}") from None


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what PowerShell's > writes
        return data.decode("utf-16", "replace")
    head = data[:4096]
    if head.count(0) * 20 > len(head):
        raise UnreadableLog("not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _from_json(text: str) -> str:
    """The log lines in a notebook, in an answer of GetLogEvents or FilterLogEvents, or in any other document."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(document, dict) and _NOTEBOOK_OUTPUT & document.keys():
        return "".join(_strings(document))
    return "\n".join(piece.rstrip("\n") for piece in _strings(document))


def _strings(node: Any) -> Iterator[str]:
    """Every text in a document, in order; a notebook's own sources and pictures left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _strings(item)
        if node and isinstance(node[-1], str) and not node[-1].endswith("\n"):
            yield "\n"
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in _NOT_OUTPUT:
                yield from _strings(value)
                if isinstance(value, str):
                    yield "\n"
