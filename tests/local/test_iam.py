from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from birdtui.local.iam_managed import SAGEMAKER_TRUST, execution_policy

TRUST = json.dumps(SAGEMAKER_TRUST)
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
Make = Callable[..., Any]


@pytest.fixture
def make(door: Any, client: Make) -> Make:
    class Target:
        url, access_key, secret_key = door.url, door.keys.access_key, door.keys.secret_key

    return lambda service: client(service, Target())


@pytest.fixture
def iam(make: Make) -> Any:
    return make("iam")


def code(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    found: str = caught.value.response["Error"]["Code"]
    return found


def test_the_first_role_is_the_consoles(door: Any, iam: Any) -> None:
    arn = door.iam.ensure_role()
    assert re.fullmatch(r"arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-\d{8}T\d{6}", arn)
    name = arn.rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    stamp = name.rpartition("-")[2]
    assert [policy["PolicyName"] for policy in attached] == [
        f"AmazonSageMaker-ExecutionPolicy-{stamp}",
        "AmazonSageMakerFullAccess",
    ]


def test_there_is_only_one_first_role(door: Any, iam: Any) -> None:
    assert door.iam.ensure_role() == door.iam.ensure_role()
    assert len(iam.list_roles(PathPrefix="/service-role/")["Roles"]) == 1


def test_the_first_role_reaches_any_bucket(door: Any) -> None:
    arn = door.iam.ensure_role()
    assert door.iam.trusts_sagemaker(arn)
    assert door.iam.allows(arn, "s3:GetObject", "arn:aws:s3:::any/key")
    assert door.iam.allows(arn, "s3:ListBucket", "arn:aws:s3:::any")
    assert not door.iam.allows(arn, "s3:DeleteBucket", "arn:aws:s3:::any")


def test_a_role_is_made_as_the_console_makes_one(door: Any, iam: Any) -> None:
    role = iam.create_role(
        Path="/service-role/", RoleName="AmazonSageMaker-ExecutionRole-1", AssumeRolePolicyDocument=TRUST
    )
    policy = iam.create_policy(
        Path="/service-role/", PolicyName="Birds", PolicyDocument=json.dumps(execution_policy("birds"))
    )
    iam.attach_role_policy(RoleName="AmazonSageMaker-ExecutionRole-1", PolicyArn=FULL_ACCESS)
    iam.attach_role_policy(RoleName="AmazonSageMaker-ExecutionRole-1", PolicyArn=policy["Policy"]["Arn"])
    arn = role["Role"]["Arn"]
    assert arn == "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-1"
    assert role["Role"]["AssumeRolePolicyDocument"] == SAGEMAKER_TRUST
    assert door.iam.allows(arn, "s3:PutObject", "arn:aws:s3:::birds/model.tar.gz")
    assert not door.iam.allows(arn, "s3:PutObject", "arn:aws:s3:::others/model.tar.gz")


def test_a_role_of_another_path_is_another_arn(door: Any, iam: Any) -> None:
    iam.create_role(Path="/service-role/", RoleName="birds", AssumeRolePolicyDocument=TRUST)
    assert not door.iam.trusts_sagemaker("arn:aws:iam::000000000000:role/birds")
    assert door.iam.trusts_sagemaker("arn:aws:iam::000000000000:role/service-role/birds")


def test_a_changed_trust_is_heeded(door: Any, iam: Any) -> None:
    arn = iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.update_assume_role_policy(RoleName="birds", PolicyDocument=TRUST.replace("sagemaker.", "ec2."))
    assert not door.iam.trusts_sagemaker(arn)


def test_inline_policies_count_and_can_deny(door: Any, iam: Any) -> None:
    arn = iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="birds", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert door.iam.allows(arn, "s3:PutObject", "arn:aws:s3:::b/k")
    denial = {"Statement": {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}}
    iam.put_role_policy(RoleName="birds", PolicyName="read-only", PolicyDocument=json.dumps(denial))
    assert not door.iam.allows(arn, "s3:PutObject", "arn:aws:s3:::b/k")
    assert door.iam.allows(arn, "s3:GetObject", "arn:aws:s3:::b/k")


def test_roles_come_in_pages(iam: Any) -> None:
    for number in range(5):
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST)
    first = iam.list_roles(MaxItems=2)
    assert [role["RoleName"] for role in first["Roles"]] == ["role-0", "role-1"]
    assert first["IsTruncated"]
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == [f"role-{n}" for n in range(5)]


def test_a_role_deleted_between_pages_repeats_nothing(iam: Any) -> None:
    for number in range(3):
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST)
    first = iam.list_roles(MaxItems=2)
    iam.delete_role(RoleName="role-0")
    rest = iam.list_roles(Marker=first["Marker"])
    assert [role["RoleName"] for role in rest["Roles"]] == ["role-2"]


def test_members_that_would_change_the_meaning_are_refused(iam: Any) -> None:
    call = iam.create_role
    assert code(call, RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=FULL_ACCESS) == "InvalidInput"
    assert code(iam.get_role, RoleName="r") == "NoSuchEntity"


