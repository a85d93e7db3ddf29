"""What a list of jobs asks AWS for, away from the screen; every answer comes to the screen as a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from textual.dom import DOMNode
from textual.message import Message

from birdtui.ui import background
from birdtui.ui.backend import Backend

PAGE = 100
CURVE_CALLS = 12
"""How many calls a small curve in passing is worth: a log of some hundred thousand lines."""
AT_ONCE = 8
"""Jobs described in one go: those around the cursor come first, the rest of what is in sight after them."""


class JobReading:
    """Reads pages, descriptions and accuracy curves, one of each kind at a time."""

    @dataclass
    class Loaded(Message):
        """A page of jobs came."""

        jobs: Sequence[Mapping[str, Any]]
        next_token: str | None
        older: bool

    @dataclass
    class Described(Message):
        """Jobs were described."""

        descriptions: Sequence[Mapping[str, Any]]

    @dataclass
    class CurveRead(Message):
        """A job's validation accuracy by epoch was read."""

        name: str
        values: list[float]

    def __init__(self, node: DOMNode, backend: Backend) -> None:
        self._node = node
        self._backend = backend
        self._busy: set[str] = set()
        self._curves: dict[str, tuple[object, list[float]]] = {}

    def page(self, token: str | None = None) -> None:
        """Ask for the newest page, or for the one that a token leads to."""

        def work() -> Message:
            page = self._backend.training_jobs().page(limit=PAGE, next_token=token)
            return self.Loaded(page.jobs, page.next_token, older=token is not None)

        self._start("list jobs", work)

    def describe(self, names: Sequence[str]) -> None:
        """Ask for the descriptions of some jobs."""
        wanted = list(names)[:AT_ONCE]

        def work() -> Message:
            jobs = self._backend.training_jobs()
            import_module("birdtui.spec.explain")  # the preview will want it, and must not wait for it
            return self.Described([jobs.describe(name) for name in wanted])

        if wanted:
            self._start("describe jobs", work)

    def curve(self, name: str, state: object) -> list[float]:
        """What is known of a job's accuracy; asks for it anew when the job is in another state than then."""
        known_state, values = self._curves.get(name, (None, []))
        if known_state != state or name not in self._curves:

            def work() -> Message:
                from birdtui.aws.logs import LogTooLong
                from birdtui.watch.metrics import accuracy_by_epoch

                lines = self._backend.logs().matching(name, '"Validation-accuracy"', most_calls=CURVE_CALLS)
                with suppress(LogTooLong):  # the job's own screen reads it; half a curve would mislead
                    return self.CurveRead(name, accuracy_by_epoch(lines))
                return self.CurveRead(name, [])

            if self._start("read accuracy", work):
                self._curves[name] = (state, values)
        return values

    def _start(self, what: str, work: background.Work) -> bool:
        if what in self._busy:
            return False
        self._busy.add(what)
        background.start(self._node, work, what=what)
        return True

    def came(self, answer: Loaded | Described | CurveRead | background.Failed) -> None:
        """Take note that an answer came: the next of its kind may be asked for."""
        match answer:
            case self.Loaded():
                self._busy.discard("list jobs")
            case self.Described():
                self._busy.discard("describe jobs")
            case self.CurveRead():
                self._busy.discard("read accuracy")
                state, _ = self._curves.get(answer.name, (None, []))
                self._curves[answer.name] = (state, answer.values)
            case background.Failed():
                self._busy.discard(answer.what)

    @property
    def is_loading(self) -> bool:
        """Whether a page is on its way."""
        return "list jobs" in self._busy
