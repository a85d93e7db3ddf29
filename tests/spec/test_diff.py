"""Two jobs side by side."""

from __future__ import annotations

from pathlib import Path

from birdtui.spec.diff import Change, diff
from birdtui.spec.job import JobSpec
from birdtui.spec.toml_file import parse

TEXT = (Path(__file__).parents[2] / "sample.toml").read_text()


def changed(*overrides: str) -> list[Change]:
    return diff(parse(TEXT, "a"), parse(TEXT, "b", overrides))


def test_the_same_job_has_no_changes() -> None:
    assert changed() == []


def test_a_changed_value_is_told_under_its_field() -> None:
    assert changed("hyperparameters.epochs=50") == [Change("hyperparameters.epochs", 25, 50)]


def test_a_new_value_was_none_before() -> None:
    assert changed("limits.spot=true") == [Change("limits.spot", None, True)]


def test_a_duration_is_told_as_the_file_writes_it() -> None:
    assert changed("limits.max_runtime=90m") == [Change("limits.max_runtime", "24h", "90m")]


def test_an_image_in_place_of_an_algorithm_is_two_changes() -> None:
    assert changed("algorithm.image=own:1") == [
        Change("algorithm.name", "image-classification", None),
        Change("algorithm.image", None, "own:1"),
    ]


def test_channels_in_another_order_are_a_change() -> None:
    spec = parse(TEXT, "a")
    turned = spec.with_members(InputDataConfig=list(reversed(spec.request["InputDataConfig"])))
    assert diff(spec, turned) == [Change("channels", ["train", "validation"], ["validation", "train"])]


def test_a_name_made_exact_is_a_change() -> None:
    assert diff(JobSpec(), JobSpec(unique_name=False)) == [Change("job.unique_name", None, False)]
