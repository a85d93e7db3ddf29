"""Lists of images and manifests, line by line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.preflight.channel_lists import read_list, read_manifest
from birdtui.spec.findings import Finding, Level
from tests.preflight.conftest import World, only

IMAGES = "application/x-image"


def rows(count: int, folder: str = "") -> str:
    return "".join(f"{number}\t{number % 4}\t{folder}{number}.jpg\n" for number in range(count))


def lists(world: World, *overrides: str) -> list[Finding]:
    """The sample's job over images and lists."""
    named = []
    for name in ("train", "validation"):
        named += [
            f"channels.{name}.content_type={IMAGES}",
            f"channels.{name}_lst.s3_uri=s3://{world.bucket}/{name}_lst/",
            f"channels.{name}_lst.s3_data_type=S3Prefix",
            f"channels.{name}_lst.content_type={IMAGES}",
        ]
    return world.check(*named, "hyperparameters.num_training_samples=24", *overrides)


@pytest.fixture
def pictures(bare: World) -> World:
    """24 images to train with and 8 to validate with, and their lists."""
    for name, count in (("train", 24), ("validation", 8)):
        for number in range(count):
            bare.put(f"{name}/{number}.jpg", b"\xff\xd8" + bytes(number))
        bare.put(f"{name}_lst/{name}.lst", rows(count))
    return bare


def wrong(found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.level in {Level.ERROR, Level.WARNING}]


def test_sound_lists_are_counted(pictures: World) -> None:
    found = lists(pictures)
    assert wrong(found) == []
    texts = [each.text for each in found if each.check == "channel-list"]
    assert texts == ["24 rows (counted) in train_lst/train.lst", "8 rows (counted) in validation_lst/validation.lst"]


def test_a_lists_rows_are_held_against_the_number_of_samples(pictures: World) -> None:
    finding = only(wrong(lists(pictures, "hyperparameters.num_training_samples=30")))
    assert (finding.check, finding.remedy) == ("data-samples", "set num_training_samples = 24")
    assert finding.way_out == "--set hyperparameters.num_training_samples=24"


def test_a_lists_labels_are_held_against_the_classes(pictures: World) -> None:
    found = wrong(lists(pictures, "hyperparameters.num_classes=3"))
    assert {(each.check, each.level) for each in found} == {("data-labels", Level.ERROR)}


def test_images_that_a_list_names_and_that_are_not_there_are_an_error(pictures: World) -> None:
    pictures.put("train_lst/train.lst", rows(24, "train/"))
    finding = only(wrong(lists(pictures)))
    assert (finding.check, finding.field) == ("channel-list-images", "channels.train_lst.s3_uri")
    assert "24 images" in finding.text
    assert "train/0.jpg" in finding.text


def test_two_lists_are_an_error(pictures: World) -> None:
    pictures.put("train_lst/old.lst", rows(24))
    finding = only(wrong(lists(pictures)))
    assert (finding.check, finding.field) == ("channel-list", "channels.train_lst.s3_uri")


