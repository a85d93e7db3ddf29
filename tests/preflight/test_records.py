"""The data itself: RecordIO counted and held against the hyperparameters."""

from __future__ import annotations

import pytest

from birdtui.preflight import account as account_module
from birdtui.spec.findings import Level
from tests.preflight.conftest import World, even, only, png, records


def test_what_was_counted_is_said(world: World) -> None:
    finding = next(each for each in world.check() if each.check == "channel-data")
    assert (finding.level, finding.text) == (Level.OK, "322 records (counted), 4 labels")


CONTRADICTIONS = [
    ("num_training_samples=300", "data-samples", Level.WARNING, "set num_training_samples = 322"),
    ("num_training_samples=400", "data-samples", Level.WARNING, "set num_training_samples = 322"),
    ("mini_batch_size=400", "data-batch", Level.ERROR, "set mini_batch_size to 322 or less"),
]


@pytest.mark.parametrize(("override", "check", "level", "remedy"), CONTRADICTIONS)
def test_numbers_are_held_against_the_data(world: World, override: str, check: str, level: Level, remedy: str) -> None:
    finding = only(world.wrong(f"hyperparameters.{override}"))
    assert (finding.check, finding.level, finding.remedy) == (check, level, remedy)
    assert finding.field == f"hyperparameters.{override.partition('=')[0]}"
    assert "322" in finding.text
    assert "counted" in finding.text


def test_a_missing_number_is_offered(world: World) -> None:
    spec = world.spec()
    hyperparameters = {key: value for key, value in spec.hyperparameters.items() if key != "num_training_samples"}
    from birdtui.preflight import preflight

    found = preflight(spec.with_members(HyperParameters=hyperparameters), world.session)
    finding = only(each for each in found if each.check == "data-samples")
    assert (finding.level, finding.remedy) == (Level.NOTE, "set num_training_samples = 322")


def test_a_large_file_is_estimated_from_its_beginning(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_module, "SCANNED_BYTES", 4000)
    found = world.check("hyperparameters.num_training_samples=325")
    assert only(each for each in found if each.check == "data-samples").level is Level.OK
    finding = world.found("data-samples", "hyperparameters.num_training_samples=200")
    assert (finding.level, "estimated" in finding.text) == (Level.WARNING, True)


def test_a_label_beyond_the_classes_is_an_error_in_each_channel(world: World) -> None:
    found = world.wrong("hyperparameters.num_classes=3", "hyperparameters.top_k=2")
    assert [(each.check, each.level, each.field, each.remedy) for each in found] == [
        ("data-labels", Level.ERROR, "hyperparameters.num_classes", "set num_classes = 4")
    ] * 2
    assert "label 3" in found[0].text


def test_a_class_without_images_is_a_warning(world: World) -> None:
    found = world.wrong("hyperparameters.num_classes=6")
    assert {(each.check, each.level) for each in found} == {("data-labels", Level.WARNING)}
    assert "4, 5" in found[0].text


LABELS = [
    ([1.0, 2.0, 3.0, 4.0] * 20, "data-labels", Level.ERROR, "labels begin at 0"),
    ([0.5] * 30, "data-labels", Level.ERROR, "number the classes anew"),
    ([float("nan")] * 30, "data-labels", Level.ERROR, "number the classes anew"),
    ([-1.0] * 30, "data-labels", Level.ERROR, "number the classes anew"),
    ([0.0] * 100 + even(20), "data-balance", Level.WARNING, "add images"),
    ([0.0] * 30 + even(20), "data-balance", Level.NOTE, "add images"),
]


@pytest.mark.parametrize(("labels", "check", "level", "remedy"), LABELS)
def test_odd_labels_are_told(bare: World, labels: list[float], check: str, level: Level, remedy: str) -> None:
    bare.put("train/t.rec", records(labels))
    bare.put("validation/v.rec", records(even(24)))
    found = bare.check(f"hyperparameters.num_training_samples={len(labels)}")
    finding = only(each for each in found if each.check == check and each.level is not Level.OK)
    assert finding.level is level
    assert remedy in finding.remedy


BROKEN = [
    (records(even(5))[:-2], "cut short"),
    (b"not RecordIO at all, but something else", "no record begins here"),
    (b"", "is empty"),
]


@pytest.mark.parametrize(("body", "words"), BROKEN)
def test_broken_files_are_an_error(world: World, body: bytes, words: str) -> None:
    world.put("train/t.rec", body)
    finding = only(each for each in world.wrong() if each.check == "channel-data")
    assert (finding.level, finding.field) == (Level.ERROR, "channels.train.s3_uri")
    assert words in finding.text


SIZES = [
    ((), Level.NOTE),
    (("hyperparameters.image_shape=3,224,224",), Level.WARNING),
    (("hyperparameters.image_shape=3,64,48",), None),
    (("hyperparameters.image_shape=3,48,64",), Level.WARNING),
    (("hyperparameters.image_shape=3,224,224", "hyperparameters.resize=224"), None),
]


@pytest.mark.parametrize(("overrides", "level"), SIZES)
def test_images_smaller_than_the_networks_input_are_told(
    bare: World, overrides: tuple[str, ...], level: Level | None
) -> None:
    bare.put("train/t.rec", records(even(322), png(48, 64)))
    bare.put("validation/v.rec", records(even(104), png(500, 500)))
    found = [each for each in bare.check(*overrides) if each.check == "data-size"]
    assert [each.level for each in found] == ([] if level is None else [level])
    assert all(each.field == "hyperparameters.image_shape" and "48×64" in each.text for each in found)


def test_label_vectors_are_held_against_the_classes(bare: World) -> None:
    bare.put("train/t.rec", records([(0.0, 1.0, 1.0)] * 40))
    bare.put("validation/v.rec", records([(0.0, 1.0, 1.0)] * 20))
    many = ("hyperparameters.num_training_samples=40", "hyperparameters.multi_label=1")
    found = bare.wrong(*many)
    assert {(each.check, each.level, each.remedy) for each in found} == {
        ("data-labels", Level.ERROR, "set num_classes = 3")
    }
    assert bare.wrong(*many, "hyperparameters.num_classes=3") == []


def test_label_vectors_without_multi_label_are_a_warning(bare: World) -> None:
    bare.put("train/t.rec", records([(0.0, 1.0, 1.0, 0.0)] * 40))
    bare.put("validation/v.rec", records(even(20)))
    finding = only(bare.wrong("hyperparameters.num_training_samples=40"))
    assert (finding.field, finding.remedy) == ("hyperparameters.multi_label", "set multi_label = 1")


def test_other_algorithms_data_is_not_held_against_image_classification(world: World) -> None:
    found = world.check("algorithm.name=object-detection", "hyperparameters.num_classes=3")
    assert not [each for each in found if each.check.startswith("data-")]
