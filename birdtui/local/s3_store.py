"""Buckets and objects: an index in SQLite, each object's bytes in a file named by a number, never by its key.

Keys are listed in the order of their UTF-8 bytes, as S3 lists them; SQLite compares text so. An object that is replaced
or deleted stays readable for who has it open.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Row
from typing import BinaryIO

from birdtui.local.service import REGION, ServiceError
from birdtui.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, region TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL REFERENCES buckets (name), key TEXT NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, modified REAL NOT NULL, headers TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started REAL NOT NULL, headers TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE, number INTEGER NOT NULL, file TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, headers TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY AUTOINCREMENT);
"""

PIECE = 1 << 20
_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")


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
class Written:
    """Bytes that are on the disk but belong to no object yet."""

    file: str
    size: int
    md5: str


def no_such_bucket() -> ServiceError:
    """The bucket does not exist."""
    return ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)


def no_such_key() -> ServiceError:
    """The object does not exist."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", 404)


class ObjectStore:
    """Buckets and objects for S3 itself and for the rest of the engine."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # buckets

    def create_bucket(self, name: str, region: str = REGION) -> bool:
        """Make a bucket; False where it exists already. Raises InvalidBucketName."""
        if not _BUCKET_NAME.fullmatch(name):
            raise ServiceError("InvalidBucketName", "The specified bucket is not valid.")
        with self.store.writing() as connection:
            made = connection.execute("INSERT OR IGNORE INTO buckets VALUES (?, ?, ?)", (name, region, time.time()))
            return made.rowcount == 1

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
        """Take an empty bucket away; raises BucketNotEmpty."""
        self.bucket(name)
        with self.store.writing() as connection:
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (name,)).fetchone():
                raise ServiceError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
            connection.execute("DELETE FROM buckets WHERE name = ?", (name,))

    # objects

    def objects(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """The objects under a prefix, by key; none where the bucket does not exist."""
        return list(self.walk(bucket, prefix))

    def walk(self, bucket: str, prefix: str = "", after: str = "", limit: int = -1) -> Iterator[ObjectInfo]:
        """Objects under a prefix whose keys come after `after`, by key, at most `limit`."""
        rows = self.store.reading().execute(
            "SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key > ? AND substr(key, 1, ?) = ?"
            " ORDER BY key LIMIT ?",
            (bucket, prefix, after, len(prefix), prefix, limit),
        )
        return (self._info(row) for row in rows.fetchall())

    def find(self, bucket: str, key: str) -> ObjectInfo:
        """One object; raises NoSuchBucket or NoSuchKey."""
        row = (
            self.store.reading().execute("SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        )
        if row is None:
            self.bucket(bucket)
            raise no_such_key()
        return self._info(row)

    def put_bytes(self, bucket: str, key: str, data: bytes, headers: Mapping[str, str] | None = None) -> ObjectInfo:
        """Store bytes as an object."""
        file, path = self._new_file()
        path.write_bytes(data)
        return self.adopt(bucket, key, Written(file, len(data), hashlib.md5(data).hexdigest()), headers)  # noqa: S324

    def put_file(self, bucket: str, key: str, source: Path) -> ObjectInfo:
        """Store a copy of a file as an object."""
        with source.open("rb") as stream:
            return self.adopt(bucket, key, self.write(stream))

    def write(self, stream: BinaryIO) -> Written:
        """Take a stream's bytes in, never the whole of them at once; raises what reading it raises."""
        file, path = self._new_file()
        digest = hashlib.md5()  # noqa: S324 - an ETag is an MD5
        size = 0
        try:
            with path.open("wb") as target:
                while piece := stream.read(PIECE):
                    digest.update(piece)
                    target.write(piece)
                    size += len(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Written(file, size, digest.hexdigest())

    def adopt(
        self,
        bucket: str,
        key: str,
        written: Written,
        headers: Mapping[str, str] | None = None,
        *,
        etag: str = "",
        only_new: bool = False,
    ) -> ObjectInfo:
        """Make written bytes an object, in place of one of that key. `only_new` refuses where there is one."""
        now = time.time()
        old: Row | None = None
        try:
            with self.store.writing() as connection:
                if not connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone():
                    raise no_such_bucket()
                old = connection.execute(
                    "SELECT file FROM objects WHERE bucket = ? AND key = ?", (bucket, key)
                ).fetchone()
                if old is not None and only_new:
                    raise ServiceError(
                        "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412
                    )
                connection.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        bucket,
                        key,
                        written.file,
                        written.size,
                        etag or written.md5,
                        now,
                        json.dumps(dict(headers or {})),
                    ),
                )
        except ServiceError:
            self.discard(written.file)
            raise
        if old is not None:
            self.discard(old["file"])
        return self.find(bucket, key)

    def delete(self, bucket: str, key: str) -> None:
        """Take an object away; one that does not exist is no error. Raises NoSuchBucket."""
        self.bucket(bucket)
        with self.store.writing() as connection:
            row = connection.execute("SELECT file FROM objects WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
            connection.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
        if row is not None:
            self.discard(row["file"])

    # files

    def join(self, files: list[str]) -> Written:
        """One file of the bytes of several, which are taken away."""
        file, path = self._new_file()
        size = 0
        with path.open("wb") as target:
            for name in files:
                with self.path(name).open("rb") as source:
                    shutil.copyfileobj(source, target, PIECE)
                size = target.tell()
        for name in files:
            self.discard(name)
        return Written(file, size, "")

    def path(self, file: str) -> Path:
        """Where a file's bytes lie."""
        return self.store.objects / file[-2:] / file

    def discard(self, file: str) -> None:
        """Take a file away."""
        self.path(file).unlink(missing_ok=True)

    def _new_file(self) -> tuple[str, Path]:
        with self.store.writing() as connection:
            number = connection.execute("INSERT INTO files DEFAULT VALUES").lastrowid
            connection.execute("DELETE FROM files WHERE id = ?", (number,))
        file = f"{number:012}"
        path = self.path(file)
        path.parent.mkdir(exist_ok=True)
        return file, path

    def _info(self, row: Row) -> ObjectInfo:
        return ObjectInfo(
            row["key"],
            row["size"],
            row["etag"],
            datetime.fromtimestamp(row["modified"], UTC),
            self.path(row["file"]),
            json.loads(row["headers"]),
        )
