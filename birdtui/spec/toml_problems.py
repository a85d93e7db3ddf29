"""What is wrong with a job file, and where: told all at once, so that a file is mended in one go."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from birdtui.spec.toml_values import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the file (or `--set PATH=VALUE`), its place, the field as a path in the file, what and how to mend.

    `line` and `column` count from 1 and are 0 where a place makes no sense; `field` may be empty.
    """

    file: str
    line: int
    column: int
    field: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.text) if part) + (
            f"; {self.remedy}" if self.remedy else ""
        )


class SpecFileError(Exception):
    """A job file, or a `--set`, that cannot be read as a job; `problems` holds every fault, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like this one, if any is like it at all; case, dashes and blanks count little."""
    by_plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(name), by_plain, n=1, cutoff=0.6)
    return by_plain[close[0]] if close else None


def described(value: Any) -> str:
    """A TOML value as a message names it: `the text "x"`, `the number 5`, `a list`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Literal)):
        return f"the number {value}"
    if isinstance(value, (dt.date, dt.time)):
        return f"the date or time {value.isoformat()}"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a table"
    text = str(value)
    return f'the text "{text}"' if len(text) <= 60 else f'the text "{text[:57]}…"'


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")
