"""Buckets and objects: the index of what is stored, in SQLite; the bytes are in `s3_files`.

Keys are listed in the order of their UTF-8 bytes, as S3 lists them; SQLite compares text so.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection, Row
from typing import BinaryIO

from birdtui.local.prefixes import end_of
from birdtui.local.s3_files import Files, Written
from birdtui.local.s3_refusals import no_such_bucket, no_such_key, no_such_upload
from birdtui.local.service import REGION, ServiceError
from birdtui.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, region TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL REFERENCES buckets (name), key TEXT NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, modified REAL NOT NULL, headers TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object_parts (file TEXT PRIMARY KEY, sizes TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started REAL NOT NULL, headers TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE, number INTEGER NOT NULL, file TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, headers TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
"""

_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]", re.ASCII)
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object: `path` is where its bytes lie, `headers` what was stored with it (Content-Type, x-amz-meta-…)."""

    key: str
    size: int
    etag: str
    last_modified: datetime
    path: Path
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parts:
    """The upload that an object came in, its ETag, and the sizes of its parts."""

    upload: str
    etag: str
    sizes: Sequence[int]


WriteCheck = Callable[[ObjectInfo | None], None]
"""Raises ServiceError where what is there forbids a write; None is that there is nothing of that key."""


class ObjectStore:
    """Buckets and objects for S3 itself and for the rest of the engine."""

    def __init__(self, store: Store) -> None:
        """Takes away files that belong to nothing; one engine has a store to itself."""
        self.store = store
        self.files = Files(store.objects)
        rows = store.reading().execute("SELECT file FROM objects UNION ALL SELECT file FROM parts")
        self.files.sweep({row["file"] for row in rows})

    # buckets

    def create_bucket(self, name: str, region: str = REGION) -> bool:
        """Makes a bucket; False where it exists already. Raises InvalidBucketName."""
        reserved = name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS)
        if not _BUCKET_NAME.fullmatch(name) or reserved:
            raise ServiceError("InvalidBucketName", "The specified bucket is not valid.")
        with self.store.writing() as connection:
            row = (name, region, int(time.time()))
            return connection.execute("INSERT OR IGNORE INTO buckets VALUES (?, ?, ?)", row).rowcount == 1

    def bucket(self, name: str) -> Row:
        """A bucket's row; raises NoSuchBucket."""
        row: Row | None = self.store.reading().execute("SELECT * FROM buckets WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise no_such_bucket()
        return row

    def exists(self, name: str) -> bool:
        """Whether there is a bucket of that name."""
        row = self.store.reading().execute("SELECT 1 FROM buckets WHERE name = ?", (name,)).fetchone()
        return row is not None

    def buckets(self) -> list[Row]:
        """All buckets by name."""
        return self.store.reading().execute("SELECT * FROM buckets ORDER BY name").fetchall()

    def delete_bucket(self, name: str) -> None:
        """Takes an empty bucket away, with uploads that were not completed. Raises NoSuchBucket, BucketNotEmpty."""
        with self.store.writing() as connection:
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (name,)).fetchone():
                raise ServiceError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
            if not connection.execute("DELETE FROM buckets WHERE name = ?", (name,)).rowcount:
                raise no_such_bucket()
            uploads = [row["id"] for row in connection.execute("SELECT id FROM uploads WHERE bucket = ?", (name,))]
            files = [file for upload in uploads for file in forget_upload(connection, upload)]
        self.files.discard(files)

    # objects

    def walk(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[ObjectInfo]:
        """Objects under a prefix, by key from `start` on; read as they are taken."""
        rows = self.store.reading().execute(
            "SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key",
            (bucket, max(prefix, start), end_of(prefix)),
        )
        return map(self._info, rows)

    def find(self, bucket: str, key: str) -> ObjectInfo:
        """One object; raises NoSuchBucket or NoSuchKey."""
        info = self._lookup(self.store.reading(), bucket, key)
        if info is None:
            self.bucket(bucket)
            raise no_such_key()
        return info

    def open(self, info: ObjectInfo, bucket: str) -> BinaryIO | None:
        """An object's bytes; None where it was replaced or deleted since `info` was found: find it again."""
        try:
            return info.path.open("rb")
        except FileNotFoundError:
            if self.find(bucket, info.key).path == info.path:
                raise
            return None

    def part_sizes(self, info: ObjectInfo) -> list[int] | None:
        """The sizes of the parts that an object was uploaded in; None for one that came whole."""
        row = (
            self.store.reading().execute("SELECT sizes FROM object_parts WHERE file = ?", (info.path.name,)).fetchone()
        )
        return json.loads(row["sizes"]) if row else None

    def adopt(
        self,
        bucket: str,
        key: str,
        written: Written,
        headers: Mapping[str, str],
        *,
        check: WriteCheck | None = None,
        parts: Parts | None = None,
    ) -> ObjectInfo:
        """Makes written bytes an object, in place of one of that key, and ends the upload they came in.

        All of it or nothing: what is raised (NoSuchBucket, NoSuchUpload, by `check`) leaves only the old object.
        """
        modified = int(time.time())
        etag = parts.etag if parts else written.md5
        dropped: list[str] = []
        try:
            with self.store.writing() as connection:
                if not connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone():
                    raise no_such_bucket()
                old = self._lookup(connection, bucket, key)
                if check:
                    check(old)
                if old:
                    dropped += _forget_object(connection, bucket, key, old)
                if parts:
                    dropped += forget_upload(connection, parts.upload)
                    sizes = json.dumps(list(parts.sizes))
                    connection.execute("INSERT INTO object_parts VALUES (?, ?)", (written.file, sizes))
                connection.execute(
                    "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (bucket, key, written.file, written.size, etag, modified, json.dumps(dict(headers))),
                )
        except BaseException:
            self.files.discard([written.file])
            raise
        self.files.discard(dropped)
        moment = datetime.fromtimestamp(modified, UTC)
        return ObjectInfo(key, written.size, etag, moment, self.files.path(written.file), dict(headers))

    def set_header(self, bucket: str, key: str, name: str, value: str) -> None:
        """Changes one header that is stored with an object, or takes it away where it is empty. Raises NoSuchKey."""
        with self.store.writing() as connection:
            info = self._lookup(connection, bucket, key)
            if info is None:
                raise no_such_key()
            headers = {each: text for each, text in {**info.headers, name: value}.items() if text or each != name}
            connection.execute(
                "UPDATE objects SET headers = ? WHERE bucket = ? AND key = ?", (json.dumps(headers), bucket, key)
            )

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Takes objects away; one that does not exist is no error. Raises NoSuchBucket."""
        self.bucket(bucket)
        dropped: list[str] = []
        with self.store.writing() as connection:
            for key in keys:
                old = self._lookup(connection, bucket, key)
                if old:
                    dropped += _forget_object(connection, bucket, key, old)
        self.files.discard(dropped)

    def _lookup(self, connection: Connection, bucket: str, key: str) -> ObjectInfo | None:
        row = connection.execute("SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        return self._info(row) if row else None

    def _info(self, row: Row) -> ObjectInfo:
        modified = datetime.fromtimestamp(int(row["modified"]), UTC)
        path = self.files.path(row["file"])
        return ObjectInfo(row["key"], row["size"], row["etag"], modified, path, json.loads(row["headers"]))


def _forget_object(connection: Connection, bucket: str, key: str, old: ObjectInfo) -> list[str]:
    """Takes an object out of the index; gives the files to discard once that is committed."""
    file = old.path.name
    connection.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
    connection.execute("DELETE FROM object_parts WHERE file = ?", (file,))
    return [file]


def forget_upload(connection: Connection, upload: str) -> list[str]:
    """Takes an upload out of the index; gives the files to discard once that is committed. Raises NoSuchUpload."""
    files = [row["file"] for row in connection.execute("SELECT file FROM parts WHERE upload = ?", (upload,))]
    if not connection.execute("DELETE FROM uploads WHERE id = ?", (upload,)).rowcount:
        raise no_such_upload()
    return files
