from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from birdtui.local import awsjson
from birdtui.local.awsjson import JsonService
from birdtui.local.service import Caller, Request, ServiceError


def parse(operation: str, content: Any, model: str = "sagemaker") -> dict[str, Any]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return awsjson.parse(model, operation, body)


def refusal(operation: str, content: Any, model: str = "sagemaker") -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        parse(operation, content, model)
    return caught.value.code, caught.value.message


def test_seconds_become_times() -> None:
    found = parse("ListTrainingJobs", {"CreationTimeAfter": 1700000000.25})
    assert found["CreationTimeAfter"] == datetime(2023, 11, 14, 22, 13, 20, 250000, UTC)


def test_an_empty_body_is_no_parameters() -> None:
    assert parse("ListTrainingJobs", b"") == {}


def test_nulls_and_unknown_members_are_dropped() -> None:
    assert parse("ListTrainingJobs", {"NameContains": None, "Unheard": 1, "MaxResults": 5}) == {"MaxResults": 5}


def test_false_is_kept() -> None:
    request = {
        "TrainingJobName": "birds",
        "RoleArn": "arn:aws:iam::000000000000:role/birds",
        "OutputDataConfig": {"S3OutputPath": "s3://b/"},
        "EnableNetworkIsolation": False,
    }
    assert parse("CreateTrainingJob", request)["EnableNetworkIsolation"] is False


def test_everything_wrong_is_told_at_once() -> None:
    code, text = refusal("CreateTrainingJob", {"TrainingJobName": "a_b", "OutputDataConfig": {}})
    assert code == "ValidationException"
    assert text.startswith("3 validation errors detected: Value 'a_b' at 'trainingJobName' failed")
    assert "Value null at 'roleArn' failed to satisfy constraint: Member must not be null" in text


def test_logs_has_its_own_code_for_it() -> None:
    code, text = refusal("GetLogEvents", {"logGroupName": "g", "logStreamName": "s", "limit": 10001}, "logs")
    assert code == "InvalidParameterException"
    assert text == (
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint:"
        " Member must have value less than or equal to 10000"
    )


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff", b'{"MaxResults": "ten"}', b'{"SortBy": []}'])
def test_what_is_no_request_is_a_serialization_error(body: bytes) -> None:
    assert refusal("ListTrainingJobs", body)[0] == "SerializationException"


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1e12])
def test_an_impossible_time_is_a_serialization_error(seconds: float) -> None:
    assert refusal("ListTrainingJobs", {"CreationTimeAfter": seconds})[0] == "SerializationException"


def test_times_go_out_as_seconds() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, timezone(timedelta(hours=2)))
    answer = {"TrainingJobSummaries": [{"TrainingJobName": "birds", "CreationTime": moment, "TrainingEndTime": None}]}
    sent = json.loads(awsjson.serialise("sagemaker", "ListTrainingJobs", answer))
    assert sent == {"TrainingJobSummaries": [{"TrainingJobName": "birds", "CreationTime": moment.timestamp()}]}


def test_an_operation_without_an_answer_sends_none() -> None:
    assert awsjson.serialise("sagemaker", "StopTrainingJob", {}) == b""


def test_a_page_of_log_events_is_sent_as_it_is() -> None:
    events = [{"timestamp": 1, "message": "\x1b[31mü\u2028", "ingestionTime": 2}]
    assert json.loads(awsjson.serialise("logs", "GetLogEvents", {"events": events})) == {"events": events}


def test_an_operation_the_engine_lacks_is_named() -> None:
    service = JsonService("sagemaker", "SageMaker", {})
    with pytest.raises(ServiceError) as caught:
        service.call("CreateEndpoint", b"{}", "us-east-1", Caller())
    assert caught.value.code == "UnknownOperationException"
    assert caught.value.message == "SageMaker CreateEndpoint is not part of the local engine."


def test_an_operation_learns_who_calls_from_where() -> None:
    seen: list[Request] = []

    def handler(request: Request) -> dict[str, Any]:
        seen.append(request)
        return {}

    JsonService("sagemaker", "SageMaker", {"StopTrainingJob": handler}).call(
        "StopTrainingJob", b'{"TrainingJobName": "birds"}', "eu-west-1", Caller(arn="somebody")
    )
    assert (seen[0].region, seen[0].caller.arn, seen[0].parameters) == (
        "eu-west-1",
        "somebody",
        {"TrainingJobName": "birds"},
    )
