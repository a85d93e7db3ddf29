"""The MetricDefinitions of a job, applied to its log lines as SageMaker does: a name, and a regex with one group.

The regexes are the author's own and can be slow on a line they were not written for. They see the first few thousand
characters of a line, all of them together for a few milliseconds at most, and one that runs out of time again and
again is let go.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING, Any

from birdtui.watch.bounded_regex import needle, search

if TYPE_CHECKING:
    import regex

LINE_CHARS = 4_096
LINE_SECONDS = 0.003
STRIKES = 3


@dataclass(slots=True)
class _Definition:
    name: str
    pattern: regex.Pattern[str]
    needle: str
    strikes: int = 0


class MetricDefinitions:
    """Finds values in lines; `problems` tells which definitions are not applied and why."""

    def __init__(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        """`definitions` are a job's `{"Name", "Regex"}` entries."""
        import regex

        self.problems: dict[str, str] = {}
        self._definitions: list[_Definition] = []
        for entry in definitions:
            name, text = str(entry.get("Name", "")), str(entry.get("Regex", ""))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FutureWarning)  # of what a later Python may read otherwise
                    pattern = regex.compile(text)
            except (regex.error, RecursionError, OverflowError) as error:
                self.problems[name] = f"not a regular expression that Python reads: {error}"
                continue
            self._definitions.append(_Definition(name, pattern, needle(text)))

    def __bool__(self) -> bool:
        return bool(self._definitions)

    def find(self, line: str) -> list[tuple[str, float]]:
        """Each definition's value in a line, by the definition's name; a line without any gives none."""
        found: list[tuple[str, float]] = []
        end = 0.0
        for definition in self._definitions:
            if definition.needle not in line:
                continue
            end = end or thread_time() + LINE_SECONDS
            left = end - thread_time()
            value = self._value(definition, line[:LINE_CHARS], left) if left > 0 else None
            if value is not None:
                found.append((definition.name, value))
        return found

    def _value(self, definition: _Definition, line: str, seconds: float) -> float | None:
        try:
            match = search(definition.pattern, line, seconds)
        except TimeoutError:
            self._strike(definition)
            return None
        if match is None:
            return None
        try:
            return float((match[1] if definition.pattern.groups else match[0]).strip(" ,;%"))
        except (TypeError, ValueError, AttributeError):
            return None

    def _strike(self, definition: _Definition) -> None:
        definition.strikes += 1
        if definition.strikes >= STRIKES:
            self._definitions = [each for each in self._definitions if each is not definition]
            self.problems[definition.name] = "takes too long on the lines of this log"
