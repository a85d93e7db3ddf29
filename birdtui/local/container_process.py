"""One instance of a training job: the container's program as a process of its own, and its lines as they come.

The process ends with the engine: it reads from a pipe that closes when the engine goes, however it goes. It has a
session of its own, so that Ctrl-C in the engine's terminal reaches the engine alone.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = "birdtui.local.container.train"

LAUNCH = f"""
import os, sys, threading
sys.path.insert(0, sys.argv[1])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
from {PROGRAM} import main
code = main(sys.argv[2:])
sys.stdout.flush()
os._exit(code)
"""
"""Starts the program, and ends it when its standard input closes: when the engine is gone."""

_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Several BLAS threads on a busy machine make small matrices many times slower."""

log = logging.getLogger(__name__)


class Container:
    """A running program; `code` is its exit code once `on_exit` has been called."""

    def __init__(
        self,
        number: int,
        folder: Path,
        on_line: Callable[[str, float], None],
        on_exit: Callable[[Container], None],
    ) -> None:
        """Starts the program on `folder`, which stands for /opt/ml.

        `on_line` is called with each line and its time (seconds since the epoch) as it is written, `on_exit` once after
        the last line; both on the container's own thread.
        """
        self.number = number
        self.folder = folder
        self.code: int | None = None
        self._on_line = on_line
        self._on_exit = on_exit
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", LAUNCH, str(Path(__file__).resolve().parents[2]), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            cwd=folder,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._read, name=f"container-{folder.parent.name}", daemon=True)
        self._thread.start()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, and wait until its last line has been told."""
        self._process.kill()
        self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        try:
            with self._process.stdout as lines:
                for line in lines:
                    self._on_line(line.rstrip("\n"), time.time())
        except Exception:
            # a program whose lines nobody takes would wait for ever
            log.exception("the log of %s is lost", self.folder)
            self._process.kill()
        code = self._process.wait()
        self._process.stdin.close()
        self.code = code
        self._on_exit(self)


def _environment() -> dict[str, str]:
    """The engine's environment without what is AWS's or birdtui's: the program knows nothing of either."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BIRDTUI_"))}
    return {**kept, **_ONE_THREAD}
