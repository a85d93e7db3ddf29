"""Quotas against what runs, the price, a job of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from birdtui.aws.prices import Price
from birdtui.preflight import preflight
from birdtui.preflight.account import Account, Caller
from birdtui.preflight.case import Case
from birdtui.preflight.checks_limits import limit_checks
from birdtui.preflight.memory import Memory
from birdtui.spec import toml_file
from birdtui.spec.findings import Finding, Level
from birdtui.spec.job import JobSpec, resolve
from tests.preflight.conftest import SAMPLE, World, only, policy


def set_quota(world: World, name: str, value: float) -> None:
    """Quotas belong to the shared engine: tests use types that no other test does."""
    client = world.client("service-quotas")
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    code = next(quota["QuotaCode"] for page in pages for quota in page["Quotas"] if quota["QuotaName"] == name)
    client.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=code, DesiredValue=value)


def test_a_quota_of_zero_is_an_error(world: World) -> None:
    set_quota(world, "ml.p2.16xlarge for training job usage", 0)
    finding = only(each for each in world.wrong("resources.instance_type=ml.p2.16xlarge") if each.check == "quota")
    assert (finding.level, finding.field) == (Level.ERROR, "resources.instance_type")
    assert "'ml.p2.16xlarge for training job usage' is 0; 0 in use, and the job wants 1" in finding.text
    assert "Service Quotas" in finding.remedy


def test_spot_has_a_quota_of_its_own(world: World) -> None:
    set_quota(world, "ml.p2.8xlarge for spot training job usage", 0)
    kind = "resources.instance_type=ml.p2.8xlarge"
    spot = ("limits.spot=true", 'limits.max_wait="48h"')
    assert world.found("quota", kind).level is Level.OK
    finding = world.found("quota", kind, *spot)
    assert (finding.level, "spot training job usage" in finding.text) == (Level.ERROR, True)


def test_more_instances_than_the_quota_are_an_error(world: World) -> None:
    finding = only(world.wrong("resources.instance_count=9"))
    assert (finding.check, finding.level) == ("quota", Level.ERROR)
    assert "is 8; 0 in use, and the job wants 9" in finding.text


LONG = (
    "resources.instance_type=ml.g5.48xlarge",
    "hyperparameters.epochs=300",
    "hyperparameters.checkpoint_frequency=1",
)


def test_what_runs_counts_against_the_quota(world: World) -> None:
    set_quota(world, "ml.g5.48xlarge for training job usage", 1)
    spec = toml_file.parse(SAMPLE.read_text(), "sample.toml", LONG)
    sagemaker = world.client("sagemaker")
    name = world.name + "-running"
    sagemaker.create_training_job(**resolve(spec, region="us-east-1", role_arn=world.role(ALL), name=name))
    try:
        finding = world.found("quota", "resources.instance_type=ml.g5.48xlarge")
    finally:
        sagemaker.stop_training_job(TrainingJobName=name)
    assert finding.level is Level.ERROR
    assert "is 1; 1 in use, and the job wants 1" in finding.text
    assert finding.remedy.startswith("wait until other jobs end")


ALL = policy({"Action": "*", "Resource": "*"})


def test_a_type_without_a_quota_is_probably_not_offered(world: World) -> None:
    spec = world.spec()
    config = {**spec.request["ResourceConfig"], "InstanceType": "ml.x9.huge"}
    found = preflight(spec.with_members(ResourceConfig=config), world.session)
    finding = only(each for each in found if each.check == "quota")
    assert (finding.level, "not offered" in finding.text) == (Level.WARNING, True)


def test_instance_groups_are_held_against_each_types_quota(world: World) -> None:
    groups = [
        {"InstanceGroupName": "a", "InstanceType": "ml.p3.2xlarge", "InstanceCount": 9},
        {"InstanceGroupName": "b", "InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2},
    ]
    spec = world.spec().with_members(ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 10})
    levels = [each.level for each in preflight(spec, world.session) if each.check == "quota"]
    assert levels == [Level.ERROR, Level.OK]


def test_without_the_right_to_list_quotas_the_permission_is_named(world: World) -> None:
    become = world.become(policy({"Action": ["iam:*", "s3:*", "sagemaker:*"], "Resource": "*"}))
    finding = only(each for each in preflight(world.spec(), become) if each.check == "quota")
    assert finding.level is Level.UNKNOWN
    assert "servicequotas:ListServiceQuotas" in finding.text


def test_a_price_that_cannot_be_looked_up_is_unknown(world: World) -> None:
    finding = world.found("cost")
    assert (finding.level, finding.field) == (Level.UNKNOWN, "resources.instance_type")
    assert "could not look" in finding.text


def cost(world: World, prices: Mapping[str, str | None], *overrides: str, spec: JobSpec | None = None) -> list[Finding]:
    """What is said of the cost in an account of AWS where these are the prices."""
    memory = Memory()
    for kind, amount in prices.items():
        known = Price(Decimal(amount), "USD", "us-east-1") if amount else None
        memory.get(("price", kind, "us-east-1"), lambda known=known: known)  # type: ignore[misc]
    caller = Caller("123456789012", "arn:aws:iam::123456789012:user/me", "us-east-1")
    memory.get("caller", lambda: caller)
    case = Case(spec or world.spec(*overrides), Account(world.session(), memory), caller)
    return next(check for check in limit_checks(case) if check.name == "cost").findings()


COSTS = [
    ((), "at most 91.80 USD: 24 hours, 1 × ml.p3.2xlarge at 3.825 USD/h"),
    (('limits.max_runtime="30m"', "resources.instance_count=2"), "at most 3.83 USD: 1800 seconds, 2 × ml.p3.2xlarge"),
    (("limits.spot=true", 'limits.max_wait="48h"'), "on spot usually much less"),
]


@pytest.mark.parametrize(("overrides", "words"), COSTS)
def test_the_most_a_job_can_cost_is_told_with_its_source(world: World, overrides: tuple[str, ...], words: str) -> None:
    finding = only(cost(world, {"ml.p3.2xlarge": "3.825"}, *overrides))
    assert (finding.check, finding.level) == ("cost", Level.NOTE)
    assert words in finding.text
    assert "AWS Price List, us-east-1" in finding.text


def test_a_type_without_a_price_is_probably_not_offered(world: World) -> None:
    finding = only(cost(world, {"ml.p3.2xlarge": None}))
    assert (finding.check, finding.level, finding.field) == ("offered", Level.WARNING, "resources.instance_type")


KINDS = {"ml.p3.2xlarge": "3.825", "ml.g5.xlarge": "1.408"}


def test_groups_are_added_up_and_of_a_choice_the_dearest_counts(world: World) -> None:
    groups = [{"InstanceGroupName": kind[3:5], "InstanceType": kind, "InstanceCount": 1} for kind in KINDS]
    several = world.spec().with_members(ResourceConfig={"InstanceGroups": groups})
    assert "at most 125.60 USD" in only(cost(world, KINDS, spec=several)).text
    preferences = [{"InstanceType": kind} for kind in KINDS]
    choice = world.spec().with_members(ResourceConfig={"InstancePreferences": preferences, "InstanceCount": 1})
    assert "at most 91.80 USD" in only(cost(world, KINDS, spec=choice)).text


def test_a_name_that_is_taken_is_an_error(world: World, client: Callable[..., Any]) -> None:
    spec = world.spec("hyperparameters.epochs=1")
    name = world.name + "-taken"
    request = resolve(spec, region="us-east-1", role_arn=world.role(ALL), name=name)
    client("sagemaker").create_training_job(**request)
    exact = (f"job.name={name}", "job.unique_name=false")
    finding = world.found("name-taken", *exact)
    assert (finding.level, finding.field) == (Level.ERROR, "job.name")
    assert name in finding.text


def test_a_free_name_is_well(world: World) -> None:
    assert world.found("name-taken", f"job.name={world.name}-free", "job.unique_name=false").level is Level.OK


def test_a_stem_is_not_looked_up(world: World) -> None:
    assert [each for each in world.check() if each.check == "name-taken"] == []


@pytest.mark.parametrize(("runtime", "level"), [("24h", Level.OK), ("28d", Level.OK)])
def test_a_runtime_within_the_quota_is_well(world: World, runtime: str, level: Level) -> None:
    assert world.found("quota-all", f"limits.max_runtime={runtime}").level is level


def test_a_runtime_beyond_the_quota_is_an_error(fresh: World) -> None:
    set_quota(fresh, "Longest run time for a training job", 3600)
    finding = fresh.found("quota-runtime", 'limits.max_runtime="2h"')
    assert (finding.level, finding.field) == (Level.ERROR, "limits.max_runtime")
    assert "3600" in finding.remedy


@pytest.fixture
def fresh(fresh_engine: Callable[..., Any], client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> World:
    """The sample on an engine of the test's own, whose account-wide quotas a test may change."""
    engine = fresh_engine().engine
    return World(engine, lambda service: client(service, engine), "birdtui-sample", "fresh", monkeypatch)
