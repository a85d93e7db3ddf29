"""From the command line to the first frame, in a real terminal of 140 by 42 cells; and how the screen fares meanwhile.

Run: python tests/benchmarks/bench_start.py [ROUNDS] [--json]
birdtui and an empty Textual app take turns. The stall is the longest time in which the event loop could not turn, from
the jobs screen's first frame until the jobs are listed: that is while the clients load.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
from bench_processes import OWN_IMAGE  # beside this file, as is the next
from figures import Figure, report

from birdtui.local.engine_files import Engine
from birdtui.local.host import Host

BIRDTUI = str(Path(sys.executable).with_name("birdtui"))
NAME = "the-one-job"
EMPTY = """\
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("EMPTY")

Empty().run()
"""
STALL = """\
import asyncio, sys, time
from birdtui import collector
collector.begin()
from functools import partial
from birdtui.aws.session import Connection
from birdtui.ui import background
from birdtui.ui.app import BirdApp, Start

background.make_way()
region, url, key, secret = sys.argv[1:]
longest = 0.0

async def beat(stop):
    global longest
    last = time.perf_counter()
    while not stop.is_set():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest = max(longest, now - last - 0.001)
        last = now

async def main():
    connect = partial(Connection, region=region, endpoint_url=url, access_key=key, secret_key=secret)
    app = BirdApp(Start(connect=connect))
    async with app.run_test(size=(140, 42)) as pilot:
        collector.settle()
        stop = asyncio.Event()
        while len(app.screen_stack) < 2 or not app.screen.is_mounted:
            await asyncio.sleep(0.001)
        await pilot.pause()
        beats = asyncio.create_task(beat(stop))
        screen = app.screen_stack[1]
        while not screen.list.is_loaded or not screen.table.row_count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        stop.set()
        await beats

asyncio.run(main())
print(longest)
"""


def make_job(engine: Engine) -> None:
    """One job that ends at once."""
    session = boto3.session.Session(engine.access_key, engine.secret_key, region_name=engine.region)
    role = session.client("iam", endpoint_url=engine.url).list_roles()["Roles"][0]["Arn"]
    session.client("sagemaker", endpoint_url=engine.url).create_training_job(
        TrainingJobName=NAME,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": OWN_IMAGE, "TrainingInputMode": "File"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        OutputDataConfig={"S3OutputPath": "s3://birdtui-sample/"},
    )


class Terminal:
    """A program in a terminal of its own; `wait_for` gives the seconds from its start until it has shown some words."""

    def __init__(self, words: Sequence[str], env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 42, 140, 0, 0))
        self._shown = b""
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        os.close(slave)

    def wait_for(self, *texts: bytes, seconds: float = 20.0) -> float:
        """Seconds since the start; fails where they never appear."""
        while not all(text in self._shown for text in texts):
            left = self.began + seconds - time.perf_counter()
            if left <= 0 or not select.select([self._master], [], [], left)[0]:
                raise SystemExit(f"never shown: {texts}")
            self._shown += os.read(self._master, 65536)
        return time.perf_counter() - self.began

    def press(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self._master, keys)

    def leave(self, keys: bytes = b"\x11") -> float:
        """Press keys that leave, and give the seconds until the process has ended."""
        start = time.perf_counter()
        self.press(keys)
        while self._process.poll() is None:
            if select.select([self._master], [], [], 0.002)[0]:
                try:
                    os.read(self._master, 65536)
                except OSError:
                    continue
            if time.perf_counter() - start > 10:
                os.killpg(self._process.pid, signal.SIGKILL)
        os.close(self._master)
        return time.perf_counter() - start


def stall(engine: Engine, rounds: int) -> float:
    """The longest stall of the event loop in milliseconds, the middle of several processes."""
    words = [sys.executable, "-c", STALL, engine.region, engine.url, engine.access_key, engine.secret_key]
    times = [float(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout) for _ in range(rounds)]
    return middle(times) * 1e3


def leaving(env: dict[str, str], rounds: int) -> float:
    """Milliseconds from the key to the end of the process, while a server has the call and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        words = [BIRDTUI, "--endpoint-url", f"http://127.0.0.1:{silent.getsockname()[1]}"]
        times = []
        for _ in range(rounds):
            terminal = Terminal(words, env)
            terminal.wait_for(b"Loading the jobs")
            silent.accept()  # the first call is in flight
            times.append(terminal.leave())
    return middle(times) * 1e3


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def measured(rounds: int) -> Iterator[Figure]:
    """First frame, table, rows, stall, leaving."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder) / "engine")
        engine = host.engine
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        env = os.environ | {
            "AWS_ACCESS_KEY_ID": engine.access_key,
            "AWS_SECRET_ACCESS_KEY": engine.secret_key,
            "AWS_DEFAULT_REGION": engine.region,
            "BIRDTUI_STATE_DIR": folder,
            "BIRDTUI_CONFIG_DIR": folder,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        ours = [BIRDTUI, "--endpoint-url", engine.url]
        frames: list[float] = []
        tables: list[float] = []
        rows: list[float] = []
        empties: list[float] = []
        make_job(engine)
        try:
            for _ in range(rounds + 1):
                terminal = Terminal([sys.executable, str(empty)], env)
                empties.append(terminal.wait_for(b"EMPTY"))
                terminal.leave()
                terminal = Terminal(ours, env)
                frames.append(terminal.wait_for(b"Jobs", b"Quit", b"Loading the jobs"))
                tables.append(terminal.wait_for(b"Accuracy"))
                rows.append(terminal.wait_for(NAME.encode()))
                terminal.leave()
            peer = "an empty Textual app"
            yield Figure("first full frame", middle(frames[1:]), "s", peer, middle(empties[1:]), 1.25)
            yield Figure("jobs table ready for data", middle(tables[1:]), "s", peer, middle(empties[1:]), 2.0)
            yield Figure("an answer on the screen", middle(rows[1:]), "s", peer, middle(empties[1:]))
            yield Figure("longest stall while clients load", stall(engine, rounds), "ms", goal=40.0)
            yield Figure("leaving while AWS is silent", leaving(env, rounds), "ms", goal=200.0)
        finally:
            host.close()


def main() -> None:
    """Print what was measured."""
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    report(measured(counts[0] if counts else 7), as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
