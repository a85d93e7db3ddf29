"""Flags to one action and an exit code. Nothing heavy is imported until an action needs it.

Exit codes: 0 done · 1 job Failed · 2 usage, unreadable file, or a finding that is an error · 3 AWS refused ·
4 no credentials, or expired · 5 job Stopped · 6 AWS could not be reached · 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from birdtui import __version__

DESCRIPTION = """\
birdtui                     the screen
birdtui JOB | FILE.toml     the screen, opened there
"""

EPILOG = """\
Exit codes: 0 done (a followed job Completed); 1 job Failed; 2 usage, unreadable file, or a finding that is an error;
3 AWS refused; 4 no credentials, or expired; 5 job Stopped; 6 AWS could not be reached; 130 interrupted.
"""

ACTIONS = ("submit", "check", "watch", "list", "clone", "stop", "convert", "metrics", "env", "serve", "shutdown")
CONVERSIONS = ("toml", "request", "aws", "boto3", "sagemaker")

_APPLIES: dict[str, tuple[str, ...]] = {
    "follow": ("submit",),
    "set": ("submit", "check", "convert", "clone"),
    "name": ("submit", "check", "convert", "clone"),
    "dry_run": ("submit",),
    "no_preflight": ("submit", "check"),
    "output": ("clone", "convert"),
    "to": ("convert",),
    "json": ("submit", "check", "watch", "list", "stop", "metrics", "clone", "convert", "shutdown"),
    "port": ("serve",),
}
"""Which actions a flag belongs to; elsewhere it is refused, for a flag without effect misleads."""

_WITHOUT_AWS = frozenset({"convert", "metrics"})


class _Parser(argparse.ArgumentParser):
    """Tells usage errors in JSON where JSON was asked for."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            from birdtui.headless.output import error_event

            print(json.dumps(error_event("Usage", message, 2, ())))  # noqa: T201 - before any output is set up
        else:
            self.print_usage(sys.stderr)
            sys.stderr.write(f"birdtui: {message}\nbirdtui --help shows every flag.\n")
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """Every flag, with its help."""
    made = _Parser(
        prog="birdtui",
        description="The terminal cockpit for Amazon SageMaker training jobs.\n\n" + DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("target", nargs="?", metavar="JOB | FILE.toml", help="open the screen on this job or file")
    made.add_argument("--version", action="version", version=f"birdtui {__version__}")
    _actions(made.add_argument_group("actions (without a screen; one at a time)"))
    _options(made.add_argument_group("with an action"))
    _places(made.add_argument_group("where"))
    return made


def _actions(group: Any) -> None:
    group.add_argument("--submit", metavar="FILE", help="create the job that FILE describes; prints its name")
    group.add_argument("--check", metavar="FILE", help="check FILE: offline rules and preflight, all findings at once")
    group.add_argument("--watch", metavar="JOB", help="status, log lines and metrics until the job ends")
    group.add_argument("--list", action="store_true", help="the newest 100 jobs as a table")
    group.add_argument("--clone", metavar="JOB", help="the clone of JOB as a TOML file, on stdout or to --output")
    group.add_argument("--stop", metavar="JOB", help="stop JOB")
    group.add_argument("--convert", metavar="FILE", help="FILE (spec, request JSON or describe JSON) in another form")
    group.add_argument("--metrics", metavar="LOG", help='per-epoch series of a saved log ("-" reads stdin)')
    group.add_argument(
        "--env", action="store_true", help="with --local: shell lines that point any client at the engine"
    )
    group.add_argument("--serve", action="store_true", help="with --local: run the engine in the foreground")
    group.add_argument("--shutdown", action="store_true", help="with --local: end the engine; asks where jobs run")


def _options(group: Any) -> None:
    group.add_argument("--follow", action="store_true", help="after --submit: watch the job until it ends")
    group.add_argument(
        "--set", metavar="PATH=VALUE", action="append", default=[], help="override a field: hyperparameters.epochs=50"
    )
    group.add_argument("--name", metavar="NAME", help="the job's exact name")
    group.add_argument("--dry-run", action="store_true", help="show what --submit would send; send nothing")
    group.add_argument("--no-preflight", action="store_true", help="skip the checks that ask AWS")
    group.add_argument("--to", choices=CONVERSIONS, help="the form that --convert makes")
    group.add_argument("--output", metavar="FILE", help="write there instead of to stdout")
    group.add_argument("--json", action="store_true", help="JSON on stdout: one document, or one object a line")
    group.add_argument("--quiet", action="store_true", help="no talk on stderr but errors")
    group.add_argument("--port", type=int, metavar="N", help="with --serve: the port to listen on")


def _places(group: Any) -> None:
    group.add_argument("--local", action="store_true", help="the embedded engine on this machine instead of AWS")
    group.add_argument("--profile", metavar="NAME", help="a profile of your AWS configuration")
    group.add_argument("--region", metavar="REGION", help="the AWS region")
    group.add_argument("--endpoint-url", metavar="URL", help="another endpoint for every service")
    group.add_argument("--read-only", action="store_true", help="nothing can be created or stopped")


def main(argv: Sequence[str]) -> int:
    """Do what the flags say; the exit code."""
    made = parser()
    _Parser.as_json = "--json" in argv
    try:
        options = made.parse_args(argv)
        action = _action(made, options)
    except SystemExit as left:
        return int(left.code or 0)
    if action is None:
        return _screen(made, options)
    from birdtui import headless

    return headless.run(action, options)


def _action(made: argparse.ArgumentParser, options: argparse.Namespace) -> str | None:
    """The one action, None for the screen; ends with a usage error for flags that do not go together."""
    chosen = [name for name in ACTIONS if getattr(options, name) not in (None, False)]
    if len(chosen) > 1:
        made.error(f"{' and '.join('--' + name for name in chosen)} cannot go together: give one of them")
    action = chosen[0] if chosen else None
    if action and options.target:
        made.error(f"{options.target}: a job or file to open goes without --{action}")
    for flag, actions in _APPLIES.items():
        if getattr(options, flag) not in (None, False, []) and action not in actions:
            needs = " or ".join("--" + name for name in actions)
            made.error(f"--{flag.replace('_', '-')} goes with {needs}")
    if action in {"env", "serve", "shutdown"} and not options.local:
        made.error(f"--{action} goes with --local")
    if action == "convert" and not options.to:
        made.error(f"--convert needs --to, one of {', '.join(CONVERSIONS)}")
    if options.read_only and action in {"submit", "stop"} and not options.dry_run:
        made.error(f"--read-only forbids --{action}")
    if options.local and (options.profile or options.endpoint_url):
        made.error("--local has its own endpoint and keys: leave --profile and --endpoint-url out")
    return action


def _screen(made: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Open the screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        try:
            made.error("the screen needs a terminal; without one give an action, such as --list or --submit FILE")
        except SystemExit:
            return 2
    from birdtui import settings
    from birdtui.headless import connect

    try:
        found = settings.load()
    except settings.SettingsError as error:
        sys.stderr.write(f"birdtui: {error}\n")
        return 2
    for warning in found.warnings:
        sys.stderr.write(f"birdtui: {warning}\n")
    connect.log_to_file()
    os.environ.setdefault("TEXTUAL_FPS", "240")  # read at Textual's import: at 60 a key waits 16 ms for its frame
    from birdtui.ui.app import Start, run

    return run(
        Start(
            connect=lambda: connect.connection(options, found),
            target=options.target,
            read_only=options.read_only,
            theme=settings.remembered().get("theme") or found.theme,
            keymap=dict(found.keys),
            remember=settings.remember,
        )
    )
