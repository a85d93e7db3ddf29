from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local import iam_policy
from birdtui.local.iam_managed import SAGEMAKER_FULL_ACCESS
from birdtui.local.iam_policy import Decision, MalformedPolicy


def decide(
    *statements: dict[str, Any], action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k", **context: str
) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    given_keys = {key.replace("__", ":").lower(): [value] for key, value in context.items()}
    return str(iam_policy.decide(iam_policy.parse(document), action, resource, given_keys))


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def test_nothing_said_is_an_implicit_deny() -> None:
    assert decide(allow("ec2:*")) == Decision.IMPLICIT_DENY


def test_a_deny_beats_any_allow() -> None:
    assert decide(allow("*"), deny("s3:Get*")) == Decision.EXPLICIT_DENY


@pytest.mark.parametrize("pattern", ["s3:GetObject", "S3:getobject", "s3:*", "s3:Get?bject", "*", ["ec2:*", "s3:Get*"]])
def test_actions_match_with_wildcards_and_without_case(pattern: Any) -> None:
    assert decide(allow(pattern)) == Decision.ALLOWED


@pytest.mark.parametrize("pattern", ["s3:PutObject", "s3:Get", "sagemaker:*", "s3:GetObject?"])
def test_other_actions_do_not_match(pattern: str) -> None:
    assert decide(allow(pattern)) == Decision.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:s3:::b/*", Decision.ALLOWED),
        ("arn:aws:s3:::B/*", Decision.IMPLICIT_DENY),
        ("arn:aws:s3:::b", Decision.IMPLICIT_DENY),
        ("arn:aws:s3:::[b]/k", Decision.IMPLICIT_DENY),
        (["arn:aws:s3:::other/*", "arn:aws:s3:::?/k"], Decision.ALLOWED),
    ],
)
def test_resources_match_with_case_and_wildcards_alone(pattern: Any, expected: Decision) -> None:
    assert decide(allow(resource=pattern)) == expected


def test_not_action_takes_all_the_others() -> None:
    statement = {"Effect": "Allow", "NotAction": ["s3:Delete*"], "Resource": "*"}
    assert decide(statement) == Decision.ALLOWED
    assert decide(statement, action="s3:DeleteObject") == Decision.IMPLICIT_DENY


def test_not_resource_takes_all_the_others() -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}
    assert decide(allow(), statement) == Decision.ALLOWED
    assert decide(allow(), statement, resource="arn:aws:s3:::c/k") == Decision.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"aws:Tag": "x"}}, {"aws__Tag": "x"}, True),
        ({"StringEquals": {"aws:Tag": ["y", "x"]}}, {"aws__tag": "x"}, True),
        ({"StringEquals": {"aws:Tag": "x"}}, {"aws__tag": "X"}, False),
        ({"StringEquals": {"aws:Tag": "x"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:Tag": "x"}}, {}, True),
        ({"StringNotEquals": {"aws:Tag": "x"}}, {}, True),
        ({"StringNotEquals": {"aws:Tag": ["x", "y"]}}, {"aws__tag": "y"}, False),
        ({"StringEqualsIgnoreCase": {"aws:Tag": "x"}}, {"aws__tag": "X"}, True),
        ({"StringLike": {"s3:prefix": "train/*"}}, {"s3__prefix": "train/a"}, True),
        ({"StringLike": {"s3:prefix": "train/*"}}, {"s3__prefix": "other"}, False),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*:1:*"}},
            {"aws__sourcearn": "arn:aws:sagemaker:r:1:j"},
            True,
        ),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws__securetransport": "true"}, True),
        ({"Null": {"aws:Tag": "true"}}, {}, True),
        ({"Null": {"aws:Tag": "true"}}, {"aws__tag": "x"}, False),
        ({"StringEquals": {"a:b": "x"}, "StringLike": {"c:d": "y"}}, {"a__b": "x"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str], expected: bool) -> None:
    assert (decide(allow(Condition=condition), **context) == Decision.ALLOWED) is expected


def test_an_unknown_operator_never_allows_and_always_denies() -> None:
    unknown = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    assert decide(allow(Condition=unknown)) == Decision.IMPLICIT_DENY
    assert decide(allow(), deny(Condition=unknown)) == Decision.EXPLICIT_DENY


@pytest.mark.parametrize(
    "document",
    [
        "no json",
        "[]",
        "{}",
        '{"Statement": "all"}',
        '{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "everything", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": 1, "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}]}',
    ],
)
def test_what_is_no_policy_is_said_so(document: str) -> None:
    with pytest.raises(MalformedPolicy):
        iam_policy.parse(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda c: (
            st.lists(c)
            | st.dictionaries(st.sampled_from(["Statement", "Effect", "Action", "Resource", "Condition"]), c)
        ),
    )
)
def test_no_document_fails_otherwise(content: Any) -> None:
    with contextlib.suppress(MalformedPolicy):
        iam_policy.parse(json.dumps(content))


def trusts(principal: Any, effect: str = "Allow", **more: Any) -> bool:
    statement = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"} | more
    statements = iam_policy.parse(json.dumps({"Statement": [statement]}), trust=True)
    return iam_policy.trusts(statements, "Service", ["sagemaker.amazonaws.com"], {})


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Service": "sagemaker.amazonaws.com"}, True),
        ({"Service": ["ec2.amazonaws.com", "sagemaker.amazonaws.com"]}, True),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"AWS": "*"}, False),
        ("*", False),
    ],
)
def test_a_role_trusts_whom_it_names(principal: Any, expected: bool) -> None:
    assert trusts(principal) is expected


def test_a_trust_that_denies_is_none() -> None:
    assert not trusts({"Service": "sagemaker.amazonaws.com"}, effect="Deny")


def test_a_trust_of_another_action_is_none() -> None:
    assert not trusts({"Service": "sagemaker.amazonaws.com"}, Action="sts:TagSession")


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::birds/train/a.rec", False),
        ("s3:GetObject", "arn:aws:s3:::birds-sagemaker/train/a.rec", True),
        ("s3:PutObject", "arn:aws:s3:::birds/sagemaker/a", True),
        ("s3:ListBucket", "arn:aws:s3:::birds", True),
        ("sagemaker:CreateTrainingJob", "*", True),
    ],
)
def test_full_access_alone_reaches_only_names_with_sagemaker(action: str, resource: str, expected: bool) -> None:
    statements = iam_policy.parse(json.dumps(SAGEMAKER_FULL_ACCESS))
    assert (iam_policy.decide(statements, action, resource, {}) is Decision.ALLOWED) is expected
