"""The whole engine, furnished as a new user's is, through boto3."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local import daemon
from birdtui.local.services import SAMPLE_BUCKET

Client = Callable[..., Any]


def keys(s3: Any, prefix: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=SAMPLE_BUCKET, Prefix=prefix).get("Contents", [])]


def test_a_new_engine_holds_the_birds(client: Client) -> None:
    from birdtui.recordio import read_records

    s3 = client("s3")
    for prefix, count in (("train/", 322), ("validation/", 104)):
        (key,) = keys(s3, prefix)
        body = s3.get_object(Bucket=SAMPLE_BUCKET, Key=key)["Body"].read()
        assert sum(1 for _ in read_records(body)) == count


def test_the_first_s3_call_already_finds_them(fresh_engine: Callable[..., Any], client: Client) -> None:
    assert keys(client("s3", fresh_engine().engine), "train/")


def test_a_new_engine_holds_one_role(fresh_engine: Callable[..., Any], client: Client) -> None:
    roles = client("iam", fresh_engine().engine).list_roles(PathPrefix="/service-role/")["Roles"]
    assert [role["RoleName"].rpartition("-")[0] for role in roles] == ["AmazonSageMaker-ExecutionRole"]


def test_a_deleted_sample_bucket_stays_deleted(fresh_engine: Callable[..., Any], client: Client) -> None:
    first = fresh_engine()
    s3 = client("s3", first.engine)
    for prefix in ("train/", "validation/"):
        for key in keys(s3, prefix):
            s3.delete_object(Bucket=SAMPLE_BUCKET, Key=key)
    s3.delete_bucket(Bucket=SAMPLE_BUCKET)
    first.close()
    again = fresh_engine()
    assert client("s3", again.engine).list_buckets()["Buckets"] == []


def test_what_was_made_outlives_the_engine(fresh_engine: Callable[..., Any], client: Client) -> None:
    first = fresh_engine()
    client("s3", first.engine).create_bucket(Bucket="kept")
    role = client("iam", first.engine).list_roles()["Roles"][0]["Arn"]
    first.close()
    again = fresh_engine()
    assert (again.engine.access_key, again.engine.url) == (first.engine.access_key, first.engine.url)
    names = [bucket["Name"] for bucket in client("s3", again.engine).list_buckets()["Buckets"]]
    assert "kept" in names
    assert [found["Arn"] for found in client("iam", again.engine).list_roles()["Roles"]] == [role]


def test_the_settings_file_sets_quotas_at_once(client: Client, tmp_path: Path) -> None:
    from birdtui.local.quotas import quota_code

    quota = {"ServiceCode": "sagemaker", "QuotaCode": quota_code("ml.p3.2xlarge for training job usage")}
    api = client("service-quotas")
    assert api.get_service_quota(**quota)["Quota"]["Value"] == 8
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text('[local.quotas]\n"ml.p3.2xlarge" = 0\n')
    assert api.get_service_quota(**quota)["Quota"]["Value"] == 0


def test_a_broken_settings_file_is_logged_and_changes_no_quota(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from birdtui.local.quotas import quota_code

    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("[local\n")
    quota = {"ServiceCode": "sagemaker", "QuotaCode": quota_code("ml.p3.2xlarge for training job usage")}
    with caplog.at_level(logging.WARNING, logger="birdtui.local"):
        assert client("service-quotas").get_service_quota(**quota)["Quota"]["Value"] == 8
    assert "settings.toml" in caplog.text


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sagemaker", "list_training_jobs", {}),
        ("logs", "describe_log_groups", {}),
        ("s3", "list_buckets", {}),
        ("iam", "list_roles", {}),
        ("sts", "get_caller_identity", {}),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "sagemaker"}),
    ],
)
def test_every_service_answers(client: Client, service: str, operation: str, parameters: dict[str, str]) -> None:
    answer = getattr(client(service), operation)(**parameters)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sagemaker", "list_endpoints", {}),
        ("logs", "describe_queries", {}),
        ("s3", "get_public_access_block", {"Bucket": SAMPLE_BUCKET}),
        ("s3", "get_bucket_lifecycle_configuration", {"Bucket": SAMPLE_BUCKET}),
        ("iam", "list_users", {}),
        ("sts", "get_session_token", {}),
        (
            "service-quotas",
            "list_tags_for_resource",
            {"ResourceARN": "arn:aws:servicequotas:us-east-1:000000000000:a/b"},
        ),
    ],
)
def test_what_a_service_has_not_is_said_clearly(
    client: Client, service: str, operation: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(service), operation)(**parameters)
    assert "not part of the local engine" in caught.value.response["Error"]["Message"]
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] <= 501


def test_a_wrong_key_opens_nothing(engine: daemon.Engine, client: Client) -> None:
    from dataclasses import replace

    stranger = replace(engine, access_key="AKIAIOSFODNN7EXAMPLE")
    for service, call, code in (
        ("sagemaker", "list_training_jobs", "UnrecognizedClientException"),
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(client(service, stranger), call)()
        assert caught.value.response["Error"]["Code"] == code
