"""`--submit`, `--dry-run` and `--check`: from a file to findings, a request, and a job."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from birdtui.aws.errors import AwsProblem
from birdtui.aws.requests import resolved
from birdtui.aws.session import Session
from birdtui.headless.connect import connection
from birdtui.headless.output import Output, finding_line, finding_list, stamp
from birdtui.headless.role_offer import may_ask, role_was_made
from birdtui.settings import Settings
from birdtui.spec.findings import Advice, Finding, Level, has_errors
from birdtui.spec.job import JobSpec


def read_spec(options: argparse.Namespace, file: str, output: Output) -> JobSpec:
    """The job that a file describes, with `--set` and `--name` applied. Raises SpecFileError."""
    from birdtui.spec.convert import read

    spec, notes = read(Path(file), options.set)
    for note in notes:
        output.talk(f"note: {note}")
    if options.name:
        spec = replace(spec, request={**spec.request, "TrainingJobName": options.name}, unique_name=False)
    return spec


def check(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """All findings of a file at once; 2 when one is an error."""
    spec = read_spec(options, options.check, output)
    findings = checked(spec, options, found)
    if output.as_json:
        output.document({"ok": not has_errors(findings), "findings": finding_list(findings)})
    else:
        for finding in findings:
            output.data(finding_line(finding))
        if not findings:
            output.data("nothing to mend")
    return 2 if has_errors(findings) else 0


def checked(spec: JobSpec, options: argparse.Namespace, found: Settings) -> list[Finding]:
    """What the offline rules say of a spec, and what AWS says unless that is not wanted."""
    from birdtui.spec.rules import check as offline

    findings = offline(spec)
    if not options.no_preflight:
        from birdtui.preflight import preflight

        findings = [*findings, *preflight(spec, lambda: Session(connection(options, found)))]
    return findings


def submit(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """Check, resolve, create once; then follow where that is asked for."""
    from birdtui.aws.training_jobs import TrainingJobs

    spec = read_spec(options, options.submit, output)
    findings = checked(spec, options, found)
    if options.dry_run:
        return _dry_run(spec, findings, options, found, output)
    session = Session(connection(options, found))
    lacks_role = options.no_preflight or any(each.check == "role" and each.level is Level.ERROR for each in findings)
    if lacks_role and may_ask(spec, options, output) and role_was_made(spec, session, output):
        findings = checked(spec, options, found)
    output.findings(findings)
    if has_errors(findings):
        errors = [finding for finding in findings if finding.level is Level.ERROR]
        advice = [Advice(finding.field, finding.remedy or finding.text) for finding in errors]
        words = "1 finding is an error" if len(errors) == 1 else f"{len(errors)} findings are errors"
        if output.as_json:
            words += ": " + "; ".join(finding.text for finding in errors)
            return output.error("InvalidSpec", f"nothing was sent: {words}", 2, advice)
        return output.error("InvalidSpec", f"nothing was sent: {words}", 2)
    request = resolved(spec, session)
    name = str(request["TrainingJobName"])
    jobs = TrainingJobs(session)
    arn = jobs.create(request)
    output.data(name)
    output.event({"event": "submitted", "time": stamp(datetime.now(UTC)), "job": name, "arn": arn})
    if not options.follow:
        return 0
    from birdtui.headless.follow import follow

    return follow(session, name, output)


def _dry_run(
    spec: JobSpec, findings: list[Finding], options: argparse.Namespace, found: Settings, output: Output
) -> int:
    """What would be sent; what only AWS can tell is left as written where AWS cannot be asked."""
    from birdtui.spec.convert import aws_command, request_of

    session = Session(connection(options, found))
    try:
        request = resolved(spec, session)
    except AwsProblem as problem:
        remedy = problem.advice[0].text if problem.advice else ""
        field = problem.advice[0].field if problem.advice else ""
        findings = [*findings, Finding("resolve", Level.UNKNOWN, field or "job.role", problem.message, remedy)]
        request, _ = request_of(spec, region=options.region or found.region)
    command = aws_command(request)
    if output.as_json:
        output.document({"request": request, "command": command, "findings": finding_list(findings)})
    else:
        output.findings(findings)
        output.data(json.dumps(request, indent=2))
        output.data("")
        output.data(command)
    return 2 if has_errors(findings) else 0
