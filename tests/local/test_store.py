from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from birdtui.local.store import Store

SCHEMA = "CREATE TABLE IF NOT EXISTS birds (name TEXT PRIMARY KEY)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "engine", [SCHEMA])
    yield opened
    opened.close()


def names(connection: sqlite3.Connection) -> list[str]:
    return [row["name"] for row in connection.execute("SELECT name FROM birds ORDER BY name")]


def insert(store: Store, *birds: str) -> None:
    with store.writing() as connection:
        connection.executemany("INSERT INTO birds VALUES (?)", [(bird,) for bird in birds])


def test_makes_its_folders_private(store: Store) -> None:
    assert store.objects.is_dir()
    assert store.scratch.is_dir()
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_its_files_are_the_users_alone(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    opened = Store(tmp_path / "shared", [SCHEMA])
    insert(opened, "wren")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in opened.directory.glob("engine.sqlite3*")}
    opened.close()
    assert modes == {0o600}


def test_a_committed_write_is_read(store: Store) -> None:
    insert(store, "wren")
    assert names(store.reading()) == ["wren"]


def test_readers_see_nothing_before_the_commit(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("INSERT INTO birds VALUES ('wren')")
        assert names(store.reading()) == []
        assert names(connection) == ["wren"]


def test_a_raising_block_is_undone(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(store, "wren", "wren")
    assert names(store.reading()) == []


def test_an_inner_block_that_raises_undoes_itself_only(store: Store) -> None:
    with store.writing() as outer:
        outer.execute("INSERT INTO birds VALUES ('wren')")
        with pytest.raises(sqlite3.IntegrityError):
            insert(store, "robin", "wren")
    assert names(store.reading()) == ["wren"]


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reading().execute("INSERT INTO birds VALUES ('wren')")


def test_each_thread_has_its_own_reader(store: Store) -> None:
    seen: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: seen.append(store.reading()))
    thread.start()
    thread.join()
    assert seen[0] is not store.reading()
    assert store.reading() is store.reading()


def test_writes_of_many_threads_are_all_kept(store: Store) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 25):
            with store.writing() as connection:
                connection.execute("INSERT INTO birds VALUES (?)", (f"bird-{number:03}",))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 100, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(store.reading())) == 100


def test_state_outlives_the_store(tmp_path: Path) -> None:
    first = Store(tmp_path, [SCHEMA])
    with first.writing() as connection:
        connection.execute("INSERT INTO birds VALUES ('wren')")
    first.close()
    second = Store(tmp_path, [SCHEMA])
    assert names(second.reading()) == ["wren"]
    second.close()
