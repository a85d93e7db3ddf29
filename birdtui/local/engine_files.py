"""An engine's directory: the keys, the remembered port and the lock by which its process is found and known."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import string
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from birdtui.local.service import ACCOUNT, REGION
from birdtui.local.sigv4 import Keys

HOST = "127.0.0.1"
LOG_FILE = "engine.log"
_LOCK_FILE = "engine.lock"
_PORT_FILE = "port.json"
_KEYS_FILE = "keys.json"


class EngineProblem(Exception):
    """The engine cannot be started or reached; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: where it listens, the keys that open it, the process it is, the directory of its state."""

    url: str
    access_key: str
    secret_key: str
    region: str
    account: str
    pid: int
    directory: Path

    @property
    def port(self) -> int:
        """The port of the URL."""
        return int(self.url.rpartition(":")[2])

    @property
    def keys(self) -> Keys:
        """The pair of keys."""
        return Keys(self.access_key, self.secret_key)


def engine_at(directory: Path, port: int, keys: Keys, pid: int) -> Engine:
    """The facts of an engine that listens on a port of this machine."""
    return Engine(f"http://{HOST}:{port}", keys.access_key, keys.secret_key, REGION, ACCOUNT, pid, directory)


def read_keys(directory: Path) -> Keys | None:
    """The keys of a directory's engine; None where there are none yet."""
    content = _read(directory / _KEYS_FILE)
    try:
        return Keys(str(content["access_key"]), str(content["secret_key"]))
    except KeyError:
        return None


def read_port(directory: Path) -> int | None:
    """The port that a directory's engine listens on, or listened on when it last ran."""
    port = _read(directory / _PORT_FILE).get("port")
    return port if isinstance(port, int) and 0 < port < 65536 else None


def write_port(directory: Path, port: int) -> None:
    """Remembers the port that this process listens on for a directory."""
    write_private(directory / _PORT_FILE, {"port": port, "pid": os.getpid()})


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def make_keys(directory: Path) -> Keys:
    """New random keys, kept in a file that only the user may read."""
    letters = string.ascii_uppercase + "234567"
    access_key = "AKIABIRDTUI" + "".join(secrets.choice(letters) for _ in range(9))
    keys = Keys(access_key, secrets.token_urlsafe(30))
    write_private(directory / _KEYS_FILE, {"access_key": keys.access_key, "secret_key": keys.secret_key})
    return keys


def write_private(path: Path, content: dict[str, object]) -> None:
    """Writes a file of mode 0600 whole or not at all."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    fresh.replace(path)


def take_lock(directory: Path, patience: float) -> TextIO:
    """Makes this process the directory's engine for as long as the file is open; the system lets go when it ends.

    Waits `patience` seconds for another engine that is about to end; raises EngineProblem after that.
    """
    file = (directory / _LOCK_FILE).open("w", encoding="utf-8")
    deadline = time.monotonic() + patience
    while not _try_lock(file, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            file.close()
            text = f"An engine for {directory} runs already. End it with: birdtui --local --shutdown"
            raise EngineProblem(text) from None
        threading.Event().wait(0.02)
    return file


def is_running(directory: Path) -> bool:
    """Whether some process is the directory's engine, answering or not."""
    try:
        with (directory / _LOCK_FILE).open(encoding="utf-8") as file:
            return not _try_lock(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _try_lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
