from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local import quotas
from birdtui.local.quotas import QuotaService
from birdtui.local.store import Store
from birdtui.spec.service_model import instance_types

Client = Callable[[str], Any]
P3 = "ml.p3.2xlarge for training job usage"


@pytest.fixture
def api(door: Any, client: Callable[..., Any]) -> Any:
    class Target:
        url, access_key, secret_key = door.url, door.keys.access_key, door.keys.secret_key

    return client("service-quotas", Target())


def all_quotas(api: Any, operation: str = "list_service_quotas", **parameters: Any) -> list[dict[str, Any]]:
    pages = api.get_paginator(operation).paginate(ServiceCode="sagemaker", **parameters)
    return [quota for page in pages for quota in page["Quotas"]]


def test_every_instance_type_has_its_two_quotas(api: Any) -> None:
    names = {quota["QuotaName"] for quota in all_quotas(api)}
    assert {f"{name} for training job usage" for name in instance_types()} <= names
    assert {f"{name} for spot training job usage" for name in instance_types()} <= names
    assert {"Number of instances across training jobs", "Longest run time for a training job"} <= names


def test_pages_hold_every_quota_once(api: Any) -> None:
    codes = [quota["QuotaCode"] for quota in all_quotas(api, PaginationConfig={"PageSize": 7})]
    assert len(codes) == len(set(codes)) == 2 * len(instance_types()) + 2


def test_codes_have_awss_form_and_are_stable() -> None:
    assert quotas.quota_code(P3) == quotas.quota_code(P3)
    assert quotas.quota_code(P3).startswith("L-")
    assert len(quotas.quota_code(P3)) == 10


def test_one_quota_is_found_by_its_code(api: Any) -> None:
    code = quotas.quota_code(P3)
    quota = api.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]
    assert quota["QuotaName"] == P3
    assert quota["Value"] == 8.0
    assert quota["QuotaArn"] == f"arn:aws:servicequotas:us-east-1:000000000000:sagemaker/{code}"
    assert all_quotas(api, QuotaCode=code) == [quota]


@pytest.mark.parametrize("value", [0.0, 3.0, 100.0])
def test_a_request_is_granted_at_once(api: Any, door: Any, value: float) -> None:
    code = quotas.quota_code(P3)
    made = api.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=code, DesiredValue=value)
    assert made["RequestedQuota"]["Status"] == "APPROVED"
    assert api.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]["Value"] == value
    assert door.quotas.limit("ml.p3.2xlarge") == value
    assert door.quotas.limit("ml.p3.2xlarge", spot=True) == 8.0


def test_the_default_stays_what_it_was(api: Any) -> None:
    code = quotas.quota_code(P3)
    api.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=code, DesiredValue=0)
    assert api.get_aws_default_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]["Value"] == 8.0
    defaults = {quota["QuotaCode"]: quota["Value"] for quota in all_quotas(api, "list_aws_default_service_quotas")}
    assert defaults[code] == 8.0


def test_the_users_own_value_wins(store: Store) -> None:
    configured = {"ml.p3.2xlarge": 0.0, "ml.m5.large for training job usage": 2.0}
    service = QuotaService(store, lambda: configured)
    assert service.limit("ml.p3.2xlarge") == 0.0
    assert service.limit("ml.p3.2xlarge", spot=True) == 0.0
    assert service.limit("ml.m5.large") == 2.0
    assert service.limit("ml.m5.large", spot=True) == 8.0


def test_the_users_value_is_read_at_each_use(store: Store) -> None:
    configured: dict[str, float] = {}
    service = QuotaService(store, lambda: configured)
    assert service.limit("ml.p3.2xlarge") == 8.0
    configured["ml.p3.2xlarge"] = 0
    assert service.limit("ml.p3.2xlarge") == 0


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("get_service_quota", {"ServiceCode": "sagemaker", "QuotaCode": "L-00000000"}, "NoSuchResourceException"),
        ("list_service_quotas", {"ServiceCode": "ec2"}, "NoSuchResourceException"),
        (
            "list_service_quotas",
            {"ServiceCode": "sagemaker", "NextToken": "notoken"},
            "InvalidPaginationTokenException",
        ),
    ],
)
def test_what_does_not_exist_is_refused(api: Any, call: str, parameters: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(api, call)(**parameters)
    assert caught.value.response["Error"]["Code"] == code
