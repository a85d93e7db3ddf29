"""The embedded engine as a process of its own: found, started, ended, told about.

An engine belongs to a state directory. Whoever needs it asks `ensure`: it is found by the port file there, and known
by its keys; where none answers, one is started and outlives the terminal. It ends by itself after a while without a
request and without a job (`BIRDTUI_LOCAL_IDLE_SECONDS`, half an hour), and comes back on the same port.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from birdtui.local import control
from birdtui.local.engine_files import LOG_FILE, Engine, EngineProblem, engine_at, is_running, read_keys, read_port

if TYPE_CHECKING:
    from birdtui.local.host import Host

__all__ = ["Engine", "EngineProblem", "ensure", "environment", "find", "running_jobs", "serve", "shutdown"]

IDLE_VARIABLE = "BIRDTUI_LOCAL_IDLE_SECONDS"
IDLE_SECONDS = 30 * 60.0
START_SECONDS = 20.0
ANSWER_SECONDS = 3.0
END_SECONDS = 150.0  # a container may take two minutes to end
_LARGEST_LOG = 4 << 20
_START_LOCK = "start.lock"
# `-P` keeps the working directory out of the engine's imports; it takes this very package, wherever it was found.
_PROGRAM = """
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from birdtui.local.daemon import main
main()
"""

log = logging.getLogger(__name__)


def default_directory() -> Path:
    """Where the user's engine keeps its state."""
    from birdtui.settings import state_dir

    return state_dir() / "engine"


def find(directory: Path | None = None) -> Engine | None:
    """The engine that runs for a directory, None where none does."""
    directory = directory or default_directory()
    keys, port = read_keys(directory), read_port(directory)
    if keys is None or port is None:
        return None
    status = control.ask(port, keys, "Status", ANSWER_SECONDS)
    return engine_at(directory, port, keys, status.pid) if status else None


def ensure(directory: Path | None = None) -> Engine:
    """The engine of a directory, started if need be; raises EngineProblem where that fails."""
    directory = directory or default_directory()
    found = find(directory)
    if found:
        return found
    _make(directory)
    with _only_one_starts(directory):
        found = find(directory)
        if found:
            return found
        _start(directory)
        found = find(directory)
    if found is None:
        raise EngineProblem(f"The local engine started and does not answer. See {directory / LOG_FILE}")
    return found


def running_jobs(engine: Engine) -> int:
    """How many training jobs run in an engine; 0 for one that has ended."""
    status = control.ask(engine.port, engine.keys, "Status", ANSWER_SECONDS)
    return status.jobs if status else 0


def shutdown(engine: Engine) -> None:
    """Ends an engine and waits until its process is gone; its running jobs end with it.

    Raises EngineProblem where it will not end.
    """
    control.ask(engine.port, engine.keys, "Shutdown", ANSWER_SECONDS)
    deadline = time.monotonic() + END_SECONDS
    while is_running(engine.directory):
        if time.monotonic() > deadline:
            raise EngineProblem(
                f"The local engine (process {engine.pid}) does not end. See {engine.directory / LOG_FILE}"
            )
        threading.Event().wait(0.02)


def environment(engine: Engine) -> str:
    """Shell lines that point any AWS client at an engine: `eval "$(birdtui --local --env)"`."""
    values = {
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_ACCESS_KEY_ID": engine.access_key,
        "AWS_SECRET_ACCESS_KEY": engine.secret_key,
        "AWS_REGION": engine.region,
        "AWS_DEFAULT_REGION": engine.region,
    }
    lines = [f"export {name}={value}" for name, value in values.items()]
    return "\n".join([*lines, "unset AWS_PROFILE AWS_SESSION_TOKEN"])


def serve(
    directory: Path | None = None,
    port: int | None = None,
    ready: Callable[[Engine], None] | None = None,
    *,
    idle_seconds: float | None = None,
    patience: float = 1.0,
) -> None:
    """Runs an engine in this process until it is told to end (SIGINT, SIGTERM, `shutdown`) or idles too long.

    `ready` is called once it answers. Without `idle_seconds` it never ends by itself. Raises EngineProblem where one
    runs for the directory already (and still does after `patience` seconds), or the port is taken.
    """
    from birdtui.local.host import Host

    directory = directory or default_directory()
    _make(directory)
    with _log_file(directory):
        host = Host(directory, port, patience=patience)
        log.info("engine %s answers on %s", os.getpid(), host.engine.url)
        try:
            with _signals(host.stopping):
                if ready:
                    ready(host.engine)
                _wait(host, idle_seconds)
        finally:
            host.close()
            log.info("engine %s has ended", os.getpid())


def main() -> None:
    """The detached engine's own entry: package root, directory and the descriptor to report on as arguments."""
    directory, report = Path(sys.argv[2]), int(sys.argv[3])

    def say(text: str) -> None:
        with suppress(OSError):  # who started it may be gone
            os.write(report, text.encode())
            os.close(report)

    try:
        idle = float(os.environ.get(IDLE_VARIABLE) or IDLE_SECONDS)
        serve(directory, ready=lambda _: say("ready"), idle_seconds=idle, patience=START_SECONDS / 2)
    except EngineProblem as problem:
        say(str(problem))
        sys.exit(1)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        text = (
            f"The local engine cannot use {directory}: {error.strerror}. Set BIRDTUI_STATE_DIR to a directory of yours."
        )
        raise EngineProblem(text) from None


def _wait(host: Host, idle_seconds: float | None) -> None:
    if idle_seconds is None:
        host.stopping.wait()
        return
    while not host.stopping.wait(max(0.05, min(15.0, idle_seconds / 4))):
        if host.idle_seconds() >= idle_seconds:
            log.info("nobody has asked anything for %.0f s", idle_seconds)
            return


def _start(directory: Path) -> None:
    """Starts a detached engine and waits until it answers; raises EngineProblem with its own words."""
    reading, writing = os.pipe()
    root = str(Path(__file__).resolve().parents[2])
    with _opened_log(directory) as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, root, str(directory.resolve()), str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            start_new_session=True,
            cwd=directory,
        )
    os.close(writing)
    try:
        said = _read_report(reading)
    finally:
        os.close(reading)
    # It outlives this process; until then it is watched, so that its end leaves no zombie behind.
    threading.Thread(target=process.wait, name="engine-process", daemon=True).start()
    if said != "ready":
        raise EngineProblem(said or f"The local engine did not start. See {directory / LOG_FILE}")


def _read_report(descriptor: int) -> str:
    deadline, said = time.monotonic() + START_SECONDS, b""
    while True:
        waiting = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]
        piece = os.read(descriptor, 4096) if waiting else b""
        if not piece:
            return said.decode("utf-8", "replace")
        said += piece


@contextmanager
def _only_one_starts(directory: Path) -> Iterator[None]:
    with (directory / _START_LOCK).open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened_log(directory: Path) -> Iterator[int]:
    path = directory / LOG_FILE
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        yield file.fileno()


@contextmanager
def _log_file(directory: Path) -> Iterator[None]:
    """Sends what the engine's modules log to its file while it runs."""
    handler = logging.FileHandler(directory / LOG_FILE, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("birdtui.local")
    level, logger.propagate = logger.level, False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = True
        handler.close()


@contextmanager
def _signals(stopping: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end the engine in order; only a main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not set here: the signal may have come while this very thread holds the event's lock, in the midst of waiting.
        threading.Thread(target=stopping.set, name="engine-signal").start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
