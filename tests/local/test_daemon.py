from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from birdtui.local import daemon
from birdtui.local.daemon import Engine, EngineProblem
from birdtui.local.engine_files import is_running, write_private

Client = Callable[..., Any]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A state directory whose engine, if any, ends with the test."""
    path = tmp_path / "state" / "engine"
    yield path
    engine = daemon.find(path)
    if engine:
        daemon.shutdown(engine)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        threading.Event().wait(0.02)
    return condition()


def test_an_engine_is_started_once_and_found_again(directory: Path, client: Client) -> None:
    assert daemon.find(directory) is None
    first = daemon.ensure(directory)
    assert daemon.ensure(directory) == first
    assert daemon.find(directory) == first
    assert client("sts", first).get_caller_identity()["Account"] == first.account


def test_it_lives_in_the_users_state_directory(directory: Path) -> None:
    assert daemon.ensure().directory == directory


def test_it_is_a_process_of_its_own_session(directory: Path) -> None:
    engine = daemon.ensure(directory)
    assert engine.pid != os.getpid()
    assert os.getsid(engine.pid) != os.getsid(0)


def test_starting_is_quick(directory: Path) -> None:
    began = time.perf_counter()
    daemon.ensure(directory)
    assert time.perf_counter() - began < 3.0  # 0.4 s alone; tests share the machine


def test_two_who_need_it_at_once_start_one(directory: Path) -> None:
    found: list[Engine] = []
    threads = [threading.Thread(target=lambda: found.append(daemon.ensure(directory))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len({engine.pid for engine in found}) == 1


def test_two_processes_that_need_it_at_once_start_one(directory: Path, environment: dict[str, str]) -> None:
    program = "from birdtui.local import daemon; print(daemon.ensure().pid)"
    processes = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    pids = {process.communicate(timeout=30)[0].strip() for process in processes}
    assert pids == {str(daemon.ensure(directory).pid)}


def test_it_outlives_who_started_it(directory: Path, environment: dict[str, str]) -> None:
    program = "from birdtui.local import daemon; print(daemon.ensure().pid)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    engine = daemon.find(directory)
    assert engine is not None
    assert str(engine.pid) == done.stdout.strip()


def test_the_keys_are_random_private_and_kept(directory: Path, tmp_path: Path) -> None:
    engine = daemon.ensure(directory)
    assert stat.S_IMODE((directory / "keys.json").stat().st_mode) == 0o600
    daemon.shutdown(engine)
    again = daemon.ensure(directory)
    assert (again.access_key, again.secret_key) == (engine.access_key, engine.secret_key)
    other = daemon.ensure(tmp_path / "other")
    daemon.shutdown(other)
    assert other.secret_key != engine.secret_key


def test_it_comes_back_on_the_same_port(directory: Path) -> None:
    engine = daemon.ensure(directory)
    daemon.shutdown(engine)
    assert daemon.find(directory) is None
    again = daemon.ensure(directory)
    assert again.url == engine.url
    assert again.pid != engine.pid


def test_shutdown_leaves_no_process(directory: Path) -> None:
    engine = daemon.ensure(directory)
    daemon.shutdown(engine)
    assert not is_running(directory)
    assert daemon.running_jobs(engine) == 0


def test_it_ends_when_idle(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(daemon.IDLE_VARIABLE, "0.3")
    daemon.ensure(directory)
    assert until(lambda: not is_running(directory))


def test_requests_keep_it_alive(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(daemon.IDLE_VARIABLE, "1")
    engine = daemon.ensure(directory)
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        assert daemon.find(directory) == engine
        threading.Event().wait(0.2)


def test_a_killed_engine_is_replaced(directory: Path) -> None:
    engine = daemon.ensure(directory)
    os.kill(engine.pid, signal.SIGKILL)
    assert until(lambda: not is_running(directory))
    again = daemon.ensure(directory)
    assert again.pid != engine.pid
    assert daemon.find(directory) == again


def test_sigterm_ends_it_in_order(directory: Path) -> None:
    engine = daemon.ensure(directory)
    os.kill(engine.pid, signal.SIGTERM)
    assert until(lambda: not is_running(directory))
    assert "has ended" in (directory / "engine.log").read_text()


def test_a_port_that_somebody_else_took_is_left_alone(directory: Path) -> None:
    daemon.shutdown(daemon.ensure(directory))
    port = json.loads((directory / "port.json").read_text())["port"]
    with closing(socket.socket()) as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        threading.Thread(target=answer_nonsense, args=(squatter,), daemon=True).start()
        assert daemon.find(directory) is None
        engine = daemon.ensure(directory)
        assert engine.port != port
        assert daemon.find(directory) == engine


def answer_nonsense(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(4096)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"pid": 1, "jobs": 0, "proof": "x"}')


def test_another_engine_on_the_port_is_not_taken_for_this_one(directory: Path, tmp_path: Path) -> None:
    other = daemon.ensure(tmp_path / "other")
    try:
        daemon.shutdown(daemon.ensure(directory))
        write_private(directory / "port.json", {"port": other.port, "pid": other.pid})
        assert daemon.find(directory) is None
        assert daemon.ensure(directory).url != other.url
    finally:
        daemon.shutdown(other)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "many"}', '{"port": -1}'])
def test_a_broken_port_file_is_no_engine(directory: Path, content: str) -> None:
    daemon.shutdown(daemon.ensure(directory))
    (directory / "port.json").write_text(content)
    assert daemon.find(directory) is None


def test_a_second_engine_for_a_directory_is_refused(directory: Path) -> None:
    daemon.ensure(directory)
    with pytest.raises(EngineProblem, match="runs already"):
        daemon.serve(directory, ready=lambda _: pytest.fail("it must not start"))


def test_a_port_in_use_is_said_so(tmp_path: Path) -> None:
    with closing(socket.socket()) as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        with pytest.raises(EngineProblem, match="cannot be used"):
            daemon.serve(tmp_path / "engine", port=squatter.getsockname()[1])


def test_serve_answers_on_the_port_asked_for_until_it_is_told_to_end(tmp_path: Path) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ready: list[Engine] = []
    thread = threading.Thread(target=daemon.serve, args=(tmp_path / "engine", port, ready.append))
    thread.start()
    assert until(lambda: bool(ready))
    assert ready[0].port == port
    assert daemon.find(tmp_path / "engine") == ready[0]
    daemon.shutdown(ready[0])
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_directory_that_cannot_be_used_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(EngineProblem):
        daemon.ensure(tmp_path / "file" / "engine")


def test_the_environment_is_lines_for_a_shell(tmp_path: Path) -> None:
    engine = Engine("http://127.0.0.1:4566", "AKIA1", "s3cret_-", "us-east-1", "000000000000", 1, tmp_path)
    assert daemon.environment(engine).splitlines() == [
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4566",
        "export AWS_ACCESS_KEY_ID=AKIA1",
        "export AWS_SECRET_ACCESS_KEY=s3cret_-",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
    ]


def test_looking_for_an_engine_loads_no_client(environment: dict[str, str]) -> None:
    program = (
        "import sys; from birdtui.local import daemon; daemon.find();"
        "print([name for name in ('boto3', 'botocore', 'textual', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"
