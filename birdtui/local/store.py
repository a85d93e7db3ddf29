"""Where the embedded engine keeps its state: one SQLite file (WAL), a folder of object bytes, a folder to work in."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 10.0
_CACHE_KIB = 16 * 1024


class Store:
    """The engine's state under one directory, safe to share between threads.

    Reading and writing use separate connections, so a reader never waits for a writer and sees only what is committed.
    `objects` holds object bytes as files, `scratch` what may be deleted when nothing runs; both exist once this does.
    """

    def __init__(self, directory: Path, schemas: Sequence[str]) -> None:
        """Opens or creates the state under `directory` (made private to the user); runs every schema's SQL once."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.objects = directory / "objects"
        self.scratch = directory / "scratch"
        self.objects.mkdir(exist_ok=True)
        self.scratch.mkdir(exist_ok=True)
        self._file = directory / "engine.sqlite3"
        self._lock = threading.RLock()
        self._savepoints = itertools.count()
        self._local = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
        # It holds session secrets; SQLite gives its side files the same mode.
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        for schema in schemas:
            self._writer.executescript(schema)

    def reading(self) -> sqlite3.Connection:
        """This thread's own connection for queries; it refuses to write. Rows are `sqlite3.Row`.

        It does not see what a `writing` block of the same thread has not committed yet: read from the block's own
        connection there.
        """
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = _Reader(self._connect())
            reader.connection.execute("PRAGMA query_only = ON")
            self._local.reader = reader
            self._readers.add(reader)
        return reader.connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone in the process: committed when the block ends, undone when it raises.

        Blocks nest on one thread: an inner block that raises undoes its own changes only, and the outer commits.
        """
        with self._lock:
            nested = self._writer.in_transaction
            name = f"nested_{next(self._savepoints)}"
            self._writer.execute(f"SAVEPOINT {name}" if nested else "BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute(f"ROLLBACK TO {name}" if nested else "ROLLBACK")
                raise
            self._writer.execute(f"RELEASE {name}" if nested else "COMMIT")

    def close(self) -> None:
        """Closes every connection; nothing may use the store afterwards."""
        with self._lock:
            for reader in list(self._readers):
                reader.connection.close()
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection


class _Reader:
    """One thread's connection, closed when its thread ends: a server thread lives only as long as its client."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()
