"""Flags, usage errors and start-up: nothing heavy is loaded, nothing is sent, everything is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from birdtui import __version__, cli

ROOT = Path(__file__).parents[1]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--version") == (0, f"birdtui {__version__}\n", "")


def test_the_command_line_loads_nothing_heavy() -> None:
    heavy = ("boto3", "botocore", "textual", "numpy", "plotext", "sagemaker", "PIL", "msgspec", "tomlkit")
    program = f"import sys, birdtui.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_headless_actions_never_load_the_screen() -> None:
    program = (
        "import sys; from birdtui.headless import follow, submit, jobs, convert, engine, metrics;"
        "print([name for name in ('textual', 'birdtui.ui') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--submit", "a.toml", "--list"], "cannot go together"),
        (["--follow"], "--follow goes with --submit"),
        (["--list", "--set", "a=b"], "--set goes with"),
        (["--convert", "a.toml"], "--convert needs --to"),
        (["--env"], "--env goes with --local"),
        (["--serve"], "--serve goes with --local"),
        (["--port", "1", "--local", "--env"], "--port goes with --serve"),
        (["job", "--list"], "goes without --list"),
        (["--read-only", "--stop", "j"], "--read-only forbids --stop"),
        (["--read-only", "--submit", "j"], "--read-only forbids --submit"),
        (["--local", "--profile", "p", "--list"], "--local has its own"),
        (["--unknown"], "unrecognized arguments"),
        (["--convert", "a", "--to", "yaml"], "invalid choice"),
    ],
)
def test_flags_that_do_not_fit_are_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_a_usage_error_is_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "--list", "--json", "--follow")
    event = json.loads(out)
    assert (code, event["event"], event["code"], event["exit_code"]) == (2, "error", "Usage", 2)


def test_the_screen_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys)
    assert code == 2
    assert "needs a terminal" in err


def test_the_readme_names_every_flag_and_every_exit_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    flags = [flag for action in cli.parser()._actions for flag in action.option_strings if flag.startswith("--")]
    assert [flag for flag in flags if not re.search(rf"{flag}\b", readme)] == []
    codes = re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "130"]


def test_the_readme_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if line.startswith("python3 -m pip install")]
    assert commands == [
        "python3 -m pip install . && birdtui --local --submit sample.toml --follow",
        "python3 -m pip install -e '.[dev]' && pytest",
    ]