def test_an_unknown_managed_policy_cannot_be_attached(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    assert code(iam.attach_role_policy, RoleName="r", PolicyArn=arn) == "NoSuchEntity"


def test_a_managed_policy_is_there(iam: Any) -> None:
    policy = iam.get_policy(PolicyArn=FULL_ACCESS)["Policy"]
    assert policy["PolicyName"] == "AmazonSageMakerFullAccess"
    assert policy["IsAttachable"]


def test_a_trust_that_is_no_policy_is_malformed(iam: Any) -> None:
    call = iam.create_role
    assert code(call, RoleName="birds", AssumeRolePolicyDocument="no json") == "MalformedPolicyDocument"


def test_an_attached_policy_stays(iam: Any) -> None:
    document = json.dumps(execution_policy())
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)
    for _ in range(2):
        iam.attach_role_policy(RoleName="birds", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"


def simulate(iam: Any, arn: str, **more: Any) -> dict[str, Any]:
    actions = more.pop("actions", ["s3:GetObject"])
    answer: dict[str, Any] = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, **more)
    return answer


def test_the_simulator_decides_by_the_roles_policies(iam: Any) -> None:
    arn = iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="birds", PolicyArn=FULL_ACCESS)
    results = simulate(
        iam,
        arn,
        actions=["s3:GetObject", "s3:ListBucket"],
        ResourceArns=["arn:aws:s3:::birds/x", "arn:aws:s3:::sagemaker"],
    )["EvaluationResults"]
    assert [(one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in results] == [
        ("s3:GetObject", "arn:aws:s3:::birds/x", "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::sagemaker", "allowed"),
        ("s3:ListBucket", "arn:aws:s3:::birds/x", "allowed"),
        ("s3:ListBucket", "arn:aws:s3:::sagemaker", "allowed"),
    ]
    assert results[1]["MatchedStatements"] == [
        {"SourcePolicyId": "AmazonSageMakerFullAccess", "SourcePolicyType": "aws-managed"}
    ]


def test_the_simulator_names_the_context_it_lacks(iam: Any) -> None:
    arn = iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="birds", PolicyArn=FULL_ACCESS)
    asked = {"actions": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::birds/x"]}
    result = simulate(iam, arn, **asked)["EvaluationResults"][0]
    assert result["MissingContextValues"] == ["s3:ExistingObjectTag/SageMaker"]
    entry = {
        "ContextKeyName": "s3:ExistingObjectTag/SageMaker",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "string",
    }
    result = simulate(iam, arn, ContextEntries=[entry], **asked)["EvaluationResults"][0]
    assert result["EvalDecision"] == "allowed"


def test_the_simulator_lets_the_user_do_everything(iam: Any) -> None:
    user = iam.get_user()["User"]["Arn"]
    assert simulate(iam, user, actions=["iam:PassRole"])["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_the_simulator_pages(iam: Any, door: Any) -> None:
    arn = door.iam.ensure_role()
    actions = [f"s3:Get{letter}" for letter in "abcde"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn, ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == actions


def test_the_simulator_needs_a_known_source(iam: Any) -> None:
    assert code(simulate, iam=iam, arn="arn:aws:iam::000000000000:role/nobody") == "NoSuchEntity"


def caller_trust() -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Statement": [statement]})


@pytest.fixture
def as_role(door: Any, make: Make) -> Make:
    """Clients with the credentials of a role that the caller took."""

    def clients(arn: str) -> Make:
        import boto3

        keys = make("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        session = boto3.session.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="us-east-1"
        )
        return lambda service: session.client(service, endpoint_url=door.url)

    return clients


def test_a_role_can_be_taken_on(iam: Any, as_role: Make) -> None:
    arn = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=caller_trust())["Role"]["Arn"]
    identity = as_role(arn)("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::000000000000:assumed-role/visitor/test"
    assert identity["UserId"].endswith(":test")


def test_a_role_that_trusts_only_sagemaker_cannot(door: Any, make: Make) -> None:
    call = make("sts").assume_role
    assert code(call, RoleArn=door.iam.ensure_role(), RoleSessionName="test") == "AccessDenied"


def test_a_session_may_do_what_its_role_may(iam: Any, as_role: Make, door: Any) -> None:
    arn = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=caller_trust())["Role"]["Arn"]
    visitor = as_role(arn)
    assert code(visitor("iam").list_roles) == "AccessDenied"
    assert code(visitor("sagemaker").stop_training_job, TrainingJobName="x") == "AccessDeniedException"
    assert code(visitor("s3").put_object, Bucket="b", Key="k", Body=b"x") == "AccessDenied"
    assert door.s3.requests == []
    iam.put_role_policy(RoleName="visitor", PolicyName="p", PolicyDocument=json.dumps(execution_policy("b")))
    visitor("s3").put_object(Bucket="b", Key="k", Body=b"x")
    assert code(visitor("s3").put_object, Bucket="c", Key="k", Body=b"x") == "AccessDenied"


def test_a_copy_needs_its_source_too(iam: Any, as_role: Make) -> None:
    arn = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=caller_trust())["Role"]["Arn"]
    iam.put_role_policy(RoleName="visitor", PolicyName="p", PolicyDocument=json.dumps(execution_policy("b")))
    copy = as_role(arn)("s3").copy_object
    assert code(copy, Bucket="b", Key="k", CopySource={"Bucket": "secret", "Key": "k"}) == "AccessDenied"


def test_an_ended_session_is_refused(iam: Any, as_role: Make, door: Any) -> None:
    from datetime import UTC, datetime, timedelta

    arn = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=caller_trust())["Role"]["Arn"]
    client = as_role(arn)("sts")
    with door.iam.sessions._records.store.writing() as connection:
        ended = (datetime.now(UTC) - timedelta(minutes=1)).timestamp()
        connection.execute("UPDATE sts_sessions SET expires = ?", (ended,))
    assert code(client.get_caller_identity) == "ExpiredToken"
