"""birdtui in a real terminal: a job is written, fails, is cloned, mended and completed; nothing is left running."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from birdtui.local import daemon

PATIENCE = 30.0
SAMPLE = Path(__file__).parents[2] / "sample.toml"
BIRDTUI = [sys.executable, "-m", "birdtui", "--local"]


class Terminal:
    """birdtui in a tmux server of its own, 140x42."""

    def __init__(self, socket: Path, environment: dict[str, str], directory: Path) -> None:
        self._tmux = ["tmux", "-u", "-f", os.devnull, "-S", str(socket)]
        self._environment = environment
        line = "exec env TERM=tmux-256color " + shlex.join(BIRDTUI)
        self._run("new-session", "-d", "-x", "140", "-y", "42", "-c", str(directory), line)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], env=self._environment, capture_output=True, text=True, timeout=10, check=False
        )
        return done.stdout

    @property
    def text(self) -> str:
        return self._run("capture-pane", "-p")

    @property
    def is_open(self) -> bool:
        """Whether birdtui still runs: its session ends with it."""
        return bool(self._run("list-sessions"))

    def sees(self, *words: str) -> str:
        """Waits until all words are on the screen; the screen then."""
        deadline = time.monotonic() + PATIENCE
        while not all(word in (text := self.text) for word in words):
            assert time.monotonic() < deadline, f"{words} never came\n{text}"
            threading.Event().wait(0.05)
        return text

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def types(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def puts(self, field: str, shown: str, value: str) -> None:
        """Finds a field by its name and types another value in the place of the one that is there."""
        self.press("C-f")
        self.sees("Find a field")
        self.types(field)
        self.sees(f"{field}  ")
        self.press("Enter")
        self.sees(shown)
        self.press("End", "C-u")
        self.sees(f"- {field}")
        self.types(value)

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str]) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: the real terminal is driven through it")
    text = SAMPLE.read_text(encoding="utf-8").replace("checkpoint_frequency = 25", "checkpoint_frequency = 4")
    (tmp_path / "sample.toml").write_text(text, encoding="utf-8")
    opened = Terminal(tmp_path / "tmux", environment, tmp_path)
    yield opened
    opened.close()
    if daemon.find() is not None:
        subprocess.run([*BIRDTUI, "--shutdown"], env=environment, timeout=30, check=False, capture_output=True)


def test_a_job_is_written_broken_cloned_mended_and_completed(terminal: Terminal, environment: dict[str, str]) -> None:
    terminal.sees("birdtui › Jobs", "No training jobs here yet")
    terminal.press("C-o")
    terminal.sees("Open a job file")
    terminal.press("Enter")
    terminal.sees("birdtui › sample.toml", "Checks:")
    terminal.puts("hyperparameters.epochs", "default 30", "4")
    terminal.sees("25 → 4")
    create(terminal)
    terminal.sees("birdtui › birds-", "Completed")

    terminal.press("c")
    terminal.sees("birdtui › Clone of birds-", "Checks:")
    terminal.puts("hyperparameters.num_classes", "required", "1")
    terminal.sees("4 → 1")
    create(terminal)
    terminal.sees("✘ Failed")

    terminal.press("c")
    terminal.sees("The failure points to hyperparameters.num_classes")
    terminal.press("End", "C-u")
    terminal.sees("- hyperparameters.num_classes")
    terminal.press("4")
    terminal.sees("1 → 4")
    create(terminal)
    terminal.sees("birdtui › birds-", "Completed")

    terminal.press("q")
    deadline = time.monotonic() + PATIENCE
    while terminal.is_open:
        assert time.monotonic() < deadline, terminal.text
        threading.Event().wait(0.05)
    done = subprocess.run([*BIRDTUI, "--shutdown"], env=environment, timeout=30, check=False, capture_output=True)
    assert done.returncode == 0
    assert daemon.find() is None


def create(terminal: Terminal) -> None:
    terminal.press("C-s")
    terminal.sees("Create the training job")
    terminal.press("y")
    terminal.sees("1 Job configuration")
