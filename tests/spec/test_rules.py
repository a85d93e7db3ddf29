"""The offline rules that any job is put to, each by the one slip it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec
from birdtui.spec.rules import check
from birdtui.spec.toml_file import read

SAMPLE = Path(__file__).parents[2] / "sample.toml"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:2"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-20180926T219701"


def sample(*settings: str) -> JobSpec:
    """The lab's job with some fields set otherwise."""
    return read(SAMPLE, settings)


def own_job(**members: Any) -> JobSpec:
    """A job with an image of the author's own: no algorithm's rules apply to it."""
    request = {
        "TrainingJobName": "own",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://my-bucket/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return JobSpec({**request, **members}, unique_name=False).with_members()


def source(uri: str, **members: Any) -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **members}}


def channel(name: str, uri: str, **members: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": source(uri), **members}


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


def test_a_job_with_an_image_of_its_own_has_no_fault() -> None:
    assert check(own_job()) == []


@pytest.mark.parametrize("role", ["auto", "MyRole", "service-role/AmazonSageMaker-ExecutionRole-1", ROLE])
def test_a_role_may_be_an_arn_a_name_or_auto(role: str) -> None:
    assert check(own_job(RoleArn=role)) == []


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


FS = {
    "FileSystemId": "fs-0123456789abcdef0",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "FSxLustre",
    "DirectoryPath": "/fsx",
}
ON_SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}
GROUPS = [{"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "g"}]
PREFERENCES = [{"InstanceType": "ml.m5.large"}]
BY_MEMBER: Sequence[tuple[dict[str, Any], str, Level, str]] = [
    ({"RoleArn": None}, "required", E_, "job.role"),
    ({"TrainingJobName": None}, "required", E_, "job.name"),
    ({"OutputDataConfig": None}, "required", E_, "output"),
    ({"ResourceConfig": None}, "required", E_, "resources"),
    ({"ResourceConfig": {"InstanceCount": 1}}, "required", E_, "resources.instance_type"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "image-or-algorithm", E_, "algorithm.name"),
    ({"StoppingCondition": None}, "max-runtime", N, "limits.max_runtime"),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": IMAGE, "AlgorithmName": "x"}},
        "image-or-algorithm",
        E_,
        "algorithm.image",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": BUILT_IN.replace("us-east-1", "eu-west-1"),
            }
        },
        "image-registry",
        E_,
        "algorithm.image",
    ),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image-classification:1"}},
        "image-registry",
        W,
        "algorithm.image",
    ),
    (
        {"AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "<account>.dkr.ecr.x/mine:1"}},
        "image-registry",
        E_,
        "algorithm.image",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": BUILT_IN,
                "MetricDefinitions": [{"Name": "a", "Regex": "a=(.*)"}],
            }
        },
        "metric-definitions",
        E_,
        "algorithm.metrics",
    ),
    (
        {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": IMAGE,
                "MetricDefinitions": [{"Name": "a", "Regex": "a=(.*"}],
            }
        },
        "metric-regex",
        W,
        "algorithm.metrics.a",
    ),
    ({"InputDataConfig": []}, "length", E_, "channels"),
    (
        {"InputDataConfig": [{"ChannelName": "fs", "DataSource": {"FileSystemDataSource": FS}}]},
        "file-system-network",
        E_,
        "network.subnets",
    ),
    ({"InputDataConfig": [{"ChannelName": "x", "DataSource": {}}]}, "channel-source", E_, "channels.x.DataSource"),
    ({"InputDataConfig": [channel("x", "s3://aaa/x/"), channel("x", "s3://aaa/y/")]}, "channel-name", E_, "channels.x"),
    (
        {"InputDataConfig": [channel("a", "s3://aaa/x/", InputModes="File")]},
        "unknown-member",
        E_,
        "channels.a.InputModes",
    ),
    ({"Environment": {"1x": "v"}}, "pattern", E_, "job.environment.1x"),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "tags", E_, "job.tags.a"),
    ({"HyperParameters": {"k": "v" * 2501}}, "length", E_, "hyperparameters.k"),
    ({"HyperParameters": {"k": 5}}, "type", E_, "hyperparameters.k"),
    ({"VpcConfig": {"SecurityGroupIds": [], "Subnets": ["subnet-1"]}}, "length", E_, "network.security_groups"),
    ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, "range", E_, "request.RetryStrategy.MaximumRetryAttempts"),
    ({"TrainingJobname": "x"}, "unknown-member", E_, "request.TrainingJobname"),
    (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceGroups": GROUPS}},
        "instance-groups",
        E_,
        "resources.instance_type",
    ),
    (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstancePreferences": PREFERENCES}},
        "instance-preferences",
        E_,
        "resources.instance_type",
    ),
    (
        {"ResourceConfig": {"InstanceGroups": GROUPS, "InstancePreferences": PREFERENCES}},
        "instance-preferences",
        E_,
        "resources.InstancePreferences",
    ),
    (
        {"ResourceConfig": {"InstancePreferences": PREFERENCES}, **ON_SPOT},
        "instance-preferences",
        E_,
        "resources.InstancePreferences",
    ),
    (
        {
            "ResourceConfig": {"InstanceGroups": GROUPS},
            "InputDataConfig": [{"ChannelName": "a", "DataSource": source("s3://aaa/x/", InstanceGroupNames=["h"])}],
        },
        "instance-groups",
        E_,
        "channels.a.InstanceGroupNames",
    ),
    (
        {
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "KeepAlivePeriodInSeconds": 60},
            **ON_SPOT,
        },
        "keep-alive",
        W,
        "resources.keep_alive",
    ),
]


