"""S3's XML: answers written, the few request documents read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO
from xml.etree import ElementTree as Tree
from xml.sax.saxutils import escape

from birdtui.local.service import HttpResponse, ServiceError

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
LARGEST_DOCUMENT = 4 << 20

Value = "str | int | bool | datetime | Mapping[str, Value] | Sequence[Value] | None"


def stamp(moment: datetime) -> str:
    """A time as S3's documents have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def document(root: str, content: Mapping[str, object], status: int = 200) -> HttpResponse:
    """An answer: members in order, None left out, lists as repeated elements."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{_members(content)}</{root}>'
    return HttpResponse(status, {"Content-Type": "application/xml"}, body.encode())


def _members(content: Mapping[str, object]) -> str:
    return "".join(_element(name, value) for name, value in content.items())


def _element(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"<{name}>{_members(value)}</{name}>"
    if isinstance(value, (list, tuple)):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    if isinstance(value, datetime):
        return f"<{name}>{stamp(value)}</{name}>"
    return f"<{name}>{_text(str(value))}</{name}>"


def _text(text: str) -> str:
    """Text that XML can hold; what it cannot, clients ask for URL-encoded."""
    return "".join(c if c >= " " or c in "\t\n" else f"&#{ord(c)};" for c in escape(text)).replace("\r", "&#13;")


def read(stream: BinaryIO) -> Tree.Element:
    """A request's document, namespaces off. Raises MalformedXML."""
    data = stream.read(LARGEST_DOCUMENT + 1)
    malformed = ServiceError(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )
    if len(data) > LARGEST_DOCUMENT or b"<!DOCTYPE" in data:
        raise malformed
    try:
        root = Tree.fromstring(data)  # noqa: S314 - no document type gets this far
    except Tree.ParseError:
        raise malformed from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
