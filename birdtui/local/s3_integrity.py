"""Whether the bytes that arrived are those that were sent: Content-MD5 and the checksums of the SDKs."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from birdtui.local import checksums, s3_xml
from birdtui.local.s3_files import Files, Written, pieces_of
from birdtui.local.s3_refusals import malformed_xml
from birdtui.local.service import HttpRequest, ServiceError

LARGEST_DOCUMENT = 4 << 20
CHECKSUM_TYPE = "x-amz-checksum-type"
_NO_CHECKSUMS = {"x-amz-checksum-algorithm", "x-amz-checksum-mode", CHECKSUM_TYPE}


def given_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """Checksums that a request brings, by algorithm in lower case; raises InvalidRequest for one that is none."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if name in _NO_CHECKSUMS or not name.startswith(checksums.HEADER_PREFIX):
            continue
        algorithm = name.removeprefix(checksums.HEADER_PREFIX)
        make = checksums.ALGORITHMS.get(algorithm)
        if make is None:
            raise ServiceError("InvalidRequest", f"The checksum {name} is not part of the local engine.")
        if len(_decoded(value)) != len(make().digest()):
            raise ServiceError("InvalidRequest", f"Value for {name} header is invalid.")
        found[algorithm] = value
    if len(found) > 1:
        raise ServiceError(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    return found


def received(files: Files, request: HttpRequest, algorithms: Iterable[str] = ()) -> tuple[Written, dict[str, str]]:
    """A request's body as a file, and its checksums by algorithm: those it brought, proved, and those of `algorithms`.

    Raises BadDigest where the bytes are others, and whatever reading the body raises; then no file is left.
    """
    digest = _content_md5(request.headers)
    given = given_checksums(request.headers)
    written = files.write(pieces_of(request.body), {*given, *algorithms})
    try:
        _compare(written, digest, given)
    except ServiceError:
        files.discard([written.file])
        raise
    # Trailing checksums were proved by the body itself.
    trailing = given_checksums(getattr(request.body, "trailers", {}))
    return written, {**written.sums, **trailing}


def document(request: HttpRequest) -> Element | None:
    """A request's XML document, None for an empty body. Raises MalformedXML and BadDigest."""
    data = b"".join(pieces_of(request.body, LARGEST_DOCUMENT + 1))
    if len(data) > LARGEST_DOCUMENT:
        raise malformed_xml()
    given = given_checksums(request.headers)
    sums = {}
    for algorithm in given:
        hasher = checksums.ALGORITHMS[algorithm]()
        hasher.update(data)
        sums[algorithm] = checksums.text(hasher)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    _compare(Written("", len(data), md5, sums), _content_md5(request.headers), given)
    return s3_xml.parse(data) if data else None


def _compare(written: Written, digest: str | None, given: Mapping[str, str]) -> None:
    if digest is not None and digest != written.md5:
        raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    for algorithm, value in given.items():
        if value != written.sums[algorithm]:
            text = f"The {algorithm.upper()} you specified did not match the calculated checksum."
            raise ServiceError("BadDigest", text)


def _content_md5(headers: Mapping[str, str]) -> str | None:
    """Content-MD5 in hex, None without one; raises InvalidDigest."""
    value = headers.get("content-md5")
    if value is None:
        return None
    digest = _decoded(value)
    if len(digest) != hashlib.md5(usedforsecurity=False).digest_size:
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    return digest.hex()


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def composite(algorithm: str, sums: Iterable[str]) -> str:
    """The checksum of checksums that an object in parts has, `<base64>-<parts>`."""
    hasher = checksums.ALGORITHMS[algorithm]()
    count = 0
    for each in sums:
        hasher.update(base64.b64decode(each))
        count += 1
    return f"{checksums.text(hasher)}-{count}"


def as_headers(sums: Mapping[str, str], kind: str = "FULL_OBJECT") -> dict[str, str]:
    """Checksums as headers carry them, with their type; nothing for none."""
    headers = {checksums.HEADER_PREFIX + algorithm: value for algorithm, value in sums.items()}
    return headers | {CHECKSUM_TYPE: kind} if headers else headers


def as_elements(headers: Mapping[str, str]) -> dict[str, str]:
    """Checksums among an object's headers as documents carry them: `ChecksumCRC32` and so on."""
    names = {
        name: "Checksum" + name.removeprefix(checksums.HEADER_PREFIX).upper()
        for name in headers
        if name.startswith(checksums.HEADER_PREFIX) and name not in _NO_CHECKSUMS
    }
    elements = {element: headers[name] for name, element in names.items()}
    return elements | {"ChecksumType": headers[CHECKSUM_TYPE]} if CHECKSUM_TYPE in headers else elements
