"""Multipart uploads: begun, filled part by part, completed as one object or aborted."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from sqlite3 import IntegrityError, Row
from typing import Any
from xml.etree.ElementTree import Element

from birdtui.local import checksums, s3_integrity, s3_tags, s3_xml
from birdtui.local.prefixes import end_of
from birdtui.local.s3_conditions import check_write, copied_span, copy_conditions, is_unchanged
from birdtui.local.s3_files import Written, pieces_of
from birdtui.local.s3_integrity import CHECKSUM_TYPE
from birdtui.local.s3_objects import MOST_PARTS, Objects, copy_source, kept_headers
from birdtui.local.s3_refusals import (
    malformed_xml,
    no_such_bucket,
    no_such_upload,
    not_here,
    number,
    precondition,
    text_of,
)
from birdtui.local.s3_store import ObjectStore, Parts, forget_upload
from birdtui.local.service import HttpRequest, HttpResponse, ServiceError

SMALLEST_PART = 5 << 20
PAGE = 1000
_ALGORITHM = "x-amz-checksum-algorithm"
_PART_TEXT = (
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified"
    " entity tag may not match the part's entity tag."
)


class Uploads:
    """Begin, parts, complete, abort."""

    def __init__(self, objects: ObjectStore, calls: Objects) -> None:
        self._objects = objects
        self._calls = calls
        self._store = objects.store

    def begin(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CreateMultipartUpload."""
        self._calls.check_new(request, bucket, key)
        checked = _checksum_kind(request.headers)
        upload = secrets.token_urlsafe(48)
        headers = json.dumps(kept_headers(request.headers) | s3_tags.kept(request.headers) | checked)
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)", (upload, bucket, key, int(time.time()), headers)
            )
        content = {"Bucket": bucket, "Key": key, "UploadId": upload}
        return s3_xml.document("InitiateMultipartUploadResult", content, checked)

    def put_part(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """UploadPart, or UploadPartCopy."""
        upload = self._upload(request, bucket, key)
        if "partNumber" not in request.query:
            raise not_here("An upload without partNumber")
        place = number(request, "partNumber", default=0, least=1, most=MOST_PARTS)
        algorithm = checksum_algorithm(upload)
        wanted = [algorithm] if algorithm else []
        if "x-amz-copy-source" not in request.headers:
            written, sums = s3_integrity.received(self._objects.files, request, wanted)
            self._keep(upload, place, written, sums)
            headers = {checksums.HEADER_PREFIX + name: value for name, value in sums.items()}
            return HttpResponse(200, {"ETag": f'"{written.md5}"', **headers})
        written = self._copied(request, wanted)
        moment = self._keep(upload, place, written, written.sums)
        return s3_xml.document("CopyPartResult", {"LastModified": moment, "ETag": f'"{written.md5}"'})

    def _copied(self, request: HttpRequest, algorithms: Sequence[str]) -> Written:
        info, stream = self._calls.opened(*copy_source(request))
        with stream:
            if is_unchanged(copy_conditions(request.headers), info):
                raise precondition()
            span = copied_span(request.headers.get("x-amz-copy-source-range"), info.size)
            stream.seek(span.first)
            return self._objects.files.write(pieces_of(stream, span.length), algorithms)

    def _keep(self, upload: Row, place: int, written: Written, sums: Mapping[str, str]) -> datetime:
        """Makes written bytes a part of an upload, in place of one of that number."""
        now = int(time.time())
        row = (upload["id"], place, written.file, written.size, written.md5, now, json.dumps(dict(sums)))
        try:
            with self._store.writing() as connection:
                old = connection.execute(
                    "SELECT file FROM parts WHERE upload = ? AND number = ?", (upload["id"], place)
                ).fetchall()
                connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except IntegrityError:  # aborted or completed while the bytes came
            self._objects.files.discard([written.file])
            raise no_such_upload() from None
        self._objects.files.discard(each["file"] for each in old)
        return datetime.fromtimestamp(now, UTC)

    def list_parts(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """ListParts."""
        upload = self._upload(request, bucket, key)
        after = number(request, "part-number-marker", default=0, most=2**31 - 1)
        most = number(request, "max-parts", default=PAGE, most=2**31 - 1)
        rows = [row for row in self._parts(upload) if row["number"] > after]
        shown = rows[: min(most, PAGE)]
        parts = [
            {
                "PartNumber": row["number"],
                "LastModified": datetime.fromtimestamp(row["modified"], UTC),
                "ETag": f'"{row["etag"]}"',
                "Size": row["size"],
                **s3_integrity.as_elements(s3_integrity.as_headers(json.loads(row["headers"]))),
            }
            for row in shown
        ]
        for part in parts:
            part.pop("ChecksumType", None)
        content = {
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload["id"],
            "PartNumberMarker": after,
            "NextPartNumberMarker": shown[-1]["number"] if shown else 0,
            "MaxParts": min(most, PAGE),
            "IsTruncated": len(rows) > len(shown) > 0,
            "StorageClass": "STANDARD",
            "Part": parts,
        }
        return s3_xml.document("ListPartsResult", content)

    def list_uploads(self, request: HttpRequest, bucket: str) -> HttpResponse:
        """ListMultipartUploads."""
        self._objects.bucket(bucket)
        if text_of(request, "delimiter"):
            raise not_here("ListMultipartUploads with a delimiter")
        prefix, key, upload = (text_of(request, name) for name in ("prefix", "key-marker", "upload-id-marker"))
        most = min(number(request, "max-uploads", default=PAGE, least=1, most=2**31 - 1), PAGE)
        after = "(key, id) > (?, ?)" if upload else "key > ?"
        rows = (
            self._store.reading()
            .execute(
                f"SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND key < ? AND {after}"  # noqa: S608
                " ORDER BY key, id LIMIT ?",
                (bucket, prefix, end_of(prefix), key, *([upload] if upload else []), most + 1),
            )
            .fetchall()
        )
        shown = rows[:most]
        encoded = s3_xml.encoder(text_of(request, "encoding-type"))
        more = {"NextKeyMarker": encoded(shown[-1]["key"]), "NextUploadIdMarker": shown[-1]["id"]} if shown else {}
        content: dict[str, Any] = {
            "Bucket": bucket,
            "KeyMarker": encoded(key),
            "UploadIdMarker": upload,
            **(more if len(rows) > most else {}),
            "Prefix": encoded(prefix),
            "EncodingType": text_of(request, "encoding-type") or None,
            "MaxUploads": most,
            "IsTruncated": len(rows) > most,
            "Upload": [
                {
                    "Key": encoded(row["key"]),
                    "UploadId": row["id"],
                    "Initiated": datetime.fromtimestamp(row["started"], UTC),
                    "StorageClass": "STANDARD",
                }
                for row in shown
            ],
        }
        return s3_xml.document("ListMultipartUploadsResult", content)

    def complete(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CompleteMultipartUpload: the parts named, in their order, as one object."""
        upload = self._upload(request, bucket, key)
        root = s3_integrity.document(_without_checksums(request))
        algorithm = checksum_algorithm(upload)
        rows = _chosen([] if root is None else root.findall("Part"), self._parts(upload), algorithm)
        headers: dict[str, str] = json.loads(upload["headers"])
        kind = headers.pop(CHECKSUM_TYPE, "")
        headers.pop(_ALGORITHM, None)
        whole = [algorithm] if algorithm and kind == "FULL_OBJECT" else []
        try:
            written = self._objects.files.write(self._objects.files.joined(row["file"] for row in rows), whole)
        except FileNotFoundError:  # aborted or completed meanwhile
            raise no_such_upload() from None
        sums = dict(written.sums)
        if algorithm and not whole:
            sums = {
                algorithm: s3_integrity.composite(algorithm, (json.loads(row["headers"])[algorithm] for row in rows))
            }
        self._compare(request, sums, written)
        headers |= s3_integrity.as_headers(sums, kind)
        digest = hashlib.md5(b"".join(bytes.fromhex(row["etag"]) for row in rows), usedforsecurity=False)
        parts = Parts(upload["id"], f"{digest.hexdigest()}-{len(rows)}", [row["size"] for row in rows])
        info = self._objects.adopt(
            bucket, key, written, headers, check=partial(check_write, request.headers), parts=parts
        )
        content = {
            "Location": f"/{bucket}/{key}",
            "Bucket": bucket,
            "Key": key,
            "ETag": f'"{info.etag}"',
            **s3_integrity.as_elements(headers),
        }
        return s3_xml.document("CompleteMultipartUploadResult", content)

    def _compare(self, request: HttpRequest, sums: Mapping[str, str], written: Written) -> None:
        """Raises where the request says another checksum of the whole than there is."""
        for algorithm, value in sums.items():
            if request.headers.get(checksums.HEADER_PREFIX + algorithm, value) != value:
                self._objects.files.discard([written.file])
                text = f"The {algorithm.upper()} you specified did not match the calculated checksum."
                raise ServiceError("BadDigest", text)

    def abort(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """AbortMultipartUpload."""
        upload = self._upload(request, bucket, key)
        with self._store.writing() as connection:
            files = forget_upload(connection, upload["id"])
        self._objects.files.discard(files)
        return HttpResponse(204, {})

    def _upload(self, request: HttpRequest, bucket: str, key: str) -> Row:
        place = (text_of(request, "uploadId"), bucket, key)
        row: Row | None = (
            self._store.reading()
            .execute("SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?", place)
            .fetchone()
        )
        if row is None:
            raise no_such_upload() if self._objects.exists(bucket) else no_such_bucket()
        return row

    def _parts(self, upload: Row) -> list[Row]:
        query = "SELECT * FROM parts WHERE upload = ? ORDER BY number"
        return self._store.reading().execute(query, (upload["id"],)).fetchall()


def checksum_algorithm(upload: Row) -> str | None:
    """The checksum an upload was begun with, in lower case."""
    name: str | None = json.loads(upload["headers"]).get(_ALGORITHM)
    return name.lower() if name else None


def _checksum_kind(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksum that an upload is begun with, and whether it is one of the whole or of its parts' checksums."""
    name = headers.get(_ALGORITHM)
    if name is None:
        return {}
    if name.lower() not in checksums.ALGORITHMS:
        raise ServiceError("InvalidRequest", f"The checksum {name} is not part of the local engine.")
    usual = "FULL_OBJECT" if name.upper() == "CRC64NVME" else "COMPOSITE"
    kind = headers.get(CHECKSUM_TYPE, usual)
    if (name.upper(), kind) in {("CRC64NVME", "COMPOSITE"), ("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT")}:
        text = f"The {kind} checksum type cannot be used with the {name.lower()} checksum algorithm."
        raise ServiceError("InvalidRequest", text)
    return {_ALGORITHM: name.upper(), CHECKSUM_TYPE: kind}


def _without_checksums(request: HttpRequest) -> HttpRequest:
    """A request whose checksums are the object's, not its own body's."""
    headers = {name: value for name, value in request.headers.items() if not name.startswith("x-amz-checksum-")}
    return HttpRequest(request.method, request.path, request.query, headers, request.body, request.region)


def _chosen(wanted: Sequence[Element], parts: Sequence[Row], algorithm: str | None) -> list[Row]:
    """The parts that a completion names; raises for one that is not there, out of order, or too small."""
    by_number = {str(row["number"]): row for row in parts}
    rows: list[Row] = []
    for element in wanted:
        row = by_number.get(element.findtext("PartNumber", "").strip())
        if row is None or not _is_named(row, element, algorithm):
            raise ServiceError("InvalidPart", _PART_TEXT)
        if rows and row["number"] <= rows[-1]["number"]:
            text = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise ServiceError("InvalidPartOrder", text)
        rows.append(row)
    if not rows:
        raise malformed_xml()
    if any(row["size"] < SMALLEST_PART for row in rows[:-1]):
        raise ServiceError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    return rows


def _is_named(row: Row, element: Element, algorithm: str | None) -> bool:
    sums: Mapping[str, str] = json.loads(row["headers"])
    given = element.findtext(f"Checksum{algorithm.upper()}") if algorithm else None
    same_sum = given is None or given == sums.get(algorithm or "")
    return same_sum and element.findtext("ETag", "").strip().strip('"') == row["etag"]