FAULTS = [
    ("0 1 a.jpg\n", "line 1 has blanks"),
    ("0\t1\n", "line 1 has 2 columns"),
    ("0\t1\ta.jpg\n0\t1\tb.jpg\n", "line 2 has the index 0 a second time"),
    ("0\tsparrow\ta.jpg\n", "line 1 has 'sparrow' where a label should stand"),
    ("a.jpg\t1\t0\n", "line 1 begins with 'a.jpg'"),
    ("0\t1\ta.jpg\n\n1\t1\t0\tb.jpg\n", "line 3 has 2 labels, and the rows before it 1"),
    ("0\t1\t\n", "line 1 names no file"),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_the_first_faulty_line_of_a_list_is_named(text: str, fault: str) -> None:
    assert read_list(text).wrong.startswith(fault)


def test_a_faulty_list_is_an_error(pictures: World) -> None:
    pictures.put("train_lst/train.lst", "0,1,a.jpg\n")
    finding = only(wrong(lists(pictures)))
    assert (finding.check, finding.level) == ("channel-list", Level.ERROR)
    assert "line 1" in finding.text


@given(st.lists(st.tuples(st.integers(0, 9), st.text("abc/._ ", min_size=1).map(str.strip).filter(bool)), max_size=20))
def test_a_list_written_is_a_list_read(entries: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}\t{label}\t{path}\n" for number, (label, path) in enumerate(entries))
    found = read_list(text)
    assert (found.wrong, found.count, found.paths) == ("", len(entries), [path for _, path in entries])


# manifests


def manifest(world: World, *overrides: str) -> list[Finding]:
    """The sample's job over augmented manifests."""
    named = []
    for name in ("train", "validation"):
        named += [
            f"channels.{name}.s3_uri=s3://{world.bucket}/{name}.manifest",
            f"channels.{name}.s3_data_type=AugmentedManifestFile",
            f'channels.{name}.attribute_names=["source-ref", "class"]',
            f"channels.{name}.record_wrapper=RecordIO",
            f"channels.{name}.input_mode=Pipe",
        ]
    return world.check(*named, "hyperparameters.num_training_samples=24", *overrides)


def lines(count: int, **more: object) -> str:
    entries = ({"source-ref": f"s3://b/{number}.jpg", "class": number % 4} | more for number in range(count))
    return "".join(json.dumps(entry) + "\n" for entry in entries)


@pytest.fixture
def manifests(bare: World) -> World:
    bare.put("train.manifest", lines(24))
    bare.put("validation.manifest", lines(8))
    return bare


def test_sound_manifests_are_counted(manifests: World) -> None:
    found = manifest(manifests)
    assert wrong(found) == []
    assert [each.text for each in found if each.check == "manifest"] == [
        "24 lines (counted), each with source-ref and class",
        "8 lines (counted), each with source-ref and class",
    ]


def test_an_attribute_that_no_line_has_is_told_with_those_that_are_there(manifests: World) -> None:
    names = 'channels.train.attribute_names=["source-ref", "label"]'
    finding = only(wrong(manifest(manifests, names)))
    assert (finding.check, finding.level, finding.field) == ("manifest", Level.ERROR, "channels.train.attribute_names")
    assert "line 1: there is no attribute 'label'" in finding.text
    assert finding.remedy == "the first line has: source-ref, class"


def test_a_line_that_is_no_json_is_named(manifests: World) -> None:
    manifests.put("train.manifest", lines(3) + "{oops\n" + lines(20))
    finding = only(wrong(manifest(manifests)))
    assert (finding.check, finding.field) == ("manifest", "channels.train.s3_uri")
    assert "error in line 4" in finding.text


def test_a_manifest_that_is_not_there_is_told_with_what_is(manifests: World) -> None:
    finding = only(wrong(manifest(manifests, f"channels.train.s3_uri=s3://{manifests.bucket}/train")))
    assert finding.remedy == f"did you mean s3://{manifests.bucket}/train.manifest?"


def test_a_manifests_lines_are_held_against_numbers(manifests: World) -> None:
    found = wrong(manifest(manifests, "hyperparameters.num_training_samples=10", "hyperparameters.num_classes=3"))
    assert {each.check for each in found} == {"data-samples", "data-labels"}


def test_an_empty_manifest_is_an_error(manifests: World) -> None:
    manifests.put("train.manifest", "")
    finding = only(wrong(manifest(manifests)))
    assert (finding.check, finding.level) == ("manifest", Level.ERROR)


def test_a_reference_that_is_no_s3_uri_is_told() -> None:
    assert read_manifest(lines(2, **{"source-ref": "0.jpg"}), ("source-ref",)).wrong.startswith("line 1: source-ref is")


PLAIN = [
    ('[{"prefix": "s3://b/x/"}, "a", "b"]', Level.OK, "2 files under s3://b/x/"),
    ('["a", "b"]', Level.ERROR, "does not begin with a prefix"),
    ("a\nb\n", Level.ERROR, "is no JSON"),
]


@pytest.mark.parametrize(("text", "level", "words"), PLAIN)
def test_plain_manifests_are_read(world: World, text: str, level: Level, words: str) -> None:
    world.put("plain.manifest", text)
    finding = world.found(
        "manifest",
        f"channels.train.s3_uri=s3://{world.bucket}/plain.manifest",
        "channels.train.s3_data_type=ManifestFile",
    )
    assert (finding.level, words in finding.text) == (level, True)
