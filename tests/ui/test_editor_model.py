"""The job under the pen: what is typed is set, what is emptied is gone, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.job import JobSpec
from birdtui.ui.editor_model import EditorModel, InvalidField

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "ContentType": "application/x-recordio",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
    }


def editing(*channels: dict[str, Any], algorithm: str | None = None, **members: Any) -> EditorModel:
    request = members | ({"InputDataConfig": list(channels)} if channels else {})
    return EditorModel(JobSpec(request, algorithm=algorithm))


def uri(model: EditorModel, name: str) -> str:
    return model.text(f"channels.{name}.s3_uri")


TRAIN = channel("train", "s3://birds/train/")
VALIDATION = channel("validation", "s3://birds/validation/")

SETTINGS = [
    ("job.name", "birds", {"TrainingJobName": "birds"}),
    ("job.role", "auto", {"RoleArn": "auto"}),
    ("resources.instance_count", "2", {"ResourceConfig": {"InstanceCount": 2}}),
    ("resources.volume_gb", "-1", {"ResourceConfig": {"VolumeSizeInGB": -1}}),
    ("limits.spot", "true", {"EnableManagedSpotTraining": True}),
    ("limits.spot", "no", {"EnableManagedSpotTraining": False}),
    ("limits.max_runtime", "90m", {"StoppingCondition": {"MaxRuntimeInSeconds": 5400}}),
    ("limits.max_runtime", "3600", {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}),
    ("limits.max_runtime", "1h 30m", {"StoppingCondition": {"MaxRuntimeInSeconds": 5400}}),
    ("job.tags", "team=birds, x=", {"Tags": [{"Key": "team", "Value": "birds"}, {"Key": "x", "Value": ""}]}),
    ("job.tags", '"note=a, b=c"', {"Tags": [{"Key": "note", "Value": "a, b=c"}]}),
    ("job.environment", "A=1, B=x=y", {"Environment": {"A": "1", "B": "x=y"}}),
    ("network.subnets", "subnet-1, subnet-2", {"VpcConfig": {"Subnets": ["subnet-1", "subnet-2"]}}),
    ("hyperparameters.epochs", "25", {"HyperParameters": {"epochs": "25"}}),
    ("hyperparameters.learning_rate", "1e-3", {"HyperParameters": {"learning_rate": "1e-3"}}),
    ("output.s3_uri", "s3://birds/", {"OutputDataConfig": {"S3OutputPath": "s3://birds/"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "typed", "request_"), SETTINGS)
def test_a_field_that_is_set_is_all_that_is_sent(path: str, typed: str, request_: dict[str, Any]) -> None:
    model = editing()
    model.set_text(path, typed)
    assert model.spec.request == request_


@pytest.mark.parametrize(("path", "typed", "request_"), SETTINGS)
def test_a_field_that_is_emptied_leaves_nothing_behind(path: str, typed: str, request_: dict[str, Any]) -> None:
    model = editing()
    model.set_text(path, typed)
    model.set_text(path, "  ")
    assert model.spec.request == {}


@pytest.mark.parametrize(("path", "typed", "request_"), SETTINGS)
def test_what_is_shown_can_be_typed_again(path: str, typed: str, request_: dict[str, Any]) -> None:
    model = EditorModel(JobSpec(request_))
    model.set_text(path, model.text(path))
    assert model.spec.request == request_
    assert not model.is_changed


@pytest.mark.parametrize(
    ("inner", "typed", "member"),
    [
        ("content_type", "image/png", {"ContentType": "image/png"}),
        ("compression", "Gzip", {"CompressionType": "Gzip"}),
        ("record_wrapper", "RecordIO", {"RecordWrapperType": "RecordIO"}),
        ("input_mode", "Pipe", {"InputMode": "Pipe"}),
        ("shuffle_seed", "7", {"ShuffleConfig": {"Seed": 7}}),
    ],
)
def test_a_channels_field_is_set_in_its_entry(inner: str, typed: str, member: dict[str, Any]) -> None:
    model = editing(TRAIN, VALIDATION)
    model.set_text(f"channels.validation.{inner}", typed)
    assert model.spec.request["InputDataConfig"] == [TRAIN, VALIDATION | member]


def test_attribute_names_are_a_list_in_the_data_source() -> None:
    model = editing(TRAIN)
    model.set_text("channels.train.attribute_names", "image-ref, class")
    source = model.spec.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["AttributeNames"] == ["image-ref", "class"]


def test_a_channel_that_is_emptied_keeps_its_name() -> None:
    model = editing({"ChannelName": "train", "ShuffleConfig": {"Seed": 7}})
    model.set_text("channels.train.shuffle_seed", "")
    assert model.spec.request == {"InputDataConfig": [{"ChannelName": "train"}]}


def test_a_channels_name_may_hold_dots() -> None:
    model = editing(channel("birds.v1", "s3://birds/v1/"))
    model.set_text("channels.birds.v1.s3_uri", "s3://birds/v2/")
    assert uri(model, "birds.v1") == "s3://birds/v2/"


def test_emptying_what_was_not_set_changes_nothing() -> None:
    model = editing(HyperParameters={}, ResourceConfig={})
    model.set_text("hyperparameters.epochs", "")
    model.set_text("resources.volume_gb", "")
    model.set_text("limits.max_runtime", "")
    assert model.spec.request == {"HyperParameters": {}, "ResourceConfig": {}}


def test_the_source_is_never_written_into() -> None:
    source = JobSpec({"HyperParameters": {"epochs": "3"}, "InputDataConfig": [TRAIN]})
    model = EditorModel(source, source)
    model.set_text("hyperparameters.epochs", "4")
    model.set_text("channels.train.compression", "Gzip")
    assert source.request == {"HyperParameters": {"epochs": "3"}, "InputDataConfig": [TRAIN]}
    assert "CompressionType" not in TRAIN


def test_a_default_that_was_set_stays_set() -> None:
    model = editing(HyperParameters={"epochs": "30", "optimizer": "sgd"})
    model.set_text("hyperparameters.epochs", "31")
    assert model.spec.request == {"HyperParameters": {"epochs": "31", "optimizer": "sgd"}}


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        ("resources.instance_count", "two", "whole number"),
        ("resources.instance_count", "1.5", "whole number"),
        ("resources.instance_count", "²", "whole number"),
        ("resources.volume_gb", "9" * 5000, "whole number"),
        ("limits.max_runtime", "soon", "24h"),
        ("limits.max_runtime", "³", "24h"),
        ("limits.max_runtime", "9" * 5000, "24h"),
        ("limits.spot", "perhaps", "true or false"),
        ("job.tags", "birds", "KEY=VALUE"),
        ("job.environment", "A=1, B", "KEY=VALUE"),
    ],
)
def test_what_does_not_fit_is_refused_with_words(path: str, typed: str, words: str) -> None:
    model = editing()
    with pytest.raises(InvalidField, match=words):
        model.set_text(path, typed)
    assert model.spec.request == {}


# algorithm and image


def test_an_algorithm_takes_the_images_place() -> None:
    model = editing(AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"})
    model.set_text("algorithm.name", "image-classification")
    assert model.spec == JobSpec(
        {"AlgorithmSpecification": {"TrainingInputMode": "File"}}, algorithm="image-classification"
    )


def test_an_algorithm_alone_adds_nothing_to_the_request() -> None:
    model = editing()
    model.set_text("algorithm.name", "image-classification")
    assert model.spec == JobSpec({}, algorithm="image-classification")


def test_an_image_takes_the_algorithms_place_in_one_step() -> None:
    model = editing(algorithm="image-classification")
    model.set_text("algorithm.image", IMAGE)
    assert model.spec == JobSpec({"AlgorithmSpecification": {"TrainingImage": IMAGE}})
    model.undo()
    assert model.spec == JobSpec({}, algorithm="image-classification")


def test_the_time_suffix_is_a_switch() -> None:
    model = editing()
    model.set_text("job.unique_name", "false")
    assert not model.spec.unique_name
    assert model.text("job.unique_name") == "false"


# undo and redo


def test_undo_and_redo_travel_between_edits() -> None:
    model = editing()
    model.set_text("job.name", "one")
    model.set_text("job.role", "auto")
    assert model.undo()
    assert model.spec.request == {"TrainingJobName": "one"}
    assert model.undo()
    assert model.spec.request == {}
    assert not model.undo()
    assert model.redo()
    assert model.redo()
    assert not model.redo()
    assert model.spec.request == {"TrainingJobName": "one", "RoleArn": "auto"}


def test_typing_in_one_field_is_one_step() -> None:
    model = editing(TrainingJobName="x")
    for typed in ("xb", "xbi", "xbir"):
        model.set_text("job.name", typed)
    model.undo()
    assert model.text("job.name") == "x"


def test_leaving_a_field_begins_a_new_step() -> None:
    model = editing()
    model.set_text("job.name", "one")
    model.settle()
    model.set_text("job.name", "two")
    model.undo()
    assert model.text("job.name") == "one"


def test_typing_back_what_was_there_leaves_nothing_to_undo() -> None:
    model = editing(TrainingJobName="x")
    model.set_text("job.name", "xy")
    model.set_text("job.name", "x")
    assert not model.undo()


def test_a_new_edit_forgets_what_was_undone() -> None:
    model = editing()
    model.set_text("job.name", "one")
    model.undo()
    model.set_text("job.role", "auto")
    assert not model.redo()


def test_undone_to_the_start_is_unchanged() -> None:
    model = editing()
    model.set_text("job.name", "one")
    assert model.is_changed
    model.undo()
    assert not model.is_changed


def test_what_is_saved_is_unchanged() -> None:
    model = editing()
    model.set_text("job.name", "one")
    model.saved()
    assert not model.is_changed


# channels


def test_a_second_channel_is_a_copy_with_its_own_name_and_folder() -> None:
    model = editing(TRAIN)
    assert model.add_channel() == "validation"
    assert model.spec.request["InputDataConfig"] == [TRAIN, VALIDATION]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s3://birds/train", "s3://birds/validation/"),
        ("s3://birds/a/train/", "s3://birds/a/validation/"),
        ("s3://birds/a/data/", "s3://birds/a/validation/"),
        ("s3://birds/", "s3://birds/validation/"),
        ("s3://birds", "s3://birds/validation/"),
        ("s3://", "s3://"),
    ],
)
def test_the_folder_of_a_second_channel_is_beside_the_first(first: str, second: str) -> None:
    model = editing(channel("train", first))
    model.add_channel()
    assert uri(model, "validation") == second


def test_the_first_channel_is_called_train() -> None:
    model = editing()
    assert model.add_channel() == "train"


def test_every_further_channel_has_a_name_of_its_own() -> None:
    model = editing()
    names = [model.add_channel() for _ in range(4)]
    assert names == ["train", "validation", "channel-1", "channel-2"]


def test_a_channel_is_renamed() -> None:
    model = editing(TRAIN, VALIDATION)
    model.rename_channel("validation", "test")
    assert model.channel_names() == ["train", "test"]
    assert uri(model, "test") == "s3://birds/validation/"


@pytest.mark.parametrize("name", ["train", ""])
def test_a_channel_cannot_have_a_name_that_is_taken_or_none(name: str) -> None:
    model = editing(TRAIN, VALIDATION)
    with pytest.raises(InvalidField):
        model.rename_channel("validation", name)
    assert model.channel_names() == ["train", "validation"]


@pytest.mark.parametrize(("by", "names"), [(-1, ["validation", "train"]), (1, ["train", "validation"])])
def test_a_channel_is_moved_and_stays_within_the_list(by: int, names: list[str]) -> None:
    model = editing(TRAIN, VALIDATION)
    model.move_channel("validation", by)
    assert model.channel_names() == names


def test_the_last_channel_removed_takes_the_list_with_it() -> None:
    model = editing(TRAIN)
    model.remove_channel("train")
    assert model.spec.request == {}


# any edits at all

TEXT_EDITS = st.tuples(
    st.sampled_from([path for path, *_ in SETTINGS] + ["algorithm.name", "algorithm.image", "job.unique_name"]),
    st.one_of(st.sampled_from([typed for _, typed, _ in SETTINGS]), st.text(max_size=8)),
)
CHANNEL_EDITS = st.tuples(st.sampled_from(["add", "remove", "up", "down", "rename"]), st.integers(0, 5))


def edit(model: EditorModel, what: str, how: str | int) -> None:
    names = model.channel_names()
    try:
        if isinstance(how, str):
            model.set_text(what, how)
        elif what == "add":
            model.add_channel()
        elif names and what == "remove":
            model.remove_channel(names[how % len(names)])
        elif names and what == "rename":
            model.rename_channel(names[how % len(names)], f"channel-{how}")
        elif names:
            model.move_channel(names[how % len(names)], -1 if what == "up" else 1)
    except InvalidField:
        pass


@given(st.lists(st.one_of(TEXT_EDITS, CHANNEL_EDITS), max_size=12))
def test_undoing_everything_is_the_beginning_and_redoing_it_the_end(edits: list[tuple[str, str | int]]) -> None:
    begun = JobSpec({"TrainingJobName": "birds", "InputDataConfig": [TRAIN]}, algorithm="image-classification")
    model = EditorModel(begun)
    for what, how in edits:
        edit(model, what, how)
    ended = model.spec
    while model.undo():
        pass
    assert model.spec == begun
    while model.redo():
        pass
    assert model.spec == ended


@given(st.lists(TEXT_EDITS, max_size=8))
def test_no_member_is_ever_left_empty(edits: list[tuple[str, str]]) -> None:
    model = EditorModel(JobSpec())
    for path, typed in edits:
        edit(model, path, typed)
    assert all(value not in ({}, None, "") for value in model.spec.request.values())
