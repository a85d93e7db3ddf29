"""One job before one account: what every check is given, and short ways to write a finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from birdtui.aws.errors import AwsProblem
from birdtui.preflight.account import Account, Caller
from birdtui.spec.findings import Finding, Level
from birdtui.spec.image_classification import effective
from birdtui.spec.job import JobSpec
from birdtui.spec.rules_facts import Facts, Location, location

_PERMISSION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


@dataclass(frozen=True)
class Case:
    """A job and the account it would run in."""

    spec: JobSpec
    account: Account
    caller: Caller

    @cached_property
    def facts(self) -> Facts:
        """The job as the offline rules read it."""
        return Facts(self.spec)

    @property
    def output(self) -> Location | None:
        """Where the artifacts go."""
        return location(self.spec.output_uri)

    @property
    def output_field(self) -> str:
        """The field of the output's URI."""
        return self.facts.field("OutputDataConfig", "S3OutputPath")

    def number(self, name: str) -> int | None:
        """A whole-number hyperparameter, sent or by the container's default; None where there is none to read."""
        text = effective(self.spec.hyperparameters).get(name, "")
        return int(text) if text.isascii() and text.isdigit() else None

    def hyperparameter(self, name: str) -> str:
        """The field of a hyperparameter."""
        return self.facts.field("HyperParameters", name)


@dataclass(frozen=True)
class Check:
    """A check: its name, the field it is about, what it looks at in words, and how it looks."""

    name: str
    field: str
    what: str
    look: Callable[[], Iterable[Finding]]
    permission: str = ""
    """What it takes to look, for refusals that do not say it themselves."""

    def findings(self) -> list[Finding]:
        """What it found; whatever happens, it answers."""
        try:
            return list(self.look())
        except AwsProblem as problem:
            return [could_not(self, problem)]
        except Exception as error:  # noqa: BLE001 - a check that breaks must not take the others along
            return [self.unknown(f"{type(error).__name__}: {error}")]

    def unknown(self, why: str, remedy: str = "") -> Finding:
        """That it could not look, and why."""
        return Finding(self.name, Level.UNKNOWN, self.field, f"could not look at {self.what}: {why}", remedy)


Checks = Callable[[Case], Iterator[Check]]


def could_not(check: Check, problem: AwsProblem) -> Finding:
    """A check that AWS did not let look: the permission that is missing, or what AWS said."""
    if problem.code in DENIED:
        named = _PERMISSION.search(problem.message)
        permission = named[1] if named else check.permission
        if permission:
            return check.unknown(f"you lack the permission {permission}", f"ask for {permission}")
    return check.unknown(problem.message, problem.advice[0].text if problem.advice else "")


def ok(check: str, field: str, text: str) -> Finding:
    """All is well, and why."""
    return Finding(check, Level.OK, field, text)


def size_text(size: int) -> str:
    """Bytes as people read them."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def counted(number: int, what: str) -> str:
    """A number with its noun: `1 object`, `322 objects`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
