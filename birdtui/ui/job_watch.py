"""Watches one job for a screen: a thread of its own reads events, the screen hears of them by message."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from birdtui.aws.errors import AwsProblem
from birdtui.ui.backend import Backend
from birdtui.watch.events import Event, LogLines, LogPages
from birdtui.watch.job_state import JobState

if TYPE_CHECKING:
    from birdtui.watch.watcher import Watcher

log = logging.getLogger(__name__)


class JobWatch:
    """The state of a watched job and the thread that feeds it; log lines go straight to the buffer, which bears it."""

    @dataclass
    class Told(Message):
        """Something other than log lines: apply it to the state, on the screen's own thread."""

        event: Event

    class LogGrew(Message):
        """The log buffer holds more than before."""

        def can_replace(self, message: Message) -> bool:
            """A burst is told once."""
            return isinstance(message, JobWatch.LogGrew)

    @dataclass
    class GaveUp(Message):
        """The watcher ended without the job's end."""

        problem: AwsProblem

    def __init__(self, target: MessagePump, backend: Backend, name: str) -> None:
        self.state = JobState(name)
        self._target = target
        self._backend = backend
        self._stop = threading.Event()
        self._watcher: Watcher | None = None
        self._is_hidden = False

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name=f"birdtui: watch {self.state.name}", daemon=True).start()

    def stop(self) -> None:
        """End at the next moment; a call in flight is left to itself."""
        self._stop.set()

    def hide(self, is_hidden: bool) -> None:
        """Say whether the job is out of sight: then AWS is asked less often."""
        self._is_hidden = is_hidden
        if self._watcher is not None:
            self._watcher.is_hidden = is_hidden

    def _run(self) -> None:
        from birdtui.watch.watcher import Watcher

        try:
            jobs, logs = self._backend.training_jobs(), self._backend.logs()
            watcher = Watcher(jobs, logs, self.state.name, stop=self._stop, newest_first=True)
            watcher.is_hidden = self._is_hidden
            self._watcher = watcher
            for event in watcher.events():
                if self._stop.is_set():
                    return
                if isinstance(event, LogLines | LogPages):
                    self.state.log.extend((part.host, part.timestamps, part.messages) for part in event.parts)
                    self._target.post_message(self.LogGrew())
                else:
                    self._target.post_message(self.Told(event))
        except AwsProblem as problem:
            self._give_up(problem)
        except Exception as error:
            log.exception("watching %s failed", self.state.name)
            self._give_up(AwsProblem("InternalError", f"watching failed: {error}", exit_code=3))

    def _give_up(self, problem: AwsProblem) -> None:
        if not self._stop.is_set():
            self._target.post_message(self.GaveUp(problem))
