"""Calls on one object, and the deletion of many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote

from birdtui.local import s3_xml
from birdtui.local.s3_store import PIECE, ObjectInfo, ObjectStore, no_such_key
from birdtui.local.service import HttpRequest, HttpResponse, ServiceError

_KEPT = (
    "content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires",
)  # fmt: skip
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Objects:
    """Get, head, put, copy, delete."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def head(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """HeadObject."""
        answer = self.get(request, bucket, key)
        return HttpResponse(answer.status, answer.headers)

    def get(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """GetObject: the whole of it or a range, in pieces as they are read."""
        info = self._store.find(bucket, key)
        unchanged = check_conditions(request.headers, info)
        if unchanged is not None:
            return unchanged
        first, last = wanted_range(request.headers.get("range"), info.size)
        length = last - first + 1
        headers = object_headers(info) | {"Content-Length": str(length)}
        for name, values in request.query.items():
            if name.startswith("response-"):
                headers[name.removeprefix("response-").title()] = values[0]
        if request.headers.get("x-amz-checksum-mode") != "ENABLED" or length != info.size:
            headers = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum-")}
        status = 200
        if ("range" in request.headers and length != info.size) or _is_range(request.headers.get("range"), info.size):
            status = 206
            headers["Content-Range"] = f"bytes {first}-{last}/{info.size}"
        return HttpResponse(status, headers, _pieces(info.path, first, length) if request.method == "GET" else b"")

    def put(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """PutObject."""
        if len(key.encode()) > 1024:
            raise ServiceError("KeyTooLongError", "Your key is too long")
        self._store.bucket(bucket)
        written = self._store.write(request.body)
        headers = kept_headers(request.headers)
        only_new = request.headers.get("if-none-match") == "*"
        info = self._store.adopt(bucket, key, written, headers, only_new=only_new)
        return HttpResponse(200, {"ETag": f'"{info.etag}"', **_checksums(headers)})

    def copy(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CopyObject; the metadata comes along unless the call brings its own."""
        source = copy_source(self._store, request)
        if source is None:
            raise no_such_key()
        self._store.bucket(bucket)
        replace = request.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
        with source.path.open("rb") as stream:
            written = self._store.write(stream)
        headers = kept_headers(request.headers) if replace else source.headers
        info = self._store.adopt(bucket, key, written, headers)
        return s3_xml.document("CopyObjectResult", {"LastModified": info.last_modified, "ETag": f'"{info.etag}"'})

    def delete(self, _request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """DeleteObject."""
        self._store.delete(bucket, key)
        return HttpResponse(204, {})

    def delete_many(self, request: HttpRequest, bucket: str) -> HttpResponse:
        """DeleteObjects."""
        self._store.bucket(bucket)
        root = s3_xml.read(request.body)
        keys = [element.findtext("Key") or "" for element in root.findall("Object")]
        if not keys or len(keys) > 1000:
            raise ServiceError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            )
        for key in keys:
            self._store.delete(bucket, key)
        quiet = (root.findtext("Quiet") or "").strip().lower() == "true"
        return s3_xml.document("DeleteResult", {"Deleted": [] if quiet else [{"Key": key} for key in keys]})


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What of a request's headers is stored with the object."""
    kept = {
        name: value
        for name, value in headers.items()
        if name in _KEPT or name.startswith(("x-amz-meta-", "x-amz-checksum-"))
    }
    encoding = [part.strip() for part in kept.pop("content-encoding", "").split(",")]
    encoding = [part for part in encoding if part and part != "aws-chunked"]
    if encoding:
        kept["content-encoding"] = ", ".join(encoding)
    kept.pop("x-amz-checksum-algorithm", None)
    return {"content-type": "binary/octet-stream", **kept}


def _checksums(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in headers.items() if name.startswith("x-amz-checksum-")}
    return {**found, "x-amz-checksum-type": "FULL_OBJECT"} if found else found


def object_headers(info: ObjectInfo) -> dict[str, str]:
    """An object's own headers."""
    return {
        "ETag": f'"{info.etag}"',
        "Last-Modified": format_datetime(info.last_modified.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Length": str(info.size),
        **{(name if name.startswith("x-amz-") else name.title()): value for name, value in info.headers.items()},
    }


def copy_source(store: ObjectStore, request: HttpRequest) -> ObjectInfo | None:
    """The object that `x-amz-copy-source` names; raises where it does not exist or does not fit the conditions."""
    text = unquote(request.headers["x-amz-copy-source"].lstrip("/").partition("?")[0])
    bucket, _, key = text.partition("/")
    info = store.find(bucket, key)
    prefix = "x-amz-copy-source-"
    conditions = {
        name.removeprefix(prefix): value for name, value in request.headers.items() if name.startswith(prefix + "if-")
    }
    if check_conditions(conditions, info) is not None:
        raise _precondition()
    return info


def check_conditions(headers: Mapping[str, str], info: ObjectInfo) -> HttpResponse | None:
    """The answer 304 where the client has the object already; None where it shall have it. Raises 412."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since, unmodified = headers.get("if-modified-since"), headers.get("if-unmodified-since")
    if match is not None and not _named(match, info.etag):
        raise _precondition()
    if unmodified is not None and match is None and info.last_modified.replace(microsecond=0) > _moment(unmodified):
        raise _precondition()
    same = none_match is not None and _named(none_match, info.etag)
    old = since is not None and none_match is None and info.last_modified.replace(microsecond=0) <= _moment(since)
    return HttpResponse(304, {"ETag": f'"{info.etag}"'}) if same or old else None


def _named(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in {part.strip().strip('"') for part in header.split(",")}


def _moment(header: str) -> datetime:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        raise ServiceError("InvalidArgument", "A date in the request cannot be read") from None


def _precondition() -> ServiceError:
    return ServiceError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)


def _is_range(header: str | None, size: int) -> bool:
    return header is not None and _RANGE.fullmatch(header.strip()) is not None and size > 0


def wanted_range(header: str | None, size: int) -> tuple[int, int]:
    """The first and last byte that are asked for; raises InvalidRange. A header of another kind asks for all."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size - 1
    first_text, last_text = match.groups()
    if first_text:
        first, last = int(first_text), min(int(last_text) if last_text else size - 1, size - 1)
    else:
        first, last = max(size - int(last_text), 0), size - 1
    if first >= size or first > last or (not first_text and int(last_text) == 0):
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", 416)
    return first, last


def _pieces(path: Path, first: int, length: int) -> Iterator[bytes]:
    """Bytes of a file that is opened now: it stays readable when the object is replaced meanwhile."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise no_such_key() from None

    def pieces() -> Iterator[bytes]:
        left = length
        with stream:
            stream.seek(first)
            while left > 0 and (piece := stream.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    return pieces()
