"""Execution roles: found, named, refused, and made as the console makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from birdtui.aws.errors import REFUSED, AwsProblem
from birdtui.aws.role_creation import create_role, creation_plan
from birdtui.aws.roles import execution_roles, resolve_role, trusts_sagemaker
from birdtui.aws.session import Connection, Session
from birdtui.local.engine_files import Engine
from birdtui.local.host import Host

OWN = "AmazonSageMaker-ExecutionRole-"


def trust(service: str = "sagemaker.amazonaws.com", action: str = "sts:AssumeRole", effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": {"Service": service}, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def session(engine: Engine) -> Session:
    keys = {"access_key": engine.access_key, "secret_key": engine.secret_key}
    return Session(Connection(region="us-east-1", endpoint_url=engine.url, **keys))


@pytest.fixture
def alone(fresh_engine: Callable[..., Host], client: Callable[..., Any]) -> tuple[Engine, Any]:
    """An engine of the test's own whose account has no role at all, and its IAM."""
    engine = fresh_engine().engine
    iam = client("iam", engine)
    for role in iam.list_roles()["Roles"]:
        for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=role["RoleName"])
    return engine, iam


def make(iam: Any, name: str, path: str = "/service-role/", document: str | None = None) -> str:
    answer = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document or trust())
    return str(answer["Role"]["Arn"])


def test_an_arn_is_taken_as_it_is(engine: Engine) -> None:
    arn = "arn:aws:iam::123456789012:role/of/another/account"
    assert resolve_role(session(engine), arn) == arn


def test_a_name_becomes_the_arn_with_its_path(engine: Engine, client: Callable[..., Any]) -> None:
    arn = make(client("iam"), "roles-by-name", "/team/birds/")
    assert resolve_role(session(engine), "roles-by-name") == arn
    assert arn.endswith(":role/team/birds/roles-by-name")


def test_a_name_that_is_none_is_refused_at_its_field(engine: Engine) -> None:
    with pytest.raises(AwsProblem, match="there is no role called roles-nobody") as refused:
        resolve_role(session(engine), "roles-nobody")
    assert (refused.value.exit_code, refused.value.advice[0].field) == (REFUSED, "job.role")


