"""The offline rules that any job is put to, each by the one slip in the lab's file that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.spec.rules import check
from birdtui.spec.toml_file import read

SAMPLE = Path(__file__).parents[2] / "sample.toml"


def sample(*settings: str) -> JobSpec:
    """The lab's job with some fields set otherwise."""
    return read(SAMPLE, settings)


def found(spec: JobSpec, name: str) -> list[Finding]:
    return [finding for finding in check(spec) if finding.check == name]


def expect(spec: JobSpec, name: str, level: Level, field: str, remedy: str = "") -> None:
    """One finding of that check and level is at that field, and its remedy says so much."""
    matching = [one for one in found(spec, name) if (one.level, one.field) == (level, field)]
    assert matching, check(spec)
    assert remedy in matching[0].remedy
    assert matching[0].text


def test_the_labs_job_has_no_fault_but_a_note_on_its_last_epoch() -> None:
    findings = check(sample())

    assert [(one.check, one.level) for one in findings] == [("checkpoint-frequency", Level.NOTE)]


E_, W, N = Level.ERROR, Level.WARNING, Level.NOTE
BY_SETTING: Sequence[tuple[list[str], str, Level, str, str]] = [
    (["job.name=my_birds"], "job-name", E_, "job.name", '"my-birds"'),
    (["job.name=birds.v2"], "job-name", E_, "job.name", '"birds-v2"'),
    (["job.name=-birds"], "job-name", E_, "job.name", '"birds"'),
    (["job.name="], "job-name", E_, "job.name", "birds"),
    ([f"job.name={'b' * 44}"], "job-name-length", W, "job.name", "43"),
    ([f"job.name={'b' * 64}", "job.unique_name=false"], "job-name", E_, "job.name", "b" * 63),
    (["job.role=arn:aws:iam::1:role/x"], "role", E_, "job.role", "12 digits"),
    (["job.role=arn:aws:sts::123456789012:assumed-role/x/y"], "role", E_, "job.role", "auto"),
    (["job.role=what is this"], "role", E_, "job.role", "auto"),
    (["resources.instance_type=ml.p3.2xlarg"], "enum", E_, "resources.instance_type", "ml.p3.2xlarge"),
    (["resources.instance_type=p3.2xlarge"], "enum", E_, "resources.instance_type", "ml.p3.2xlarge"),
    (["algorithm.input_mode=file"], "enum", E_, "algorithm.input_mode", "File"),
    (["channels.train.s3_data_type=S3prefix"], "enum", E_, "channels.train.s3_data_type", "S3Prefix"),
    (["resources.instance_count=0"], "instance-count", E_, "resources.instance_count", "1"),
    (["resources.instance_count=-1"], "range", E_, "resources.instance_count", "at least 0"),
    (["output.s3_uri=my-bucket/out"], "pattern", E_, "output.s3_uri", "s3://"),
    (["channels.train.s3_uri=s3:/b/train/"], "pattern", E_, "channels.train.s3_uri", "s3://"),
    (["limits.max_runtime=29d"], "max-runtime", E_, "limits.max_runtime", "672h"),
    (["limits.spot=true"], "spot-wait", E_, "limits.max_wait", "86400"),
    (["limits.spot=true", "limits.max_wait=1h"], "spot-wait", E_, "limits.max_wait", "86400"),
    (["limits.max_wait=2d"], "wait-without-spot", E_, "limits.max_wait", "limits.spot"),
    (["limits.spot=true", "limits.max_wait=2d"], "spot-checkpoints", W, "limits.max_wait", "checkpoints.s3_uri"),
    (["limits.spot=true", "limits.max_wait=31d"], "job-life", E_, "limits.max_wait", "720h"),
    (["limits.MaxPendingTimeInSeconds=2419200", "limits.max_runtime=3d"], "job-life", W, "limits.max_runtime", ""),
    (
        ["limits.spot=true", "limits.max_runtime=30m", "limits.max_wait=1h"],
        "spot-checkpoints",
        N,
        "checkpoints.s3_uri",
        "checkpoints.s3_uri",
    ),
    (["resources.keep_alive=2h"], "keep-alive", W, "resources.keep_alive", "3600"),
    (["resources.keep_alive=7h"], "range", E_, "resources.keep_alive", "21600"),
    (
        ["resources.instance_type=ml.g4dn.xlarge", "resources.volume_kms_key=alias/k"],
        "volume-key",
        E_,
        "resources.volume_kms_key",
        "take",
    ),
    (["resources.instance_type=ml.g5.xlarge"], "volume-size", N, "resources.volume_gb", ""),
    (['job.tags={"aws:x" = "1"}'], "tags", E_, 'job.tags."aws:x"', "take it out"),
    (['job.tags={"a*b" = "1"}'], "pattern", E_, 'job.tags."a*b"', "letters"),
    (["algorithm.name=image_classification"], "algorithm", E_, "algorithm.name", "image-classification"),
    (["algorithm.name=pytorch"], "algorithm", E_, "algorithm.name", ""),
    (["algorithm.version=7"], "algorithm-version", W, "algorithm.version", '"1"'),
    (["algorithm.name=xgboost"], "algorithm-version", W, "algorithm.version", "3."),
    (["algorithm.name=xgboost", 'algorithm.version="9.9"'], "algorithm", E_, "algorithm.version", "write"),
    (["output.s3_uri=s3://<bucket-name>/"], "bucket-name", E_, "output.s3_uri", "your own"),
    (["channels.train.s3_uri=s3://<bucket-name>/train/"], "bucket-name", E_, "channels.train.s3_uri", "your own"),
    (["output.s3_uri=s3://My_Bucket/"], "bucket-name", W, "output.s3_uri", "my-bucket"),
    (["output.s3_uri=s3://b/"], "bucket-name", E_, "output.s3_uri", "3 to 63"),
    (["output.s3_uri=s3://birdtui-sample//out/"], "s3-uri", W, "output.s3_uri", '"s3://birdtui-sample/out/"'),
    (["output.s3_uri=s3://birdtui-sample/train/out/"], "output-in-channel", W, "output.s3_uri", "no channel"),
    (
        ["channels.train.s3_uri=s3://birdtui-sample/train"],
        "channel-trailing-slash",
        W,
        "channels.train.s3_uri",
        "train/",
    ),
    (["channels.train.s3_uri=s3://birdtui-sample/"], "channel-bucket-root", E_, "channels.train.s3_uri", "/train/"),
    (["channels.train.s3_uri=s3://birdtui-sample"], "channel-bucket-root", E_, "channels.train.s3_uri", "/train/"),
    (
        ["channels.validation.s3_uri=s3://birdtui-sample/train/"],
        "channel-same-uri",
        W,
        "channels.validation.s3_uri",
        '"s3://birdtui-sample/validation/"',
    ),
    (
        ["channels.validation.s3_uri=s3://birdtui-sample/train/validation/"],
        "channel-nested",
        E_,
        "channels.validation.s3_uri",
        '"s3://birdtui-sample/validation/"',
    ),
    (
        [
            "channels.validation.s3_uri=s3://birdtui-sample/train-val/",
            "channels.train.s3_uri=s3://birdtui-sample/train",
        ],
        "channel-nested",
        E_,
        "channels.train.s3_uri",
        '"s3://birdtui-sample/train/"',
    ),
    (
        ["channels.validation.s3_uri=s3://birdtui-sample/v2/train/"],
        "channel-folder",
        W,
        "channels.validation.s3_uri",
        "train is meant",
    ),
    (
        ["channels.train.s3_uri=s3://brids-sample/train/"],
        "channel-bucket",
        W,
        "channels.train.s3_uri",
        '"s3://birdtui-sample/train/"',
    ),
    (["output.s3_uri=s3://birdtui-sampel/"], "channel-bucket", W, "output.s3_uri", '"s3://birdtui-sample/"'),
    (["channels.train.compression=Gzip"], "channel-pipe-only", E_, "channels.train.compression", "None"),
    (["channels.train.record_wrapper=RecordIO"], "channel-pipe-only", E_, "channels.train.record_wrapper", "None"),
    (
        ["channels.train.s3_data_type=AugmentedManifestFile"],
        "channel-manifest-mode",
        E_,
        "channels.train.input_mode",
        "Pipe",
    ),
    (
        ["channels.train.s3_data_type=AugmentedManifestFile", "channels.train.input_mode=Pipe"],
        "channel-attributes",
        E_,
        "channels.train.attribute_names",
        "source-ref",
    ),
    (
        ["channels.train.input_mode=FastFile", "channels.train.s3_uri=s3://birdtui-sample/train"],
        "channel-fast-file",
        E_,
        "channels.train.s3_uri",
        "train/",
    ),
]


