"""Making an execution role from the editor: the plan shown whole, then made on a yes, away from the screen."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.message import Message

from birdtui.spec.job import JobSpec
from birdtui.spec.plain_text import plain
from birdtui.ui import background

if TYPE_CHECKING:
    from textual.screen import Screen

    _Base = Screen[None]

    from birdtui.aws.role_creation import Plan
    from birdtui.ui.app import BirdApp

else:
    _Base = object  # a Screen here would stand in the way of the default style of the class mixed with

WHAT = "make a role"
"""How the background work is named where it fails."""


@dataclass
class RolePlanned(Message):
    """What would be made."""

    plan: Plan


@dataclass
class RoleMade(Message):
    """The new role's ARN."""

    arn: str


class RoleOffer(_Base):
    """Mix in before a Textual screen; `take_role` is told the ARN of what was made."""

    def take_role(self, arn: str) -> None:
        """Use the new role."""
        raise NotImplementedError  # pragma: no cover - the screen's own

    def plan_role(self, spec: JobSpec) -> None:
        """Work out what to make for a job's buckets."""
        app = cast("BirdApp", self.app)
        if app.read_only:
            self.notify("Nothing is made while birdtui is read-only.")
            return

        def work() -> Message:
            from birdtui.aws.role_creation import buckets_of, creation_plan

            return RolePlanned(creation_plan(buckets_of(spec.request), partition=app.backend.session().partition))

        background.start(self, work, what=WHAT)

    def on_role_planned(self, event: RolePlanned) -> None:
        """Show the plan; on a yes make it, and wait until it is known."""
        from birdtui.ui.screens.confirm import ConfirmScreen

        event.stop()
        backend = cast("BirdApp", self.app).backend

        def work() -> Message:
            from birdtui.aws.role_creation import create_role, settling_seconds

            session = backend.session()
            arn = create_role(session, event.plan)
            threading.Event().wait(settling_seconds(session))
            return RoleMade(arn)

        def answered(yes: bool | None) -> None:
            if yes:
                background.start(self, work, what=WHAT)

        body = Content(plain(event.plan.text()))
        self.app.push_screen(ConfirmScreen("Make an execution role", body, yes="Make it"), answered)

    def on_role_made(self, event: RoleMade) -> None:
        """Say it, and use it."""
        event.stop()
        self.notify(plain(event.arn), title="Role made", markup=False)
        self.take_role(event.arn)
