"""Each action without a screen: stdout is data, stderr is talk."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from birdtui import settings
from birdtui.headless.connect import log_to_file
from birdtui.headless.output import Output

log = logging.getLogger(__name__)

INTERRUPTED = 130


class Interrupted(Exception):
    """A person pressed Ctrl+C; the text says what goes on without them."""


def run(action: str, options: argparse.Namespace) -> int:
    """Do one action; the exit code. No traceback reaches a person: it goes to the log file."""
    output = Output(as_json=options.json, quiet=options.quiet)
    log_to_file()
    try:
        found = settings.load()
        for warning in found.warnings:
            output.talk(f"birdtui: {warning}")
        return _do(action, options, found, output)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: say nothing more at exit
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where every failure ends
        return _tell(action, error, output)


def _tell(action: str, error: BaseException, output: Output) -> int:
    """Why an action ended early, as its exit code and in words."""
    from birdtui.aws.errors import AwsProblem
    from birdtui.local.engine_files import EngineProblem
    from birdtui.spec.toml_problems import SpecFileError

    match error:
        case settings.SettingsError():
            return output.error("InvalidSettings", str(error), 2)
        case SpecFileError():
            return _broken_file(action, error, output)
        case AwsProblem():
            return output.error(error.code, error.message, error.exit_code, error.advice)
        case EngineProblem():
            return output.error("EngineUnavailable", str(error), 6)
        case KeyboardInterrupt() | Interrupted():
            return output.error("Interrupted", str(error) or "interrupted", INTERRUPTED)
    log.error("%s failed", action, exc_info=error)
    text = f"something unforeseen went wrong: {error}. The whole story is in {settings.log_file()}."
    return output.error("InternalError", text, 3)


def _do(action: str, options: argparse.Namespace, found: settings.Settings, output: Output) -> int:
    match action:
        case "submit" | "check":
            from birdtui.headless import submit

            return getattr(submit, action)(options, found, output)  # type: ignore[no-any-return]
        case "watch":
            from birdtui.headless import follow

            return follow.watch(options, found, output)
        case "list" | "stop":
            from birdtui.headless import jobs

            return (jobs.list_jobs if action == "list" else jobs.stop)(options, found, output)
        case "clone" | "convert":
            from birdtui.headless import convert

            return (convert.clone if action == "clone" else convert.convert)(options, found, output)
        case "metrics":
            from birdtui.headless import metrics

            return metrics.metrics(options, output)
        case _:
            from birdtui.headless import engine

            return getattr(engine, action)(options, output)  # type: ignore[no-any-return]


def _broken_file(action: str, error: Exception, output: Output) -> int:
    """A file that cannot be read as a job: every fault at once; --check gives them as findings too."""
    from birdtui.headless.output import error_event, finding_list
    from birdtui.spec.findings import Advice, Finding, Level

    problems = getattr(error, "problems", ())
    advice = [Advice(each.field, each.remedy or each.text) for each in problems]
    if action == "check" and output.as_json:
        findings = [Finding("file", Level.ERROR, each.field, str(each), each.remedy) for each in problems]
        told = error_event("InvalidSpec", str(error), 2, advice)
        output.document({"ok": False, "findings": finding_list(findings), **told})
        return 2
    if output.as_json:
        return output.error("InvalidSpec", str(error), 2, advice)
    return output.error("InvalidSpec", str(error), 2)
