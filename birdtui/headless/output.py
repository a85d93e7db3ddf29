"""Where words go: data on stdout, talk on stderr, and nothing but JSON on stdout where JSON was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from birdtui.spec.findings import Advice, Finding, Level
from birdtui.spec.plain_text import plain

_WORDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note", Level.UNKNOWN: "not checked"}


def stamp(moment: datetime) -> str:
    """A moment as ISO text in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def advice_list(advice: Iterable[Advice]) -> list[dict[str, str]]:
    """Advice as JSON holds it."""
    return [{"field": each.field, "text": each.text} for each in advice]


def finding_list(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as JSON holds them."""
    return [
        {"check": each.check, "level": str(each.level), "field": each.field, "text": each.text, "remedy": each.remedy}
        for each in findings
    ]


def error_event(code: str, message: str, exit_code: int, advice: Iterable[Advice]) -> dict[str, Any]:
    """How a command that ends without a job's end says so in JSON."""
    return {
        "event": "error",
        "time": stamp(datetime.now(UTC)),
        "code": code,
        "message": message,
        "exit_code": exit_code,
        "advice": advice_list(advice),
    }


def json_default(value: object) -> object:
    """What JSON has no form for: moments as ISO text."""
    if isinstance(value, datetime):
        return stamp(value)
    return str(value)


class Output:
    """One command's way to speak."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def data(self, text: str) -> None:
        """A line of data, for people and pipes; left out where JSON was asked for."""
        if not self.as_json:
            print(text, flush=True)

    def raw(self, text: str) -> None:
        """A whole document, as it is."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def document(self, content: Mapping[str, Any]) -> None:
        """The one JSON document of this command."""
        print(json.dumps(content, indent=2, default=json_default), flush=True)

    def event(self, content: Mapping[str, Any]) -> None:
        """One JSON object on a line of its own."""
        if self.as_json:
            print(json.dumps(content, default=json_default), flush=True)

    def events(self, contents: Iterable[Mapping[str, Any]]) -> None:
        """Several JSON objects, each on a line of its own."""
        if self.as_json:
            lines = [json.dumps(content, default=json_default) + "\n" for content in contents]
            sys.stdout.write("".join(lines))
            sys.stdout.flush()

    def talk(self, text: str) -> None:
        """A line for people, beside the data."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def error(self, code: str, message: str, exit_code: int, advice: Iterable[Advice] = ()) -> int:
        """Why the command ends, and what to do; gives the exit code back."""
        advice = tuple(advice)
        if self.as_json:
            self.event(error_event(code, message, exit_code, advice))
        else:
            print(f"birdtui: {plain(message)}", file=sys.stderr)
            for each in advice:
                print(f"  → {each.field + ': ' if each.field else ''}{plain(each.text)}", file=sys.stderr, flush=True)
        return exit_code

    def findings(self, findings: Iterable[Finding]) -> None:
        """What checks say, on stderr, the worst first."""
        order = [Level.ERROR, Level.UNKNOWN, Level.WARNING, Level.NOTE]
        for finding in sorted(
            (each for each in findings if each.level in order), key=lambda each: order.index(each.level)
        ):
            self.talk(finding_line(finding))


def finding_line(finding: Finding) -> str:
    """A finding in one or two lines."""
    where = f" {finding.field}:" if finding.field else ""
    text = f"{_WORDS.get(finding.level, str(finding.level))}:{where} {plain(finding.text)}"
    way = f" ({plain(finding.way_out)})" if finding.way_out else ""
    return f"{text}\n  → {plain(finding.remedy)}{way}" if finding.remedy else text