def test_auto_takes_the_newest_stamp_as_text(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    make(iam, f"{OWN}20200101T999999")
    newest = make(iam, f"{OWN}20240518T121390")
    make(iam, f"{OWN}20231231T110788")
    assert resolve_role(session(engine), "auto") == newest


def test_auto_prefers_the_service_path_over_a_newer_role_elsewhere(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    make(iam, f"{OWN}20250101T000000", "/")
    own = make(iam, f"{OWN}20200101T000000")
    assert resolve_role(session(engine), "auto") == own


def test_auto_finds_a_role_outside_the_service_path(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    arn = make(iam, f"{OWN}20250101T000000", "/")
    assert resolve_role(session(engine), "auto") == arn


def test_auto_passes_over_a_role_that_sagemaker_may_not_take(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    usable = make(iam, f"{OWN}20200101T000000")
    make(iam, f"{OWN}20250101T000000", document=trust("ec2.amazonaws.com"))
    assert resolve_role(session(engine), "auto") == usable


def test_without_any_role_auto_tells_how_to_make_one(alone: tuple[Engine, Any]) -> None:
    with pytest.raises(AwsProblem) as refused:
        resolve_role(session(alone[0]), "auto")
    problem = refused.value
    assert (problem.code, problem.exit_code, problem.advice[0].field) == ("NoExecutionRole", REFUSED, "job.role")
    for part in ("console", "aws iam create-role", "attach-role-policy"):
        assert part in problem.advice[0].text


def test_roles_of_other_names_are_offered_by_name(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    make(iam, "my-training-role", "/")
    with pytest.raises(AwsProblem) as refused:
        resolve_role(session(engine), "auto")
    assert "my-training-role" in refused.value.advice[0].text


def test_without_the_right_to_list_the_permission_is_named(
    alone: tuple[Engine, Any], client: Callable[..., Any]
) -> None:
    engine, iam = alone
    document = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = make(iam, "nobody", "/", json.dumps({"Version": "2012-10-17", "Statement": [document]}))
    keys = client("sts", engine).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        with pytest.raises(AwsProblem, match="iam:ListRoles") as refused:
            resolve_role(Session(Connection(region="us-east-1", endpoint_url=engine.url)), "auto")
    advice = refused.value.advice[0]
    assert (refused.value.exit_code, advice.field) == (REFUSED, "job.role")
    assert "ARN" in advice.text


def test_choices_are_the_consoles_own_newest_first_then_others_and_only_usable_ones(
    alone: tuple[Engine, Any],
) -> None:
    engine, iam = alone
    for name in ("zebra", f"{OWN}20200101T000000", "antelope", f"{OWN}20240101T000000"):
        make(iam, name)
    make(iam, "for-machines", document=trust("ec2.amazonaws.com"))
    names = [role.name for role in execution_roles(session(engine))]
    assert names == [f"{OWN}20240101T000000", f"{OWN}20200101T000000", "antelope", "zebra"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (trust(), True),
        (quote(trust()), True),
        (json.loads(trust()), True),
        (trust(action="sts:*"), True),
        ({"Statement": json.loads(trust())["Statement"][0]}, True),
        (trust("ec2.amazonaws.com"), False),
        (trust(action="sts:TagSession"), False),
        (trust(effect="Deny"), False),
        ({"Statement": [*json.loads(trust())["Statement"], *json.loads(trust(effect="Deny"))["Statement"]]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}, False),
        ("no policy", False),
        ("", False),
    ],
)
def test_trust_policies_are_read(document: Any, expected: bool) -> None:
    assert trusts_sagemaker(document) is expected


def test_a_plan_names_the_buckets_alone() -> None:
    plan = creation_plan(["birds", "birds", "more"], now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert (plan.role, plan.policy) == (f"{OWN}20260102T030405", "AmazonSageMaker-ExecutionPolicy-20260102T030405")
    listing, objects = json.loads(plan.policy_document)["Statement"]
    assert listing["Resource"] == ["arn:aws:s3:::birds", "arn:aws:s3:::more"]
    assert objects["Resource"] == ["arn:aws:s3:::birds/*", "arn:aws:s3:::more/*"]
    assert plan.trust_document in plan.text()
    assert plan.policy_document in plan.text()


def test_a_role_made_by_plan_is_found_by_auto_and_reaches_the_chosen_bucket_alone(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    arn = create_role(session(engine), creation_plan(["birds"]))
    assert resolve_role(session(engine), "auto") == arn
    assert "/service-role/" in arn
    asked = {"PolicySourceArn": arn, "ActionNames": ["s3:PutObject"]}
    decisions = [
        iam.simulate_principal_policy(**asked, ResourceArns=[f"arn:aws:s3:::{bucket}/x"])["EvaluationResults"][0]
        for bucket in ("birds", "other")
    ]
    assert [each["EvalDecision"] for each in decisions] == ["allowed", "implicitDeny"]


def test_any_bucket_is_reached_where_none_is_chosen(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    arn = create_role(session(engine), creation_plan(None))
    asked = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::whatever/x"]}
    assert iam.simulate_principal_policy(**asked)["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_without_buckets_a_role_has_the_managed_policy_alone(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    plan = creation_plan([])
    create_role(session(engine), plan)
    attached = iam.list_attached_role_policies(RoleName=plan.role)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AmazonSageMakerFullAccess"]
    assert plan.policy not in plan.text()


def test_a_role_that_cannot_be_made_whole_leaves_nothing_behind(alone: tuple[Engine, Any]) -> None:
    engine, iam = alone
    plan = creation_plan(["birds"])
    iam.create_policy(PolicyName=plan.policy, Path=plan.path, PolicyDocument=plan.policy_document)
    with pytest.raises(AwsProblem) as refused:
        create_role(session(engine), plan)
    assert refused.value.exit_code == REFUSED
    assert iam.list_roles()["Roles"] == []
