from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from birdtui.local import awsquery
from birdtui.local.service import ServiceError

IAM = get_session().get_service_model("iam")
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFD), min_size=1, max_size=20)


def sent(operation: str, parameters: dict[str, Any]) -> dict[str, str]:
    """Form fields as botocore writes them."""
    body = QuerySerializer().serialize_to_request(parameters, IAM.operation_model(operation))["body"]
    return {name: str(value) for name, value in body.items()}


def received(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as botocore reads it."""
    xml = awsquery.serialise("iam", operation, answer, "request-1")
    shape = IAM.operation_model(operation).output_shape
    parsed: dict[str, Any] = QueryParser().parse({"body": xml, "headers": {}, "status_code": 200}, shape)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "request-1"
    return parsed


SIMULATION = {
    "PolicySourceArn": "arn:aws:iam::000000000000:role/birds",
    "ActionNames": ["s3:GetObject", "s3:PutObject"],
    "ResourceArns": [f"arn:aws:s3:::b/{number}" for number in range(12)],
    "ContextEntries": [
        {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a", "b"], "ContextKeyType": "stringList"},
    ],
    "MaxItems": 7,
}


def test_nested_lists_arrive_in_order() -> None:
    assert awsquery.parse("iam", "SimulatePrincipalPolicy", sent("SimulatePrincipalPolicy", SIMULATION)) == SIMULATION


@pytest.mark.parametrize("flag", [True, False])
def test_booleans_arrive(flag: bool) -> None:
    assert awsquery.parse("iam", "ListPolicies", sent("ListPolicies", {"OnlyAttached": flag})) == {"OnlyAttached": flag}


@given(st.lists(st.fixed_dictionaries({"Key": st.sampled_from("abc"), "Value": PRINTABLE}), max_size=4))
def test_tags_arrive_whatever_they_hold(tags: list[dict[str, str]]) -> None:
    from hypothesis import assume

    from birdtui.spec import service_model

    parameters = {"RoleName": "birds", "AssumeRolePolicyDocument": "{}", "Tags": tags}
    assume(not service_model.violations(service_model.input_shape("iam", "CreateRole"), parameters))
    assert awsquery.parse("iam", "CreateRole", sent("CreateRole", parameters)) == parameters


def test_a_violation_is_a_validation_error() -> None:
    with pytest.raises(ServiceError) as caught:
        awsquery.parse("iam", "CreateRole", {"RoleName": "no spaces please"})
    assert caught.value.code == "ValidationError"
    assert caught.value.message.startswith("2 validation errors detected: Value 'no spaces please' at 'roleName'")


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        awsquery.parse("iam", "ListRoles", {"MaxItems": "many"})
    assert caught.value.code == "MalformedInput"


@given(PRINTABLE)
def test_texts_come_back_as_they_were(text: str) -> None:
    assert received("ListRolePolicies", {"PolicyNames": [text, "b"], "IsTruncated": False}) == {
        "PolicyNames": [text, "b"],
        "IsTruncated": False,
    }


def test_what_xml_cannot_carry_does_not_break_the_answer() -> None:
    assert received("ListRolePolicies", {"PolicyNames": ["a\x00b\x1b"], "IsTruncated": True})["PolicyNames"] == ["a?b?"]


def test_times_come_back_to_the_second() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    user = {
        "Path": "/",
        "UserName": "u",
        "UserId": "AIDA",
        "Arn": "arn:aws:iam::000000000000:user/u",
        "CreateDate": moment,
    }
    assert received("GetUser", {"User": user}) == {"User": user}


def test_fields_come_from_body_and_url() -> None:
    assert awsquery.form_fields(b"Action=ListRoles&PathPrefix=%2Fa+b", "Version=1") == {
        "Version": "1",
        "Action": "ListRoles",
        "PathPrefix": "/a b",
    }
