"""The rules between a request's members that need no engine, and places in S3."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local.job_records import INTERNAL_ERROR, Instance, Job
from birdtui.local.locations import split_uri
from birdtui.local.sagemaker_access import check_quotas
from birdtui.local.sagemaker_checks import built_in, check_members, check_tags
from birdtui.local.sagemaker_describe import describe
from birdtui.local.service import ServiceError

IMAGE_CLASSIFICATION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
BLAZING_TEXT = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
OWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def request(image: str = IMAGE_CLASSIFICATION, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "birds",
        "RoleArn": "arn:aws:iam::000000000000:role/r",
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/"},
        "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **changes,
    }


def refusal(given: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as caught:
        check_members(given, "us-east-1")
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_request_in_order_passes() -> None:
    check_members(request(), "us-east-1")


# what is run


@pytest.mark.parametrize(
    ("image", "algorithm"),
    [
        (IMAGE_CLASSIFICATION, "image-classification"),
        (BLAZING_TEXT, "blazingtext"),
        (OWN, None),
        ("685385470294.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", None),
        ("docker.io/image-classification:1", None),
    ],
)
def test_a_built_in_image_is_told_by_account_region_and_repository(image: str, algorithm: str | None) -> None:
    assert built_in(request(image)) == algorithm


def test_an_image_of_another_region_is_refused_in_the_services_words() -> None:
    image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    with pytest.raises(ServiceError) as caught:
        check_members(request(image), "cn-north-1")
    assert caught.value.message == (
        "Invalid DNS suffix 'amazonaws.com' for region 'us-east-1' in training image. Please provide the valid "
        "<region>.<dns-suffix>: 'cn-north-1.amazonaws.com.cn'"
    )


def test_members_that_only_serverless_jobs_may_lack_are_named_together() -> None:
    bare = {name: value for name, value in request().items() if name in {"TrainingJobName", "RoleArn"}}
    bare["OutputDataConfig"] = {"S3OutputPath": "s3://bucket/"}
    message = refusal(bare)
    assert message.startswith("3 validation errors detected: ")
    assert message.count("failed to satisfy constraint: Member must not be null") == 3
    check_members({**bare, "ServerlessJobConfig": {}}, "us-east-1")


# instances

PREFERRED = [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.p3.2xlarge"}]
COUNTED = [entry | {"InstanceCount": 1} for entry in PREFERRED]
GROUPS = [{"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "InstanceGroupName": "a"}]
PLAN = "arn:aws:sagemaker:us-east-1:000000000000:training-plan/a"


@pytest.mark.parametrize(
    "resources",
    [
        {"InstancePreferences": PREFERRED, "InstanceCount": 1},
        {"InstancePreferences": COUNTED},
        {"InstanceGroups": GROUPS},
        {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "key"},
    ],
)
def test_ways_to_say_what_a_job_runs_on(resources: dict[str, Any]) -> None:
    check_members(request(ResourceConfig=resources), "us-east-1")


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"InstanceType": "ml.p3.2xlarge"}, "Value null at 'resourceConfig.instanceCount'"),
        ({}, "2 validation errors detected"),
        ({"InstanceType": "ml.p3.2xlarge", "InstanceCount": 0}, "at 'resourceConfig.instanceCount'"),
        ({"InstanceGroups": [GROUPS[0] | {"InstanceCount": 0}]}, "at 'resourceConfig.instanceGroups.1.member"),
        ({"InstanceGroups": GROUPS, "InstanceCount": 1}, "InstanceCount and InstanceGroups are mutually exclusive"),
        ({"InstancePreferences": PREFERRED}, "either on every entry"),
        ({"InstancePreferences": COUNTED, "InstanceCount": 1}, "either on every entry"),
        ({"InstancePreferences": [PREFERRED[0], COUNTED[1]]}, "either on every entry"),
        ({"InstancePreferences": [PREFERRED[0]] * 2, "InstanceCount": 1}, "appear only once"),
        ({"InstancePreferences": COUNTED, "InstanceType": "ml.p3.2xlarge"}, "mutually exclusive"),
        ({"InstancePreferences": COUNTED, "InstanceGroups": GROUPS}, "mutually exclusive"),
        ({"InstancePreferences": COUNTED, "InstancePlacementConfig": {"EnableMultipleJobs": True}}, "exclusive"),
        (
            {"InstancePreferences": [COUNTED[0] | {"TrainingPlanArns": [PLAN]}], "TrainingPlanArn": PLAN},
            "TrainingPlanArns",
        ),
        ({"InstancePreferences": COUNTED, "VolumeKmsKeyId": "key"}, "instance type ml.g5.xlarge"),
        ({"InstanceGroups": GROUPS, "VolumeKmsKeyId": "key"}, "instance type ml.g5.xlarge"),
        ({"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "key"}, "local NVMe storage"),
        ({"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "SelectedInstanceCount": 1}, "is read-only"),
    ],
)
def test_instances_that_do_not_go_together(resources: dict[str, Any], words: str) -> None:
    assert words in refusal(request(ResourceConfig=resources))


def test_preferences_do_not_go_with_spot() -> None:
    spot: dict[str, Any] = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
    }
    assert "EnableManagedSpotTraining" in refusal(request(ResourceConfig={"InstancePreferences": COUNTED}, **spot))


# time


@pytest.mark.parametrize(("image", "refused"), [(IMAGE_CLASSIFICATION, False), (OWN, False), (BLAZING_TEXT, True)])
def test_a_long_wait_needs_an_algorithm_that_saves_checkpoints(image: str, refused: bool) -> None:
    times = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3601}
    given = request(image, EnableManagedSpotTraining=True, StoppingCondition=times)
    if refused:
        assert refusal(given) == "MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm."
    else:
        check_members(given, "us-east-1")


def test_the_wait_is_measured_against_the_default_runtime() -> None:
    given = request(EnableManagedSpotTraining=True, StoppingCondition={"MaxWaitTimeInSeconds": 86_399})
    assert "equal to or greater than MaxRuntimeInSeconds" in refusal(given)


# channels and tags


def channel(name: str, **source: Any) -> dict[str, Any]:
    where = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/"} | source}
    return {"ChannelName": name, "DataSource": where}


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ([channel("a"), channel("b"), channel("a")], "a is given 2 times"),
        ([{"ChannelName": "a", "DataSource": {}}], "Exactly one data source"),
        ([channel("a") | {"DataSource": {**channel("a")["DataSource"], "DatasetSource": {}}}], "Exactly one data"),
        ([channel("a", InstanceGroupNames=["nobody"])], "instance group nobody"),
    ],
)
def test_channels_that_cannot_be(channels: list[dict[str, Any]], words: str) -> None:
    assert words in refusal(request(InputDataConfig=channels))


def test_fifty_tags_are_not_too_many() -> None:
    tags = [{"Key": f"key{number}", "Value": ""} for number in range(51)]
    check_tags(tags[:50])
    with pytest.raises(ServiceError, match="at most 50 tags; 51 were given"):
        check_tags(tags)


# quotas

P3 = "ml.p3.2xlarge for training job usage"
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}


class Quotas:
    """Some quotas; the others are no limit."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def value(self, name: str) -> float:
        return self.values.get(name, 1e9)


