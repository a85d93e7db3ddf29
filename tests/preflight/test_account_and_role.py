"""The caller's rights and the role's: exist, trust, reach."""

from __future__ import annotations

import pytest

from birdtui.preflight import preflight
from birdtui.preflight.account import _decision
from birdtui.spec.findings import Level
from tests.preflight.conftest import TRUST, World, only, policy

EVERYTHING = policy({"Action": "*", "Resource": "*"})
LOOK = {"Action": ["iam:*", "s3:*", "servicequotas:*", "sagemaker:List*", "sts:*"], "Resource": "*"}


def test_account_region_and_caller_are_told(world: World) -> None:
    assert world.check()[0].text == (
        "account 000000000000, region us-east-1, as arn:aws:iam::000000000000:user/birdtui"
    )


CALLERS = {
    "caller-create": ("sagemaker:DescribeTrainingJob", "sagemaker:CreateTrainingJob", Level.ERROR, ""),
    "caller-watch": ("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", Level.WARNING, ""),
    "caller-logs": ("logs:DescribeLogStreams", "logs:GetLogEvents", Level.WARNING, ""),
    "caller-pass-role": ("sagemaker:*", "iam:PassRole", Level.ERROR, "job.role"),
}


@pytest.mark.parametrize("check", CALLERS)
def test_a_right_that_the_caller_lacks_is_named(world: World, check: str) -> None:
    allowed, missing, level, field = CALLERS[check]
    look = LOOK | {"Action": ["iam:Get*", "iam:List*", "iam:Simulate*", "s3:*", "servicequotas:*", "sts:*"]}
    become = world.become(policy(look, {"Action": allowed, "Resource": "*"}))
    finding = only(each for each in preflight(world.spec(), become) if each.check == check)
    assert (finding.level, finding.field) == (level, field)
    assert missing in finding.text
    assert missing in finding.remedy


def test_a_callers_role_with_a_path_is_known_by_its_own_arn(world: World) -> None:
    found = preflight(world.spec(), world.become(EVERYTHING))
    assert {each.level for each in found if each.check.startswith("caller-")} == {Level.OK}


def test_without_the_right_to_simulate_the_permission_is_named(world: World) -> None:
    become = world.become(policy({"Action": ["iam:Get*", "iam:List*", "s3:*"], "Resource": "*"}))
    found = [each for each in preflight(world.spec(), become) if each.check in {"role-read", "caller-create"}]
    assert {each.level for each in found} == {Level.UNKNOWN}
    assert all("iam:SimulatePrincipalPolicy" in each.text and "could not look" in each.text for each in found)


def test_without_the_right_to_list_roles_auto_could_not_be_looked_at(world: World) -> None:
    become = world.become(policy({"Action": ["s3:*"], "Resource": "*"}))
    finding = only(each for each in preflight(world.spec(), become) if each.check == "role")
    assert (finding.level, finding.field) == (Level.UNKNOWN, "job.role")
    assert "iam:ListRoles" in finding.text


def test_a_role_that_is_not_there_is_one_error_with_the_nearest_name(world: World) -> None:
    world.role()
    finding = only(world.wrong(f"job.role={world.name}x"))
    assert (finding.check, finding.level, finding.field) == ("role", Level.ERROR, "job.role")
    assert finding.remedy == f"did you mean {world.name}?"


def test_the_path_slip_in_a_roles_arn_is_told_with_the_right_arn(world: World) -> None:
    right = world.role()
    finding = only(world.wrong(f"job.role={right.replace('/service-role', '')}"))
    assert (finding.check, finding.remedy) == ("role", f"write {right}")


def test_a_role_of_another_account_is_an_error(world: World) -> None:
    finding = only(world.wrong("job.role=arn:aws:iam::123456789012:role/theirs"))
    assert "belongs to the account 123456789012" in finding.text


def test_a_role_that_does_not_trust_sagemaker_is_an_error(world: World) -> None:
    world.role(EVERYTHING, trust=TRUST.replace("sagemaker", "ec2"))
    finding = only(world.wrong(f"job.role={world.name}"))
    assert (finding.check, finding.level, finding.field) == ("role", Level.ERROR, "job.role")
    assert "sagemaker.amazonaws.com" in finding.remedy


