"""The rules of image classification: hyperparameters, channels and instances, each by the one slip it is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.findings import Finding, Level
from birdtui.spec.image_classification import HYPERPARAMETERS
from birdtui.spec.job import JobSpec
from birdtui.spec.rules import check
from birdtui.spec.toml_file import read

SAMPLE = Path(__file__).parents[2] / "sample.toml"
E_, W, N = Level.ERROR, Level.WARNING, Level.NOTE


def sample(*settings: str) -> JobSpec:
    """The lab's job with some fields set otherwise."""
    return read(SAMPLE, settings)


def with_values(**values: str) -> JobSpec:
    """The lab's job with only these hyperparameters besides the two that are required."""
    return sample().with_members(HyperParameters={"num_classes": "4", "num_training_samples": "322", **values})


def with_channels(*entries: dict[str, Any]) -> JobSpec:
    return sample().with_members(InputDataConfig=list(entries))


def channel(name: str, uri: str, content_type: str | None = "application/x-recordio", **more: Any) -> dict[str, Any]:
    """One entry of InputDataConfig; members of its S3 source are told from its own."""
    source: dict[str, Any] = {"S3DataType": more.pop("S3DataType", "S3Prefix"), "S3Uri": uri}
    source |= {key: more.pop(key) for key in ("AttributeNames", "S3DataDistributionType") if key in more}
    entry: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}
    return entry if content_type is None else {**entry, "ContentType": content_type}


TRAIN = channel("train", "s3://birdtui-sample/train/")
VALIDATION = channel("validation", "s3://birdtui-sample/validation/")
IMAGES = tuple(
    channel(name, f"s3://birdtui-sample/{name}/", "application/x-image")
    for name in ("train", "validation", "train_lst", "validation_lst")
)


def expect(spec: JobSpec, name: str, level: Level, field: str, remedy: str = "") -> None:
    """One finding of that check and level is at that field, and its remedy says so much."""
    matching = [one for one in check(spec) if (one.check, one.level, one.field) == (name, level, field)]
    assert matching, check(spec)
    assert remedy in matching[0].remedy


def found(spec: JobSpec, name: str) -> list[Finding]:
    return [finding for finding in check(spec) if finding.check == name]