def test_running_jobs_of_the_same_kind_count() -> None:
    check_quotas(Quotas(**{P3: 2}), job(), [job()])
    with pytest.raises(ServiceError, match="is 2 Instances, with current utilization of 2 Instances and a request del"):
        check_quotas(Quotas(**{P3: 2}), job(), [job(), job()])


def test_spot_and_on_demand_do_not_count_for_each_other() -> None:
    check_quotas(Quotas(**{P3: 1}), job(), [job(**SPOT)])
    check_quotas(Quotas(**{"ml.p3.2xlarge for spot training job usage": 1}), job(**SPOT), [job()])


def test_every_preferred_type_is_counted_but_only_the_chosen_one_is_used() -> None:
    preferring = job(ResourceConfig={"InstancePreferences": COUNTED})
    check_quotas(Quotas(**{P3: 1}), preferring, [preferring])
    with pytest.raises(ServiceError, match=r"'ml\.p3\.2xlarge for training job usage' is 0 Instances"):
        check_quotas(Quotas(**{P3: 0}), preferring, [])


# places


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://bucket/a/b", ("bucket", "a/b")),
        ("https://s3.amazonaws.com/bucket/a/b", ("bucket", "a/b")),
        ("https://s3.eu-west-1.amazonaws.com/bucket", ("bucket", "")),
        ("https://s3-eu-west-1.amazonaws.com/bucket/", ("bucket", "")),
        ("https://s3.cn-north-1.amazonaws.com.cn/bucket/a", ("bucket", "a")),
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/a%20b", ("my.bucket", "a b")),
        ("https://bucket.s3.amazonaws.com", ("bucket", "")),
    ],
)
def test_bucket_and_key_of_a_uri(uri: str, place: tuple[str, str]) -> None:
    assert split_uri(uri) == place


