"""A job spec's typed ways in, its unique name, and the request that is sent."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.job import JobSpec, in_model_order, name_stem, resolve, unique_job_name
from birdtui.spec.service_model import matches

NOON = dt.datetime(2018, 10, 21, 12, 0, 0, tzinfo=dt.UTC)
NAME_PATTERN = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
ROLE = "arn:aws:iam::000000000000:role/birds"


def test_a_unique_name_carries_the_time() -> None:
    assert unique_job_name("birds", NOON).startswith("birds-20181021-120000-")


def test_the_time_is_told_in_utc() -> None:
    there = NOON.astimezone(dt.timezone(dt.timedelta(hours=2)))
    assert unique_job_name("birds", there).startswith("birds-20181021-120000-")


def test_two_names_of_one_second_differ() -> None:
    assert len({unique_job_name("birds", NOON) for _ in range(20)}) > 1


@given(st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", fullmatch=True))
def test_a_unique_name_of_a_legal_stem_is_legal(stem: str) -> None:
    assert matches(NAME_PATTERN, unique_job_name(stem, NOON))


@given(st.from_regex(r"[a-zA-Z0-9](-{0,2}[a-zA-Z0-9]){0,14}", fullmatch=True))
def test_the_stem_of_a_unique_name_comes_back(stem: str) -> None:
    assert name_stem(unique_job_name(stem, NOON)) == stem


def test_the_stem_of_another_name_is_the_name() -> None:
    assert name_stem("birds-2018") == "birds-2018"


def test_an_empty_spec_has_nothing_set() -> None:
    spec = JobSpec()
    assert (spec.name, spec.role, spec.image, spec.channels, spec.max_runtime, spec.spot) == (
        "",
        "",
        None,
        (),
        None,
        False,
    )


def test_instance_groups_are_added_up() -> None:
    groups = [{"InstanceCount": 2, "InstanceType": "ml.c5.xlarge", "InstanceGroupName": "a"}, {"InstanceCount": 3}]
    assert JobSpec({"ResourceConfig": {"InstanceGroups": groups}}).instance_count == 5


def test_a_channel_is_read_through_its_s3_source() -> None:
    source = {"S3Uri": "s3://birds/train/", "S3DataType": "S3Prefix"}
    spec = JobSpec({"InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]})
    assert (spec.channels[0].name, spec.channels[0].s3_uri) == ("train", "s3://birds/train/")


def test_a_channel_on_a_file_system_has_no_uri() -> None:
    source = {"FileSystemDataSource": {"FileSystemId": "fs-01234567"}}
    spec = JobSpec({"InputDataConfig": [{"ChannelName": "train", "DataSource": source}]})
    assert spec.channels[0].s3_uri is None


def test_resolving_puts_in_name_and_role_and_nothing_else() -> None:
    spec = JobSpec({"TrainingJobName": "birds", "RoleArn": "auto", "EnableNetworkIsolation": False})
    assert resolve(spec, region="us-east-1", role_arn=ROLE, name="birds-1") == {
        "TrainingJobName": "birds-1",
        "RoleArn": ROLE,
        "EnableNetworkIsolation": False,
    }


def test_resolving_leaves_the_spec_alone() -> None:
    spec = JobSpec({"TrainingJobName": "birds", "HyperParameters": {"epochs": "25"}})
    resolve(spec, region="us-east-1", role_arn=ROLE, name="birds-1")["HyperParameters"]["epochs"] = "1"
    assert spec.hyperparameters["epochs"] == "25"


def test_a_named_algorithm_becomes_its_image_in_the_region() -> None:
    spec = JobSpec({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, algorithm="image-classification")
    request = resolve(spec, region="eu-west-1", role_arn=ROLE, name="birds-1")
    assert request["AlgorithmSpecification"] == {
        "TrainingImage": "685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1",
        "TrainingInputMode": "File",
    }


def test_members_come_in_the_services_order() -> None:
    assert list(in_model_order({"Tags": [], "Colour": 1, "TrainingJobName": "b"})) == [
        "TrainingJobName",
        "Tags",
        "Colour",
    ]


def test_a_member_is_taken_away_with_none() -> None:
    assert JobSpec({"Tags": [], "RoleArn": "auto"}).with_members(Tags=None).request == {"RoleArn": "auto"}