def test_full_access_alone_does_not_reach_a_bucket_without_sagemaker_in_its_name(world: World) -> None:
    world.role()
    full = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    world.client("iam").attach_role_policy(RoleName=world.name, PolicyArn=full)
    found = world.wrong(f"job.role={world.name}")
    assert [(each.check, each.level, each.field) for each in found] == [
        ("role-read", Level.ERROR, "channels.train.s3_uri"),
        ("role-read", Level.ERROR, "channels.validation.s3_uri"),
        ("output-write", Level.ERROR, "output.s3_uri"),
    ]
    assert f"s3:GetObject in the bucket {world.bucket}" in found[0].text
    assert "s3:PutObject" in found[2].remedy


def test_a_role_that_may_read_one_prefix_alone_is_told_for_the_other(world: World) -> None:
    bucket = f"arn:aws:s3:::{world.bucket}"
    rights = {"Action": ["s3:*"], "Resource": [bucket, f"{bucket}/train/*", f"{bucket}/birds/*"]}
    world.role(policy(rights))
    finding = only(world.wrong(f"job.role={world.name}"))
    assert (finding.check, finding.field) == ("role-read", "channels.validation.s3_uri")


def test_an_explicit_denial_is_told_as_one(world: World) -> None:
    denial = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    world.role(policy({"Action": "*", "Resource": "*"}, denial))
    finding = only(world.wrong(f"job.role={world.name}"))
    assert (finding.check, finding.level) == ("output-write", Level.ERROR)
    assert "a policy denies it" in finding.text


def test_a_role_with_rights_to_its_buckets_is_well(world: World) -> None:
    world.role(EVERYTHING)
    assert world.wrong(f"job.role={world.name}") == []


def test_a_right_that_hangs_on_an_unknown_condition_is_no_error(world: World) -> None:
    office = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "Action": "sagemaker:*", "Resource": "*"}
    look = {"Action": ["iam:*", "s3:*"], "Resource": "*"}
    found = preflight(world.spec(), world.become(policy(look, office)))
    finding = only(each for each in found if each.check == "caller-create")
    assert (finding.level, "aws:SourceIp" in finding.text) == (Level.UNKNOWN, True)


def test_a_condition_on_the_instance_type_is_weighed(world: World) -> None:
    types = {"StringLike": {"sagemaker:InstanceTypes": ["ml.p3.*"]}}
    create = {"Condition": types, "Action": "sagemaker:CreateTrainingJob", "Resource": "*"}
    become = world.become(policy({"Action": ["iam:*", "s3:*"], "Resource": "*"}, create))
    levels = {
        kind: only(each for each in preflight(world.spec(kind), become) if each.check == "caller-create").level
        for kind in ("resources.instance_type=ml.p3.2xlarge", "resources.instance_type=ml.g5.xlarge")
    }
    assert list(levels.values()) == [Level.OK, Level.ERROR]


def test_a_roles_right_that_hangs_on_an_unknown_condition_is_a_warning(world: World) -> None:
    inside = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    world.role(policy({"Action": "s3:*", "Resource": "*", "Condition": inside}))
    found = world.wrong(f"job.role={world.name}")
    assert {each.level for each in found} == {Level.WARNING}
    assert all("aws:SourceVpce" in each.text for each in found)


RESULTS = [
    ({"EvalDecision": "allowed"}, []),
    ({"EvalDecision": "implicitDeny", "MissingContextValues": ["aws:SourceIp", "ec2:Region"]}, ["aws:SourceIp"]),
    (
        {"EvalDecision": "implicitDeny", "ResourceSpecificResults": [{"MissingContextValues": ["s3:prefix"]}]},
        ["s3:prefix"],
    ),
    ({"EvalDecision": "implicitDeny", "MissingContextValues": ["s3:ExistingObjectTag/SageMaker"]}, []),
]


@pytest.mark.parametrize(("result", "expected"), RESULTS)
def test_the_conditions_that_can_matter_are_told(result: dict[str, object], expected: list[str]) -> None:
    assert _decision(result).open_keys("s3:GetObject") == expected