@pytest.mark.parametrize("uri", ["https://example.com/bucket/a", "s3:///a", "bucket/a", "http://s3.amazonaws.com/b"])
def test_any_other_place_is_refused(uri: str) -> None:
    with pytest.raises(ServiceError, match="Invalid S3 URI"):
        split_uri(uri)


@given(bucket=st.text("abc-.", min_size=1), key=st.text())
def test_any_key_is_kept_as_it_is(bucket: str, key: str) -> None:
    assert split_uri(f"s3://{bucket}/{key}") == (bucket, key)


# a job in itself


def job(**changes: Any) -> Job:
    made = Job("birds", "arn", 1.0, 1.0, "InProgress", "Starting", request(**changes), {})
    made.enter("Starting", "Starting the training job")
    return made


def test_a_starting_job_tells_only_what_is_known() -> None:
    told = describe(job(HyperParameters={}))
    assert not {
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingTimeInSeconds",
        "BillableTimeInSeconds",
        "ModelArtifacts",
        "FinalMetricDataList",
        "FailureReason",
        "HyperParameters",
        "Tags",
    } & set(told)
    assert told["InputDataConfig"] == []
    assert told["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/", "KmsKeyId": ""}
    assert told["ResourceConfig"]["VolumeSizeInGB"] == 0
    (entry,) = told["SecondaryStatusTransitions"]
    assert (entry["Status"], entry["StatusMessage"]) == ("Starting", "Starting the training job")
    assert "EndTime" not in entry


def test_an_absent_runtime_is_told_as_a_day() -> None:
    assert describe(job(StoppingCondition={}))["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}


def test_describing_changes_nothing() -> None:
    made = job()
    before = describe(made)
    before["AlgorithmSpecification"]["MetricDefinitions"].clear()
    before["OutputDataConfig"].clear()
    assert made.request == request()


def test_a_message_changes_in_place_and_another_status_ends_the_one_before() -> None:
    made = job()
    made.enter("Starting", "Preparing the instances for training")
    made.enter("Downloading", "Downloading input data")
    first, second = made.transitions
    assert first.message == "Preparing the instances for training"
    assert first.end == second.start
    assert second.end is None


def test_a_failed_job_tells_at_most_1024_characters() -> None:
    made = job()
    made.fail("x" * 1025)
    assert made.facts["FailureReason"] == "x" * 1024
    assert made.is_over
    assert INTERNAL_ERROR.count("  ") == 1


def test_metrics_are_kept_in_single_precision_and_only_real_numbers() -> None:
    made = job()
    made.measure({"a": (0.1, 5.0), "b": (float("nan"), 5.0), "c": (float("inf"), 5.0)})
    assert made.facts["FinalMetricDataList"] == [{"MetricName": "a", "Value": 0.10000000149011612, "Timestamp": 5.0}]


def test_instances_are_numbered_through_all_groups() -> None:
    groups = [*GROUPS, {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "InstanceGroupName": "b"}]
    assert job(ResourceConfig={"InstanceGroups": groups}).instances == [
        Instance("algo-1", "ml.g5.xlarge", "a"),
        Instance("algo-2", "ml.g5.xlarge", "a"),
        Instance("algo-3", "ml.p3.2xlarge", "b"),
    ]
