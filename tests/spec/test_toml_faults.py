"""Whatever stands in a file, its reader gives a job or says what is wrong; it never fails otherwise."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.spec.convert import load
from birdtui.spec.toml_file import SpecFileError, parse, rewrite

SAMPLE = (Path(__file__).parents[2] / "sample.toml").read_text()
SIGNS = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    '"',
    "'",
    '"""',
    "'''",
    "#",
    ".",
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\\",
    "\\u00",
]
WORDS = ["job", "channels", "request", "InputDataConfig", "tags", "environment", "hyperparameters", "name", "image"]
VALUES = ["true", "1", "1e-8", "inf", "1979-05-27", "24h", "\x00", "\ufeff", "\ud800", "é"]
PIECES = st.sampled_from([*SIGNS, *WORDS, *VALUES])
QUICK = settings(deadline=None, max_examples=200)


def told(text: str, *overrides: str) -> None:
    try:
        parse(text, "birds.toml", overrides)
    except SpecFileError as failed:
        for problem in failed.problems:
            assert problem.text
            assert problem.line == 0 or 1 <= problem.line <= text.count("\n") + 2


@QUICK
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_read_or_told(text: str) -> None:
    told(text)


@QUICK
@given(st.integers(0, len(SAMPLE)), st.integers(0, 40), st.lists(PIECES, max_size=4).map("".join))
def test_a_damaged_file_is_read_or_told(at: int, cut: int, put: str) -> None:
    told(SAMPLE[:at] + put + SAMPLE[at + cut :])


@QUICK
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_override_is_read_or_told(override: str) -> None:
    told(SAMPLE, override)


@QUICK
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_json_is_read_or_told(text: str) -> None:
    with contextlib.suppress(SpecFileError):
        load("{" + text, "birds.json")


OVERRIDES = st.lists(
    st.sampled_from(
        [
            "job.name=other",
            "job.unique_name=false",
            "job.tags.owner=me",
            "job.environment.A=1",
            "algorithm.image=own:1",
            "algorithm.version=1",
            "resources.keep_alive=30m",
            "limits.spot=true",
            "hyperparameters.epochs=50",
            'hyperparameters."a.b"=1e-8',
            "channels.train.shuffle_seed=7",
            'channels."new.one".s3_uri=s3://x/',
            'network.subnets=["a", "b"]',
            "request.RetryStrategy.MaximumRetryAttempts=2",
            "resources.InstanceGroups=[{InstanceType='ml.c5.xlarge',InstanceCount=1}]",
        ]
    ),
    max_size=6,
)


@QUICK
@given(OVERRIDES)
def test_a_rewritten_sample_says_the_new_job_and_keeps_every_comment(overrides: list[str]) -> None:
    if "algorithm.version=1" in overrides and "algorithm.image=own:1" in overrides:
        return
    spec = parse(SAMPLE, "sample.toml", overrides)
    changed = rewrite(SAMPLE, spec)
    assert parse(changed, "sample.toml") == spec
    whole_lines = [line for line in SAMPLE.splitlines() if line.startswith("#")]
    assert [line for line in changed.splitlines() if line.startswith("#")] == whole_lines
