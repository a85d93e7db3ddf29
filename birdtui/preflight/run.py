"""The checks side by side: each in a thread of its own that never keeps the program from ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from birdtui.aws.errors import AwsProblem
from birdtui.aws.session import Session
from birdtui.preflight.account import Account
from birdtui.preflight.case import Case, Check, Checks, could_not, ok
from birdtui.preflight.checks_account import account_checks
from birdtui.preflight.checks_buckets import bucket_checks
from birdtui.preflight.checks_channels import channel_checks
from birdtui.preflight.checks_limits import limit_checks
from birdtui.preflight.checks_role import role_checks
from birdtui.preflight.memory import Memory
from birdtui.spec.findings import Finding
from birdtui.spec.job import JobSpec

PATIENCE = 20.0
"""Seconds after which a check that has not answered is said to have been unable to look."""

_ALL: tuple[Checks, ...] = (account_checks, role_checks, bucket_checks, channel_checks, limit_checks)


class Preflight:
    """The checks of jobs in one account, live: answers of AWS are kept, so that a change asks only what it touches.

    Safe to use from several threads; a call blocks until all checks have answered.
    """

    def __init__(self, make_session: Callable[[], Session], patience: float = PATIENCE) -> None:
        self._make_session = make_session
        self._patience = patience
        self._memory = Memory()
        self._lock = threading.Lock()
        self._account: Account | None = None

    def run(self, spec: JobSpec) -> list[Finding]:
        """Every finding that AWS has to be asked for. Where AWS cannot be asked at all, one finding says so."""
        first = Check("account", "", "your account", lambda: ())
        try:
            account = self._reached()
            caller = account.caller()
        except AwsProblem as problem:
            if problem.expired and self._account is not None:
                self._account.session.renew()
            return [could_not(first, problem)]
        case = Case(spec, account, caller)
        found = [ok("account", "", f"account {caller.account}, region {caller.region}, as {caller.arn}")]
        checks = [check for kind in _ALL for check in _safely(kind, case)]
        return [*found, *self._side_by_side(checks)]

    def forget(self) -> None:
        """Ask everything anew at the next run."""
        self._memory.forget()

    def _reached(self) -> Account:
        with self._lock:
            if self._account is None:
                self._account = Account(self._make_session(), self._memory)
            return self._account

    def _side_by_side(self, checks: list[Check]) -> list[Finding]:
        answers: SimpleQueue[tuple[int, list[Finding]]] = SimpleQueue()

        def work(number: int, check: Check) -> None:
            answers.put((number, check.findings()))

        for number, check in enumerate(checks):
            threading.Thread(target=work, args=(number, check), daemon=True, name=f"check-{check.name}").start()
        found: dict[int, list[Finding]] = {}
        ends = time.monotonic() + self._patience
        while len(found) < len(checks):
            try:
                number, findings = answers.get(timeout=max(0.0, ends - time.monotonic()))
            except Empty:
                break
            found[number] = findings
        late = f"no answer within {self._patience:g} s"
        return [
            finding
            for number, check in enumerate(checks)
            for finding in found.get(number, [check.unknown(late, "try again")])
        ]


def _safely(kind: Checks, case: Case) -> list[Check]:
    """A kind's checks; a job so odd that it cannot be read has one that says so."""
    try:
        return list(kind(case))
    except Exception as error:  # noqa: BLE001 - the offline rules say what is wrong with such a job
        why = f"{type(error).__name__}: {error}"
        name = kind.__name__.removesuffix("_checks")
        unreadable = Check(name, "", f"the job's {name}", lambda: ())
        return [Check(name, "", unreadable.what, lambda: [unreadable.unknown(why)])]


def preflight(spec: JobSpec, make_session: Callable[[], Session]) -> list[Finding]:
    """Every finding about one job that AWS has to be asked for; one UNKNOWN finding where it cannot be asked at all."""
    return Preflight(make_session).run(spec)