BY_VALUE: Sequence[tuple[dict[str, str], str, Level, str, str]] = [
    ({"num_epochs": "5"}, "hyperparameter-unknown", E_, "num_epochs", '"epochs"'),
    ({"batch_size": "5"}, "hyperparameter-unknown", E_, "batch_size", '"mini_batch_size"'),
    ({"augmentation type": "crop"}, "hyperparameter-unknown", E_, '"augmentation type"', '"augmentation_type"'),
    ({"zzzzzz": "5"}, "hyperparameter-unknown", E_, "zzzzzz", "take it out"),
    ({"use_lr_scheduler": "1"}, "hyperparameter-removed", E_, "use_lr_scheduler", "leave it out"),
    ({"_tuning_objective_metric": "x"}, "hyperparameter-undocumented", N, "_tuning_objective_metric", "tuning"),
    ({"epochs": "0"}, "hyperparameter-value", E_, "epochs", "1 or more"),
    ({"learning_rate": "1"}, "hyperparameter-value", E_, "learning_rate", "less than 1"),
    ({"optimizer": "SGD"}, "hyperparameter-value", E_, "optimizer", '"sgd"'),
    ({"image_shape": "3, 224, 224"}, "hyperparameter-value", E_, "image_shape", '"3,224,224"'),
    ({"augmentation_type": "crop_color_transformation"}, "hyperparameter-value", E_, "augmentation_type", "transform"),
    ({"use_pretrained_model": "1", "num_layers": "20"}, "pretrained-layers", E_, "num_layers", "18"),
    ({"image_shape": "4,224,224"}, "image-shape", W, "image_shape", '"3,224,224"'),
    ({"use_pretrained_model": "1", "image_shape": "3,32,32"}, "pretrained-shape", W, "image_shape", "3,224,224"),
    ({"num_classes": "1"}, "num-classes", W, "num_classes", "2"),
    ({"lr_scheduler_step": "10"}, "lr-scheduler-factor", W, "lr_scheduler_factor", "0.1"),
    ({"lr_scheduler_step": "10,30", "lr_scheduler_factor": "0.1"}, "lr-scheduler-step", W, "lr_scheduler_step", "30"),
    ({"checkpoint_frequency": "31"}, "checkpoint-frequency", E_, "checkpoint_frequency", "30"),
    ({"checkpoint_frequency": "10"}, "checkpoint-frequency", N, "checkpoint_frequency", "best"),
    ({"top_k": "1"}, "top-k", W, "top_k", "2 or more"),
    ({"top_k": "4"}, "top-k", W, "top_k", "less than 4"),
    ({"early_stopping_patience": "3"}, "early-stopping-off", W, "early_stopping_patience", "early_stopping"),
    (
        {"early_stopping_patience": "3", "early_stopping": "False"},
        "early-stopping-off",
        W,
        "early_stopping_patience",
        "early_stopping",
    ),
    ({"early_stopping": "true", "epochs": "10"}, "early-stopping-min-epochs", W, "early_stopping_min_epochs", "10"),
    ({"early_stopping": "1"}, "early-stopping-default", N, "early_stopping_tolerance", "early_stopping_tolerance"),
    ({"use_weighted_loss": "1"}, "weighted-loss", W, "use_weighted_loss", "multi_label"),
    ({"beta_1": "0.9"}, "optimizer-parameter", N, "beta_1", "stay"),
    ({"optimizer": "adam", "momentum": "0.9"}, "optimizer-parameter", N, "momentum", "stay"),
    ({"resize": "200"}, "resize", E_, "resize", "224"),
    ({"resize": "224", "image_shape": "3,200,256"}, "resize", E_, "resize", "256"),
    ({"mini_batch_size": "323"}, "batch-size", E_, "mini_batch_size", "322"),
    ({"num_training_samples": "20"}, "batch-size", E_, "mini_batch_size", "20"),
    ({"kv_store": "dist_sync"}, "kv-store", N, "kv_store", "stay"),
]


@pytest.mark.parametrize(("values", "name", "level", "field", "remedy"), BY_VALUE)
def test_a_slip_in_the_hyperparameters_is_found(
    values: dict[str, str], name: str, level: Level, field: str, remedy: str
) -> None:
    expect(with_values(**values), name, level, f"hyperparameters.{field}", remedy)


@pytest.mark.parametrize("name", ["num_classes", "num_training_samples"])
def test_a_required_value_that_is_missing_is_found(name: str) -> None:
    spec = sample().with_members(HyperParameters={})

    expect(spec, "hyperparameter-required", E_, f"hyperparameters.{name}")


FINE: Sequence[tuple[dict[str, str], str]] = [
    ({"use_pretrained_model": "1"}, "pretrained-shape"),
    ({"use_pretrained_model": "0", "num_layers": "20"}, "pretrained-layers"),
    ({"image_shape": "1,28,28"}, "image-shape"),
    ({"lr_scheduler_step": "10", "lr_scheduler_factor": "0.1"}, "lr-scheduler-factor"),
    ({"lr_scheduler_step": ""}, "lr-scheduler-factor"),
    ({"lr_scheduler_step": "29", "lr_scheduler_factor": "0.1"}, "lr-scheduler-step"),
    ({"top_k": "3"}, "top-k"),
    ({"early_stopping": "True", "early_stopping_patience": "3"}, "early-stopping-off"),
    ({"early_stopping": "true", "early_stopping_min_epochs": "29"}, "early-stopping-min-epochs"),
    ({"use_weighted_loss": "1", "multi_label": "1"}, "weighted-loss"),
    ({"optimizer": "adam", "beta_1": "0.9"}, "optimizer-parameter"),
    ({"optimizer": "rmsprop", "eps": "1e-8"}, "optimizer-parameter"),
    ({"resize": "224"}, "resize"),
    ({"mini_batch_size": "322"}, "batch-size"),
]


