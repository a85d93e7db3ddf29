"""`--convert FILE --to …` and `--clone JOB`: a job in another form, on stdout or in a file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from birdtui.aws.session import Session
from birdtui.headless.connect import connection
from birdtui.headless.output import Output
from birdtui.settings import Settings
from birdtui.spec import toml_file
from birdtui.spec.convert import convert as converted
from birdtui.spec.convert import load_file
from birdtui.spec.job import JobSpec


def convert(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """A job file, a request or a description in another form. Never refuses for a finding: those go to stderr."""
    from birdtui.spec.rules import check

    source = load_file(Path(options.convert), options.set)
    if options.name:
        source = replace(source, spec=_named(source.spec, options.name))
    answer = converted(source, options.to, region=options.region or found.region)
    output.findings(check(source.spec))
    return _give(options, output, answer.text, list(answer.notes), {"to": options.to})


def clone(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """The clone's spec as TOML; what was dropped and what to look at goes to stderr."""
    from birdtui.aws.training_jobs import TrainingJobs
    from birdtui.spec.clone import clone as cloned
    from birdtui.spec.clone import questions, told

    jobs = TrainingJobs(Session(connection(options, found)))
    description = jobs.describe(options.clone)
    spec, dropped = cloned(description, jobs.tags(str(description["TrainingJobArn"])))
    if options.name:
        spec = _named(spec, options.name)
    if options.set:
        spec = toml_file.parse(toml_file.write(spec), f"clone of {options.clone}", options.set)
    asked = [f"{question.field}: {question.text}" for question in questions(spec)]
    text = toml_file.write(spec, [f"A clone of {options.clone}.", *asked])
    return _give(options, output, text, [*told(dropped), *asked], {"job": options.clone})


def _named(spec: JobSpec, name: str) -> JobSpec:
    return replace(spec, request={**spec.request, "TrainingJobName": name}, unique_name=False)


def _give(options: argparse.Namespace, output: Output, text: str, notes: list[str], facts: dict[str, str]) -> int:
    """The text to the file or to stdout, the notes to stderr; with --json one document of both."""
    for note in notes:
        output.talk(f"note: {note}")
    if options.output:
        path = Path(options.output)
        try:
            path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        except OSError as error:
            return output.error("UnwritableFile", f"{path}: {error.strerror or error}", 2)
        output.talk(f"birdtui: written to {path}")
        facts = {**facts, "file": str(path)}
    elif not output.as_json:
        output.raw(text)
    if output.as_json:
        output.document({**facts, "text": text, "notes": notes})
    return 0
