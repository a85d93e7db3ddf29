"""Calls on one object, and the deletion of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import format_datetime
from functools import partial
from typing import BinaryIO
from urllib.parse import unquote

from birdtui.local import s3_integrity, s3_tags, s3_xml
from birdtui.local.s3_conditions import Span, check_write, copy_conditions, is_unchanged, wanted_span
from birdtui.local.s3_files import pieces_of
from birdtui.local.s3_refusals import (
    check_headers,
    invalid,
    malformed_xml,
    name_of,
    not_here,
    number,
    precondition,
    text_of,
)
from birdtui.local.s3_store import ObjectInfo, ObjectStore
from birdtui.local.service import HttpRequest, HttpResponse, ServiceError

LONGEST_KEY = 1024
LARGEST_METADATA = 2048
LARGEST_PUT = 5 << 30
MOST_PARTS = 10_000
MOST_DELETED = 1000
_META = "x-amz-meta-"
_KEPT = {"content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires"}
_ANSWERED = {f"response-{name}": name for name in _KEPT}


class Objects:
    """Get, head, put, copy, delete."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """GetObject and HeadObject: the whole of it, a range or a part, in pieces as they are read."""
        if set(request.query) - _ANSWERED.keys() - {"partNumber"}:
            raise not_here(name_of(request))
        info, stream = self.opened(bucket, key)
        with_stream = False
        try:
            if is_unchanged(request.headers, info):
                return HttpResponse(304, _facts(info))
            span, headers = self._span(request, info)
            headers = {**object_headers(info, request), **headers}
            if span:
                headers["Content-Range"] = f"bytes {span.first}-{span.last}/{info.size}"
            whole = span or Span(0, info.size - 1)
            headers["Content-Length"] = str(whole.length)
            with_stream = request.method == "GET"
            return HttpResponse(206 if span else 200, headers, _sent(stream, whole) if with_stream else b"")
        finally:
            if not with_stream:
                stream.close()

    def opened(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """An object and its bytes, which belong together however often it is replaced meanwhile."""
        while True:
            info = self._store.find(bucket, key)
            stream = self._store.open(info, bucket)
            if stream is not None:
                return info, stream

    def _span(self, request: HttpRequest, info: ObjectInfo) -> tuple[Span | None, dict[str, str]]:
        """The bytes that are asked for by range or by part, None for all; for a part, how many there are."""
        header = request.headers.get("range")
        if "partNumber" not in request.query:
            return wanted_span(header, info.size), {}
        if header is not None:
            text = "Cannot specify both Range header and partNumber query parameter"
            raise ServiceError("InvalidRequest", text)
        wanted = number(request, "partNumber", default=1, least=1, most=MOST_PARTS)
        sizes = self._store.part_sizes(info)
        if wanted > len(sizes or [info.size]):
            raise ServiceError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
        counted = {"x-amz-mp-parts-count": str(len(sizes))} if sizes else {}
        if not info.size:
            return None, counted
        first = sum((sizes or [])[: wanted - 1])
        return Span(first, first + (sizes or [info.size])[wanted - 1] - 1), counted

    def put(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """PutObject."""
        self.check_new(request, bucket, key)
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > LARGEST_PUT:
            raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        kept = kept_headers(request.headers) | s3_tags.kept(request.headers)
        written, sums = s3_integrity.received(self._store.files, request)
        checked = s3_integrity.as_headers(sums)
        check = partial(check_write, request.headers)
        info = self._store.adopt(bucket, key, written, {**kept, **checked}, check=check)
        return HttpResponse(200, {"ETag": f'"{info.etag}"', **checked})

    def copy(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CopyObject; what is stored with the source comes along unless the call brings its own."""
        self.check_new(request, bucket, key)
        directive = request.headers.get("x-amz-metadata-directive", "COPY")
        if directive not in ("COPY", "REPLACE"):
            raise invalid("Unknown metadata directive.")
        source = copy_source(request)
        if source == (bucket, key) and directive == "COPY":
            raise ServiceError(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself without changing the"
                " object's metadata, storage class, website redirect location or encryption attributes.",
            )
        info, stream = self.opened(*source)
        with stream:
            if is_unchanged(copy_conditions(request.headers), info):
                raise precondition()
            sums = _whole_checksums(info)
            kept = kept_headers(request.headers if directive == "REPLACE" else info.headers)
            kept |= s3_tags.kept_in_copy(request.headers, info.headers)
            written = self._store.files.write(pieces_of(stream))
        made = self._store.adopt(bucket, key, written, {**kept, **sums}, check=partial(check_write, request.headers))
        content = {"LastModified": made.last_modified, "ETag": f'"{made.etag}"', **s3_integrity.as_elements(sums)}
        return s3_xml.document("CopyObjectResult", content)

    def check_new(self, request: HttpRequest, bucket: str, key: str) -> None:
        """Raises for an object that could not be stored as the request says, before its bytes are read."""
        self._store.bucket(bucket)
        check_headers(request.headers)
        if len(key.encode()) > LONGEST_KEY:
            raise ServiceError("KeyTooLongError", "Your key is too long")
        meta = {name: value for name, value in request.headers.items() if name.startswith(_META)}
        if sum(len(name) - len(_META) + len(value.encode()) for name, value in meta.items()) > LARGEST_METADATA:
            text = "Your metadata headers exceed the maximum allowed metadata size"
            raise ServiceError("MetadataTooLarge", text)

    def delete(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """DeleteObject."""
        if "if-match" in request.headers:
            raise not_here("DeleteObject with If-Match")
        self._store.delete(bucket, [key])
        return HttpResponse(204, {})

    def delete_many(self, request: HttpRequest, bucket: str) -> HttpResponse:
        """DeleteObjects."""
        root = s3_integrity.document(request)
        wanted = [] if root is None else root.findall("Object")
        if root is None or not 0 < len(wanted) <= MOST_DELETED:
            raise malformed_xml()
        further = {child.tag for each in wanted for child in each if child.tag != "Key" and child.text != "null"}
        if further:
            raise not_here(f"DeleteObjects with {', '.join(sorted(further))}")
        keys = [each.findtext("Key", "") for each in wanted]
        if not all(keys):
            raise ServiceError("UserKeyMustBeSpecified", "The bucket POST must contain the specified field name.")
        self._store.delete(bucket, keys)
        is_quiet = root.findtext("Quiet", "").strip().lower() == "true"
        return s3_xml.document("DeleteResult", {"Deleted": [] if is_quiet else [{"Key": key} for key in keys]})


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What of a request's headers is stored with the object."""
    kept = {name: value for name, value in headers.items() if name in _KEPT or name.startswith(_META)}
    return {"content-type": "binary/octet-stream", **kept}


def copy_source(request: HttpRequest) -> tuple[str, str]:
    """The bucket and key that `x-amz-copy-source` names."""
    source, _, version = request.headers["x-amz-copy-source"].partition("?versionId=")
    bucket, _, key = unquote(source).removeprefix("/").partition("/")
    if version not in ("", "null"):
        raise not_here("A copy of a version")
    if not bucket or not key:
        raise invalid("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    return bucket, key


def object_headers(info: ObjectInfo, request: HttpRequest) -> dict[str, str]:
    """An object's headers as a reader gets them, those that the request sets itself among them."""
    hide_sums = request.headers.get("x-amz-checksum-mode", "").upper() != "ENABLED" or "range" in request.headers
    hidden = ("x-amz-checksum-", s3_tags.HEADER) if hide_sums else s3_tags.HEADER
    shown = {name: value for name, value in info.headers.items() if not name.startswith(hidden)}
    shown |= s3_tags.counted(info.headers)
    shown |= {name: text_of(request, asked) for asked, name in _ANSWERED.items() if asked in request.query}
    return {**_facts(info), "Accept-Ranges": "bytes", **{_title(name): value for name, value in shown.items()}}


def _facts(info: ObjectInfo) -> dict[str, str]:
    return {"ETag": f'"{info.etag}"', "Last-Modified": format_datetime(info.last_modified, usegmt=True)}


def _title(name: str) -> str:
    return name if name.startswith("x-amz-") else name.title()


def _whole_checksums(info: ObjectInfo) -> dict[str, str]:
    """The checksums of an object's bytes; those of its parts say nothing about a copy in one piece."""
    if info.headers.get(s3_integrity.CHECKSUM_TYPE) != "FULL_OBJECT":
        return {}
    return {name: value for name, value in info.headers.items() if name.startswith("x-amz-checksum-")}


def _sent(stream: BinaryIO, span: Span) -> Iterator[bytes]:
    with stream:
        stream.seek(span.first)
        yield from pieces_of(stream, span.length)