@pytest.mark.parametrize(("values", "name"), FINE)
def test_a_value_at_the_edge_is_no_slip(values: dict[str, str], name: str) -> None:
    assert not found(with_values(**values), name)


def test_a_batch_must_split_over_the_gpus() -> None:
    spec = sample("resources.instance_type=ml.p3.16xlarge", "hyperparameters.mini_batch_size=30")

    expect(spec, "batch-gpus", W, "hyperparameters.mini_batch_size", "24 or 32")


def test_kv_store_is_for_several_instances() -> None:
    assert not found(sample("resources.instance_count=2", "hyperparameters.kv_store=dist_sync"), "kv-store")


@pytest.mark.parametrize("name", ["ml.m5.xlarge", "ml.c5.2xlarge", "ml.trn1.2xlarge"])
def test_a_type_without_a_gpu_is_an_error(name: str) -> None:
    expect(sample(f"resources.instance_type={name}"), "instance-gpu", E_, "resources.instance_type", "ml.p3.2xlarge")


@pytest.mark.parametrize("name", ["ml.g6.xlarge", "ml.p4d.24xlarge", "ml.p5.48xlarge"])
def test_a_family_that_is_not_documented_is_a_note(name: str) -> None:
    expect(sample(f"resources.instance_type={name}"), "instance-family", N, "resources.instance_type", "p3")


@pytest.mark.parametrize(
    "name", ["ml.p2.xlarge", "ml.p3.2xlarge", "ml.p3dn.24xlarge", "ml.g4dn.xlarge", "ml.g5.xlarge"]
)
def test_documented_types_are_fine(name: str) -> None:
    assert not [one for one in check(sample(f"resources.instance_type={name}")) if one.check.startswith("instance")]


BY_CHANNELS: Sequence[tuple[list[dict[str, Any]], str, Level, str, str]] = [
    ([VALIDATION], "channel-missing", E_, "channels.train", "[channels.train]"),
    ([TRAIN], "channel-missing", E_, "channels.validation", "[channels.validation]"),
    ([TRAIN, channel("valid", "s3://birdtui-sample/v/")], "channel-missing", E_, "channels.valid", "Rename"),
    ([TRAIN, channel("val", "s3://birdtui-sample/v/")], "channel-missing", E_, "channels.val", "Rename"),
    ([channel("Train", "s3://birdtui-sample/t/"), VALIDATION], "channel-missing", E_, "channels.Train", "Rename"),
    ([TRAIN, VALIDATION, channel("test", "s3://birdtui-sample/x/")], "channel-name", W, "channels.test", "train"),
    (
        [TRAIN, VALIDATION, channel("valid", "s3://birdtui-sample/x/")],
        "channel-name",
        W,
        "channels.valid",
        "validation",
    ),
    (
        [channel("train", "s3://birdtui-sample/train/", None), VALIDATION],
        "content-type",
        W,
        "channels.train.content_type",
        "application/x-recordio",
    ),
    (
        [channel("train", "s3://birdtui-sample/train/", "text/csv"), VALIDATION],
        "content-type",
        W,
        "channels.train.content_type",
        "application/x-recordio",
    ),
    ([TRAIN, *IMAGES[1:]], "content-type", W, "channels.validation.content_type", "same"),
    (
        [{**TRAIN, "InputMode": "FastFile"}, VALIDATION],
        "channel-mode",
        W,
        "channels.train.input_mode",
        "Pipe",
    ),
    ([{**IMAGES[0], "InputMode": "Pipe"}, *IMAGES[1:]], "channel-mode", W, "channels.train.input_mode", "File"),
    (
        [channel("train", "s3://birdtui-sample/train/", S3DataDistributionType="ShardedByS3Key"), VALIDATION],
        "channel-sharded",
        E_,
        "channels.train.distribution",
        "FullyReplicated",
    ),
    (
        [
            channel(
                "train",
                "s3://birdtui-sample/t.manifest",
                S3DataType="AugmentedManifestFile",
                AttributeNames=["class", "source-ref"],
                InputMode="Pipe",
                RecordWrapperType="RecordIO",
            ),
            VALIDATION,
        ],
        "channel-attributes",
        W,
        "channels.train.attribute_names",
        '["source-ref", "class"]',
    ),
    (
        [
            channel(
                "train",
                "s3://birdtui-sample/t.manifest",
                S3DataType="AugmentedManifestFile",
                AttributeNames=["source-ref"],
                InputMode="Pipe",
                RecordWrapperType="RecordIO",
            ),
            VALIDATION,
        ],
        "channel-attributes",
        E_,
        "channels.train.attribute_names",
        "class",
    ),
    (
        [
            channel(
                "train",
                "s3://birdtui-sample/t.manifest",
                S3DataType="AugmentedManifestFile",
                AttributeNames=["source-ref", "class"],
                InputMode="Pipe",
            ),
            VALIDATION,
        ],
        "channel-wrapper",
        W,
        "channels.train.record_wrapper",
        "RecordIO",
    ),
    ([*IMAGES[:3]], "channel-list", E_, "channels.validation_lst", "validation"),
    ([*IMAGES[:2], IMAGES[3]], "channel-list", E_, "channels.train_lst", "train"),
    ([*IMAGES[:2]], "channel-list", W, "channels.train_lst", "train"),
    ([TRAIN, VALIDATION, *IMAGES[2:]], "channel-list", W, "channels.train_lst", "x-image"),
    (
        [TRAIN, VALIDATION, channel("model", "s3://old/model.tar.gz")],
        "content-type",
        W,
        "channels.model.content_type",
        "application/x-sagemaker-model",
    ),
    (
        [TRAIN, VALIDATION, channel("model", "s3://old/x/", "application/x-sagemaker-model")],
        "channel-model",
        W,
        "channels.model.s3_uri",
        "artifact",
    ),
]


