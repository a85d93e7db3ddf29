"""S3's XML: answers written, the few request documents read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote
from xml.etree import ElementTree as Tree
from xml.sax.saxutils import escape

from birdtui.local.s3_refusals import invalid, malformed_xml
from birdtui.local.service import HttpResponse

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def stamp(moment: datetime) -> str:
    """A time as S3's documents have it, in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(root: str, content: Mapping[str, object] | str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer: members in order, None left out, lists as repeated elements, or a text."""
    inside = _text(content) if isinstance(content, str) else _members(content)
    body = f'{_HEAD}<{root} xmlns="{NAMESPACE}">{inside}</{root}>'
    return HttpResponse(200, {"Content-Type": "application/xml", **(headers or {})}, body.encode())


def error(status: int, content: Mapping[str, object], headers: Mapping[str, str]) -> HttpResponse:
    """A refusal that has headers or elements of its own."""
    body = f"{_HEAD}<Error>{_members(content)}</Error>"
    return HttpResponse(status, {"Content-Type": "application/xml", **headers}, body.encode())


def encoder(kind: str) -> Callable[[str], str]:
    """How keys are written for an `encoding-type`: as they are, or URL-encoded. Raises InvalidArgument."""
    if kind not in ("", "url"):
        raise invalid("Invalid Encoding Method specified in Request")
    return partial(quote, safe="/") if kind else str


def _members(content: Mapping[str, object]) -> str:
    return "".join(_element(name, value) for name, value in content.items())


def _element(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_members(value)}</{name}>"
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, datetime):
        value = stamp(value)
    return f"<{name}>{_text(str(value))}</{name}>"


def _text(text: str) -> str:
    """Text inside an element. Control characters become references, as with S3: those that XML does not know at all
    are why clients ask for keys in URL encoding."""
    return _CONTROL.sub(lambda found: f"&#{ord(found[0])};", escape(text))


def parse(data: bytes) -> Tree.Element:
    """A request's document, namespaces off. Raises MalformedXML."""
    if b"<!DOCTYPE" in data:
        raise malformed_xml()
    try:
        root = Tree.fromstring(data)  # noqa: S314 - no document type gets this far
    except (Tree.ParseError, ValueError):
        raise malformed_xml() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
