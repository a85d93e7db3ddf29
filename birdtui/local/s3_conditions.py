"""What a request asks of an object before it reads or replaces it, and which part of it it wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from birdtui.local.s3_refusals import invalid, no_such_key, not_here, precondition
from birdtui.local.s3_store import ObjectInfo
from birdtui.local.service import ServiceError

_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
_COPY_RANGE = re.compile(r"bytes=(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of an object, both ends among them."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes these are."""
        return self.last - self.first + 1


def is_unchanged(headers: Mapping[str, str], info: ObjectInfo) -> bool:
    """Whether a reader has the object already, which is told with 304. Raises PreconditionFailed."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since, unmodified = _moment(headers, "if-modified-since"), _moment(headers, "if-unmodified-since")
    if match is not None and not _names(match, info.etag):
        raise precondition()
    if match is None and unmodified is not None and info.last_modified > unmodified:
        raise precondition()
    if none_match is not None:
        return _names(none_match, info.etag)
    return since is not None and info.last_modified <= since


def check_write(headers: Mapping[str, str], old: ObjectInfo | None) -> None:
    """Raises where a write is to be the first of its key, or to replace one object only, and would not."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if none_match is not None:
        if none_match.strip() != "*":
            raise not_here(f"If-None-Match: {none_match} on a write")
        if old is not None:
            raise precondition()
    if match is not None:
        if old is None:
            raise no_such_key()
        if not _names(match, old.etag):
            raise precondition()


def copy_conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """The conditions on a copy's source, as those on a read."""
    prefix = "x-amz-copy-source-"
    return {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix + "if-")}


def wanted_span(header: str | None, size: int) -> Span | None:
    """The bytes that a Range header asks for; None where it asks for all or is of a kind S3 passes over.

    Raises InvalidRange for bytes that the object does not have.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    span = Span(int(first), min(int(last or size), size - 1)) if first else Span(max(size - int(last), 0), size - 1)
    if span.length < 1:
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", 416)
    return span


def copied_span(header: str | None, size: int) -> Span:
    """The bytes of a source that UploadPartCopy takes; raises InvalidArgument."""
    if header is None:
        return Span(0, size - 1)
    match = _COPY_RANGE.fullmatch(header)
    if match is None:
        raise invalid(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the"
            " zero-based offsets of the first and last bytes to copy"
        )
    span = Span(int(match["first"]), int(match["last"]))
    if span.length < 1 or span.last >= size:
        raise invalid(f"Range specified is not valid for source object of size: {size}")
    return span


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in {part.strip().removeprefix("W/").strip('"') for part in header.split(",")}


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    """A date among the headers; one that cannot be read is passed over, as HTTP asks for."""
    try:
        moment = parsedate_to_datetime(headers[name])
    except (KeyError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