@pytest.mark.parametrize(("entries", "name", "level", "field", "remedy"), BY_CHANNELS)
def test_a_slip_in_the_channels_is_found(
    entries: list[dict[str, Any]], name: str, level: Level, field: str, remedy: str
) -> None:
    expect(with_channels(*entries), name, level, field, remedy)


def test_plain_images_want_a_resize() -> None:
    expect(with_channels(*IMAGES), "resize", W, "hyperparameters.resize", "224")


def test_records_want_no_resize() -> None:
    assert not found(sample(), "resize")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-recordio",
        "application/x-image",
        "image/jpeg",
        "image/png",
        "application/jpeg",
        "APPLICATION/X-RECORDIO",
        "application/x-recordio; label-format=class-id",
        "application/x-recordio;label-format=multi-hot",
    ],
)
def test_content_types_that_work_are_fine(content_type: str) -> None:
    entries = [{**one, "ContentType": content_type} for one in IMAGES]

    assert not found(with_channels(*entries), "content-type")


def test_a_content_type_never_stops_a_submit() -> None:
    entries = [{**one, "ContentType": "strange/type"} for one in (TRAIN, VALIDATION)]

    assert all(one.level is not Level.ERROR for one in check(with_channels(*entries)))


def test_an_augmented_manifest_in_pipe_mode_is_fine() -> None:
    entries = [
        channel(
            name,
            f"s3://birdtui-sample/{name}.manifest",
            S3DataType="AugmentedManifestFile",
            AttributeNames=["source-ref", "class"],
            InputMode="Pipe",
            RecordWrapperType="RecordIO",
        )
        for name in ("train", "validation")
    ]

    assert not [one for one in check(with_channels(*entries)) if one.field.startswith("channels")]


def test_two_record_files_in_one_prefix_are_an_error_before_they_cost_a_start() -> None:
    spec = with_channels(channel("train", "s3://birdtui-sample/"), VALIDATION)

    expect(spec, "channel-bucket-root", E_, "channels.train.s3_uri", '"s3://birdtui-sample/train/"')


@given(st.dictionaries(st.sampled_from([*HYPERPARAMETERS, "x"]), st.text(max_size=8) | st.integers(0, 400).map(str)))
def test_any_hyperparameters_get_findings(values: dict[str, str]) -> None:
    spec = sample().with_members(HyperParameters=values)

    assert {one.level for one in check(spec)} <= {E_, W, N}
