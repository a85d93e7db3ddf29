"""What AWS says about the job being edited, asked soon after the last change; the editor never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.message import Message
from textual.timer import Timer

from birdtui.spec.diff import diff
from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.ui import background

if TYPE_CHECKING:
    from birdtui.aws.session import Session
    from birdtui.preflight import Preflight

WHAT = "ask AWS about the job"
SECONDS = 0.8
"""How long after the last change AWS is asked."""


class LiveChecks:
    """Asks for one job at a time and answers by message; what changed meanwhile is asked when the answer is here."""

    @dataclass
    class Answered(Message):
        """What AWS says about a job as it was when it was asked."""

        spec: JobSpec
        found: list[Finding]

    def __init__(self, node: DOMNode, make_session: Callable[[], Session]) -> None:
        self._node = node
        self._make_session = make_session
        self._preflight: Preflight | None = None
        self._timer: Timer | None = None
        self._asked: JobSpec | None = None
        self._wanted: JobSpec | None = None
        self._answer: LiveChecks.Answered | None = None

    def edited(self, spec: JobSpec) -> None:
        """Ask about this job, unless another comes soon."""
        if self._timer is not None:
            self._timer.stop()
        self._wanted = spec
        self._timer = self._node.set_timer(SECONDS, self._ask)

    def is_waiting(self, spec: JobSpec) -> bool:
        """Whether AWS has not yet answered about just this job."""
        return self._answer is None or self._answer.spec != spec

    def answered(self, answer: Answered) -> None:
        """Keep an answer; ask again where the job is another by now."""
        self._answer = answer
        self._asked = None
        if self._timer is None:
            self._ask()

    def failed(self) -> None:
        """There will be no answer to what was asked."""
        self._asked = None

    def findings(self, spec: JobSpec) -> list[Finding]:
        """What is to be looked at; of an answer about an earlier state, what is not about fields changed since."""
        if self._answer is None:
            return []
        stale = {change.field for change in diff(self._answer.spec, spec)} if self._answer.spec != spec else set()
        return [each for each in self._answer.found if _is_worth_telling(each) and each.field not in stale]

    def _ask(self) -> None:
        self._timer = None
        spec = self._wanted
        if spec is None or self._asked is not None:
            return
        self._asked, self._wanted = spec, None
        background.start(self._node, lambda: self._work(spec), what=WHAT)

    def _work(self, spec: JobSpec) -> Message:
        from birdtui.preflight import Preflight

        if self._preflight is None:
            self._preflight = Preflight(self._make_session)
        return self.Answered(spec, self._preflight.run(spec))


def _is_worth_telling(finding: Finding) -> bool:
    """What is in order, and a price that cannot be known, need no words."""
    return finding.level is not Level.OK and (finding.check, finding.level) != ("cost", Level.UNKNOWN)