@pytest.mark.parametrize(("settings", "name", "level", "field", "remedy"), BY_SETTING)
def test_a_slip_in_the_file_is_found(settings: list[str], name: str, level: Level, field: str, remedy: str) -> None:
    expect(sample(*settings), name, level, field, remedy)


def test_a_long_stem_is_cut_and_no_error() -> None:
    findings = found(sample(f"job.name={'b' * 70}"), "job-name-length")

    assert "b" * 43 in findings[0].text
    assert not found(sample(f"job.name={'b' * 70}"), "length")


def test_the_name_of_a_stem_that_fits_is_fine() -> None:
    assert not found(sample(f"job.name={'b' * 43}"), "job-name-length")


@pytest.mark.parametrize("algorithm", ["object-detection", "semantic-segmentation", "kmeans"])
def test_rules_of_image_classification_never_touch_another_algorithm(algorithm: str) -> None:
    settings = [f"algorithm.name={algorithm}", "hyperparameters.num_epochs=3", "resources.instance_type=ml.m5.large"]

    findings = check(sample(*settings))

    assert findings == []


def test_all_faults_come_at_once_and_errors_first() -> None:
    findings = check(sample("job.name=a_b", "resources.instance_type=x", "hyperparameters.epoch=1"))

    assert {"job-name", "enum", "hyperparameter-unknown"} <= {one.check for one in findings}
    levels = [one.level for one in findings]
    assert levels == sorted(levels, key=[Level.ERROR, Level.WARNING, Level.NOTE].index)
