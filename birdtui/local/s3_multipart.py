"""Multipart uploads."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from datetime import UTC, datetime
from sqlite3 import Row
from xml.etree.ElementTree import Element

from birdtui.local import s3_xml
from birdtui.local.s3_objects import copy_source, kept_headers, wanted_range
from birdtui.local.s3_store import ObjectStore, Written
from birdtui.local.service import HttpRequest, HttpResponse, ServiceError

SMALLEST_PART = 5 << 20
MOST_PARTS = 10_000


class Uploads:
    """Begin, parts, complete, abort."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._store = objects.store

    def begin(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CreateMultipartUpload."""
        self._objects.bucket(bucket)
        upload = secrets.token_hex(32)
        with self._store.writing() as connection:
            headers = json.dumps(kept_headers(request.headers))
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)", (upload, bucket, key, time.time(), headers)
            )
        content = {"Bucket": bucket, "Key": key, "UploadId": upload}
        return s3_xml.document("InitiateMultipartUploadResult", content)

    def put_part(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """UploadPart, or UploadPartCopy."""
        upload = self._upload(request, bucket, key)
        number = request.query.get("partNumber", [""])[0]
        if not number.isdigit() or not 1 <= int(number) <= MOST_PARTS:
            raise ServiceError(
                "InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive"
            )
        copied = "x-amz-copy-source" in request.headers
        written = self._copied(request) if copied else self._objects.write(request.body)
        now = time.time()
        checksums = {name: value for name, value in request.headers.items() if name.startswith("x-amz-checksum-")}
        with self._store.writing() as connection:
            old = connection.execute(
                "SELECT file FROM parts WHERE upload = ? AND number = ?", (upload["id"], int(number))
            ).fetchone()
            connection.execute(
                "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (upload["id"], int(number), written.file, written.size, written.md5, now, json.dumps(checksums)),
            )
        if old is not None:
            self._objects.discard(old["file"])
        if copied:
            content = {"LastModified": datetime.fromtimestamp(now, UTC), "ETag": f'"{written.md5}"'}
            return s3_xml.document("CopyPartResult", content)
        return HttpResponse(200, {"ETag": f'"{written.md5}"', **checksums})

    def _copied(self, request: HttpRequest) -> Written:
        source = copy_source(self._objects, request)
        assert source is not None  # copy_source raises where there is none
        first, last = wanted_range(request.headers.get("x-amz-copy-source-range"), source.size)
        with source.path.open("rb") as stream:
            stream.seek(first)
            return self._objects.write(_Limited(stream, last - first + 1))  # type: ignore[arg-type]

    def list_parts(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """ListParts."""
        upload = self._upload(request, bucket, key)
        after = int(request.query.get("part-number-marker", ["0"])[0] or 0)
        most = min(int(request.query.get("max-parts", ["1000"])[0] or 1000), 1000)
        rows = [row for row in self._parts(upload["id"]) if row["number"] > after]
        shown = rows[:most]
        parts = [
            {
                "PartNumber": row["number"],
                "LastModified": datetime.fromtimestamp(row["modified"], UTC),
                "ETag": f'"{row["etag"]}"',
                "Size": row["size"],
            }
            for row in shown
        ]
        content = {
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload["id"],
            "PartNumberMarker": after,
            "NextPartNumberMarker": shown[-1]["number"] if shown else 0,
            "MaxParts": most,
            "IsTruncated": len(rows) > most,
            "Part": parts,
        }
        return s3_xml.document("ListPartsResult", content)

    def list_uploads(self, request: HttpRequest, bucket: str) -> HttpResponse:
        """ListMultipartUploads, all in one page."""
        self._objects.bucket(bucket)
        prefix = request.query.get("prefix", [""])[0]
        rows = self._store.reading().execute("SELECT * FROM uploads WHERE bucket = ? ORDER BY key, started", (bucket,))
        uploads = [
            {"Key": row["key"], "UploadId": row["id"], "Initiated": datetime.fromtimestamp(row["started"], UTC)}
            for row in rows
            if row["key"].startswith(prefix)
        ]
        content = {"Bucket": bucket, "Prefix": prefix, "MaxUploads": 1000, "IsTruncated": False, "Upload": uploads}
        return s3_xml.document("ListMultipartUploadsResult", content)

    def complete(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """CompleteMultipartUpload: the parts named, in their order, as one object."""
        upload = self._upload(request, bucket, key)
        wanted = s3_xml.read(request.body).findall("Part")
        rows = self._chosen(wanted, {row["number"]: row for row in self._parts(upload["id"])})
        if any(row["size"] < SMALLEST_PART for row in rows[:-1]):
            raise ServiceError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        digest = hashlib.md5(b"".join(bytes.fromhex(row["etag"]) for row in rows))  # noqa: S324 - an ETag is an MD5
        etag = f"{digest.hexdigest()}-{len(rows)}"
        left = {row["file"] for row in self._parts(upload["id"])} - {row["file"] for row in rows}
        written = self._objects.join([row["file"] for row in rows])
        info = self._objects.adopt(bucket, key, written, json.loads(upload["headers"]), etag=etag)
        self._forget(upload["id"], left)
        content = {"Location": f"/{bucket}/{key}", "Bucket": bucket, "Key": key, "ETag": f'"{info.etag}"'}
        return s3_xml.document("CompleteMultipartUploadResult", content)

    @staticmethod
    def _chosen(wanted: list[Element], parts: dict[int, Row]) -> list[Row]:
        rows: list[Row] = []
        for element in wanted:
            number = int(element.findtext("PartNumber") or 0)
            row = parts.get(number)
            if row is None or (element.findtext("ETag") or "").strip('"') != row["etag"]:
                raise ServiceError(
                    "InvalidPart",
                    "One or more of the specified parts could not be found.  The part may not have been uploaded, or "
                    "the specified entity tag may not match the part's entity tag.",
                )
            if rows and number <= rows[-1]["number"]:
                raise ServiceError("InvalidPartOrder", "The list of parts was not in ascending order.")
            rows.append(row)
        if not rows:
            raise ServiceError("MalformedXML", "You must specify at least one part")
        return rows

    def abort(self, request: HttpRequest, bucket: str, key: str) -> HttpResponse:
        """AbortMultipartUpload."""
        upload = self._upload(request, bucket, key)
        self._forget(upload["id"], {row["file"] for row in self._parts(upload["id"])})
        return HttpResponse(204, {})

    def _forget(self, upload: str, files: set[str]) -> None:
        with self._store.writing() as connection:
            connection.execute("DELETE FROM uploads WHERE id = ?", (upload,))
        for file in files:
            self._objects.discard(file)

    def _upload(self, request: HttpRequest, bucket: str, key: str) -> Row:
        row: Row | None = (
            self._store.reading()
            .execute(
                "SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?",
                (request.query["uploadId"][0], bucket, key),
            )
            .fetchone()
        )
        if row is None:
            raise ServiceError(
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                "aborted or completed.",
                404,
            )
        return row

    def _parts(self, upload: str) -> list[Row]:
        return (
            self._store.reading().execute("SELECT * FROM parts WHERE upload = ? ORDER BY number", (upload,)).fetchall()
        )


class _Limited:
    """So many bytes of a stream."""

    def __init__(self, stream: object, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int) -> bytes:
        """The next bytes."""
        piece: bytes = self._stream.read(min(size, self._left))  # type: ignore[attr-defined]
        self._left -= len(piece)
        return piece
