"""The same client code against the engine and against moto: where both claim to be AWS, they agree.

Left out is what moto does not check (a trust policy that is no JSON, a deletion of an attached policy); AWS's managed
policies it would load from a file of their own for twenty seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
    }
)
Make = Callable[[str], Any]


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(params=["engine", "moto"])
def peer(request: pytest.FixtureRequest, client: Callable[..., Any]) -> Make:
    if request.param == "engine":
        door = request.getfixturevalue("door")

        class Engine:
            url, access_key, secret_key = door.url, door.keys.access_key, door.keys.secret_key

        return lambda service: client(service, Engine())

    class Moto:
        url, access_key, secret_key = request.getfixturevalue("moto_url"), "testing", "testing"

    import requests

    requests.post(f"{Moto.url}/moto-api/reset", timeout=5)
    return lambda service: client(service, Moto())


@pytest.fixture
def iam(peer: Make) -> Any:
    return peer("iam")


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_made_role_is_found(iam: Any) -> None:
    made = iam.create_role(
        Path="/service-role/",
        RoleName="birds",
        AssumeRolePolicyDocument=TRUST,
        Description="Birds",
        MaxSessionDuration=7200,
    )["Role"]
    found = iam.get_role(RoleName="birds")["Role"]
    for member in (
        "RoleName",
        "RoleId",
        "Arn",
        "Path",
        "AssumeRolePolicyDocument",
        "Description",
        "MaxSessionDuration",
    ):
        assert found[member] == made[member]
    assert found["Arn"].endswith(":role/service-role/birds")
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert found["RoleId"].startswith("AROA")


def test_roles_are_listed_by_path(iam: Any) -> None:
    for path, name in (("/", "b"), ("/", "a"), ("/service-role/", "c")):
        iam.create_role(Path=path, RoleName=name, AssumeRolePolicyDocument=TRUST)
    assert {role["RoleName"] for role in iam.list_roles()["Roles"]} == {"a", "b", "c"}
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/service-role/")["Roles"]] == ["c"]


def test_a_name_is_taken_once(iam: Any) -> None:
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)
    assert refused(iam.create_role, RoleName="birds", AssumeRolePolicyDocument=TRUST) == ("EntityAlreadyExists", 409)


def test_a_missing_role_is_no_such_entity(iam: Any) -> None:
    for call in (iam.get_role, iam.delete_role, iam.list_role_policies, iam.list_attached_role_policies):
        assert refused(call, RoleName="nobody") == ("NoSuchEntity", 404)


def test_attached_policies_come_and_go(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="read", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="birds", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="birds")["AttachedPolicies"]
    assert attached == [{"PolicyName": "read", "PolicyArn": arn}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    iam.detach_role_policy(RoleName="birds", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="birds")["AttachedPolicies"] == []
    assert refused(iam.detach_role_policy, RoleName="birds", PolicyArn=arn) == ("NoSuchEntity", 404)


def test_inline_policies_come_and_go(iam: Any) -> None:
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="birds", PolicyName="read", PolicyDocument=POLICY)
    assert iam.list_role_policies(RoleName="birds")["PolicyNames"] == ["read"]
    assert iam.get_role_policy(RoleName="birds", PolicyName="read")["PolicyDocument"] == json.loads(POLICY)
    iam.delete_role_policy(RoleName="birds", PolicyName="read")
    assert refused(iam.get_role_policy, RoleName="birds", PolicyName="read") == ("NoSuchEntity", 404)


def test_a_role_with_policies_is_not_deleted(iam: Any) -> None:
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName="read", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="birds", PolicyArn=arn)
    assert refused(iam.delete_role, RoleName="birds") == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName="birds", PolicyArn=arn)
    iam.put_role_policy(RoleName="birds", PolicyName="read", PolicyDocument=POLICY)
    assert refused(iam.delete_role, RoleName="birds") == ("DeleteConflict", 409)
    iam.delete_role_policy(RoleName="birds", PolicyName="read")
    iam.delete_role(RoleName="birds")
    assert refused(iam.get_role, RoleName="birds") == ("NoSuchEntity", 404)


def test_a_customer_policy_is_found_with_its_document(iam: Any) -> None:
    made = iam.create_policy(PolicyName="read", Path="/birds/", PolicyDocument=POLICY)["Policy"]
    found = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert made["Arn"].endswith(":policy/birds/read")
    assert found["AttachmentCount"] == 0
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId=found["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"] == json.loads(POLICY)
    assert version["IsDefaultVersion"]
    assert [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]] == ["read"]


def test_a_policy_name_is_taken_once(iam: Any) -> None:
    iam.create_policy(PolicyName="read", PolicyDocument=POLICY)
    assert refused(iam.create_policy, PolicyName="read", PolicyDocument=POLICY) == ("EntityAlreadyExists", 409)


def test_tags_are_kept(iam: Any) -> None:
    tags = [{"Key": "team", "Value": "birds"}]
    iam.create_role(RoleName="birds", AssumeRolePolicyDocument=TRUST, Tags=tags)
    assert iam.list_role_tags(RoleName="birds")["Tags"] == tags
    assert iam.get_role(RoleName="birds")["Role"]["Tags"] == tags


def test_the_caller_has_an_account_an_arn_and_an_id(peer: Make) -> None:
    identity = peer("sts").get_caller_identity()
    assert len(identity["Account"]) == 12
    assert identity["Arn"].startswith("arn:aws:")
    assert identity["UserId"]


def test_an_assumed_role_gives_credentials_and_an_arn(peer: Make, iam: Any) -> None:
    account = peer("sts").get_caller_identity()["Account"]
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=trust)["Role"]
    answer = peer("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/visitor/test")
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:test"
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert answer["Credentials"]["SessionToken"]
