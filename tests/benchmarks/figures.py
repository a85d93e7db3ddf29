"""What a benchmark reports: our figure beside a peer's, taken in one run, and the goal their ratio is held to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One comparison: `ours` and `theirs` in the same `unit`, where more is better if `more_is_better`.

    `goal` bounds `ours / theirs`: from above, or from below where more is better. Without a peer, `theirs` is None and
    `goal` bounds `ours` itself.
    """

    what: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    goal: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours against theirs."""
        return None if not self.theirs else self.ours / self.theirs

    @property
    def holds(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        value = self.ours if self.theirs is None else self.ours / self.theirs
        return value >= self.goal if self.more_is_better else value <= self.goal


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows: list[tuple[str, ...]] = [("what", "ours", "peer", "theirs", "ratio", "goal", "")]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    theirs = "" if figure.theirs is None else _number(figure.theirs, figure.unit)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.3g}x"
    sign = "≥" if figure.more_is_better else "≤"
    bound = "" if figure.goal is None else f"{figure.goal:g}"
    goal = "" if not bound else f"{sign} {bound}x" if figure.theirs is not None else f"{sign} {bound} {figure.unit}"
    verdict = {True: "holds", False: "MISSED", None: ""}[figure.holds]
    return (figure.what, _number(figure.ours, figure.unit), figure.peer, theirs, ratio, goal, verdict)


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def report(figures: Iterable[Figure], *, as_json: bool) -> None:
    """Print what was measured: a table for a reader, JSON for `run.py`."""
    found = list(figures)
    print(json.dumps([asdict(figure) for figure in found]) if as_json else table(found))