@pytest.mark.parametrize(("members", "name", "level", "field"), BY_MEMBER)
def test_a_slip_in_the_request_is_found(members: Mapping[str, Any], name: str, level: Level, field: str) -> None:
    expect(own_job(**members), name, level, field)


def test_a_long_stem_is_cut_and_no_error() -> None:
    findings = found(sample(f"job.name={'b' * 70}"), "job-name-length")

    assert "b" * 43 in findings[0].text
    assert not found(sample(f"job.name={'b' * 70}"), "length")


def test_the_name_of_a_stem_that_fits_is_fine() -> None:
    assert not found(sample(f"job.name={'b' * 43}"), "job-name-length")


@pytest.mark.parametrize("uri", ["s3://birdtui-sample/train.lst", "s3://birdtui-sample/a/data.rec"])
def test_a_single_object_needs_no_slash(uri: str) -> None:
    assert not found(own_job(InputDataConfig=[channel("a", uri)]), "channel-trailing-slash")


def test_a_list_may_share_its_channels_folder() -> None:
    channels = [channel("train", "s3://aaa/train/"), channel("train_lst", "s3://aaa/train/train.lst")]

    assert not [one for one in check(own_job(InputDataConfig=channels)) if one.check.startswith("channel-nested")]


def test_channels_of_other_jobs_overlap_with_a_warning_only() -> None:
    channels = [channel("a", "s3://aaa/x/"), channel("b", "s3://aaa/x/y/")]

    expect(own_job(InputDataConfig=channels), "channel-nested", W, "channels.b.s3_uri")


def test_channels_in_several_buckets_are_a_note_for_other_jobs() -> None:
    channels = [channel("a", "s3://my-bucket/x/"), channel("b", "s3://elsewhere/y/")]

    expect(own_job(InputDataConfig=channels), "channel-bucket", N, "channels.b.s3_uri")


def test_a_model_from_another_bucket_is_fine() -> None:
    channels = [channel("a", "s3://my-bucket/x/"), channel("model", "s3://elsewhere/model.tar.gz")]

    assert not found(own_job(InputDataConfig=channels), "channel-bucket")


def test_a_serverless_job_needs_no_image_and_no_instances() -> None:
    spec = own_job(AlgorithmSpecification=None, ResourceConfig=None, StoppingCondition=None, ServerlessJobConfig={})

    assert not [one for one in found(spec, "required") if one.field == "resources"]
    assert not found(spec, "image-or-algorithm")


@pytest.mark.parametrize("algorithm", ["object-detection", "semantic-segmentation", "kmeans"])
def test_rules_of_image_classification_never_touch_another_algorithm(algorithm: str) -> None:
    settings = [f"algorithm.name={algorithm}", "hyperparameters.num_epochs=3", "resources.instance_type=ml.m5.large"]

    findings = check(sample(*settings))

    assert findings == []


def test_rules_of_image_classification_follow_its_image() -> None:
    algorithm = {"TrainingImage": BUILT_IN, "TrainingInputMode": "File"}

    assert found(own_job(AlgorithmSpecification=algorithm), "hyperparameter-required")


def test_all_faults_come_at_once_and_errors_first() -> None:
    findings = check(sample("job.name=a_b", "resources.instance_type=x", "hyperparameters.epoch=1"))

    assert {"job-name", "enum", "hyperparameter-unknown"} <= {one.check for one in findings}
    levels = [one.level for one in findings]
    assert levels == sorted(levels, key=[Level.ERROR, Level.WARNING, Level.NOTE].index)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["s3://b/x", "Pipe", "File"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ChannelName",
                    "DataSource",
                    "S3DataSource",
                    "S3Uri",
                    "InstanceType",
                    "InstanceGroups",
                    "Key",
                    "Name",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    [
        "TrainingJobName",
        "RoleArn",
        "AlgorithmSpecification",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "HyperParameters",
        "Tags",
        "VpcConfig",
        "CheckpointConfig",
        "Environment",
    ]
)


@given(st.dictionaries(MEMBERS, JSON, max_size=5), st.booleans(), st.none() | st.text(max_size=8))
def test_any_request_gets_findings_and_never_a_crash(
    request_: dict[str, Any], unique: bool, algorithm: str | None
) -> None:
    for finding in check(JobSpec(request_, algorithm, unique_name=unique)):
        assert finding.check
        assert finding.text
