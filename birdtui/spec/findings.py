"""What checks say about a job, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding weighs. UNKNOWN means the check could not look; only ERROR stops a submit."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of one check: what is so, at which field of the file, and how to mend it.

    `check` is a short stable name (`required`, `hyperparameter-range`, `channel-prefix`); `field` is a path in the
    spec file (`hyperparameters.num_classes`, `channels.train.s3_uri`) or empty where no one field is at fault.
    `suggestion` is the value that mends the field, as it is typed there, where the check knows it.
    """

    check: str
    level: Level
    field: str
    text: str
    remedy: str = ""
    suggestion: str = ""

    @property
    def way_out(self) -> str:
        """How to mend it from a command line, where the value is known: `--set PATH=VALUE`."""
        return f"--set {self.field}={self.suggestion}" if self.field and self.suggestion else ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change after a refusal or a failure: a field of the spec file (may be empty) and a sentence."""

    field: str
    text: str


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding stops a submit."""
    return any(finding.level is Level.ERROR for finding in findings)
