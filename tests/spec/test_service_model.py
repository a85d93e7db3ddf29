"""The service's own limits, as its model states them and in its own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec import service_model
from birdtui.spec.service_model import create_shape, matches, member_at, service_message, violations

ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-20180926T21970"
SMALLEST = {"TrainingJobName": "birds", "RoleArn": ROLE, "OutputDataConfig": {"S3OutputPath": "s3://birds/"}}


def found(**members: object) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.kind) for one in violations(create_shape(), SMALLEST | members)]


def test_a_legal_request_breaks_nothing() -> None:
    assert found() == []


def test_all_required_members_are_named_at_once() -> None:
    assert [(one.path, one.kind) for one in violations(create_shape(), {})] == [
        (("TrainingJobName",), "required"),
        (("RoleArn",), "required"),
        (("OutputDataConfig",), "required"),
    ]


@pytest.mark.parametrize(
    ("members", "path", "kind"),
    [
        ({"TrainingJobName": "my_birds"}, ("TrainingJobName",), "pattern"),
        ({"TrainingJobName": "birds\n"}, ("TrainingJobName",), "pattern"),
        ({"TrainingJobName": "b" * 64}, ("TrainingJobName",), "max_length"),
        ({"HyperParameters": {"epochs": 25}}, ("HyperParameters", "epochs"), "type"),
        ({"HyperParameters": {"k" * 257: "1"}}, ("HyperParameters", "k" * 257), "max_length"),
        ({"InputDataConfig": []}, ("InputDataConfig",), "min_length"),
        ({"ResourceConfig": {"InstanceType": "ml.p3.3xlarge"}}, ("ResourceConfig", "InstanceType"), "enum"),
        ({"ResourceConfig": {"InstanceCount": "1"}}, ("ResourceConfig", "InstanceCount"), "type"),
        ({"ResourceConfig": {"InstanceCount": True}}, ("ResourceConfig", "InstanceCount"), "type"),
        ({"ResourceConfig": {"InstanceCount": 2**31}}, ("ResourceConfig", "InstanceCount"), "max_value"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, ("StoppingCondition", "MaxRuntimeInSeconds"), "min_value"),
        ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, ("RetryStrategy", "MaximumRetryAttempts"), "max_value"),
        ({"EnableNetworkIsolation": "false"}, ("EnableNetworkIsolation",), "type"),
        ({"Colour": "red"}, ("Colour",), "unknown"),
    ],
)
def test_what_the_model_forbids_is_found_at_its_path(
    members: dict[str, object], path: tuple[str, ...], kind: str
) -> None:
    assert (path, kind) in found(**members)


def test_null_counts_as_absent() -> None:
    assert found(HyperParameters=None) == []


def test_one_error_is_worded_as_the_service_words_it() -> None:
    wrong = violations(create_shape(), SMALLEST | {"TrainingJobName": "my_birds"})
    assert service_message(wrong) == (
        "1 validation error detected: Value 'my_birds' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_two_errors_are_counted_and_a_missing_value_is_null() -> None:
    wrong = violations(create_shape(), {"TrainingJobName": "", "OutputDataConfig": {"S3OutputPath": "s3://birds/"}})
    text = service_message(wrong)
    assert text.startswith("3 validation errors detected: Value '' at 'trainingJobName' failed")
    assert text.endswith("; Value null at 'roleArn' failed to satisfy constraint: Member must not be null")


def test_a_list_member_is_counted_from_one() -> None:
    wrong = violations(create_shape(), SMALLEST | {"InputDataConfig": [{"ChannelName": "a b", "DataSource": {}}]})
    assert "Value 'a b' at 'inputDataConfig.1.member.channelName' failed" in service_message(wrong)


def test_a_map_value_is_told_at_the_map() -> None:
    wrong = violations(create_shape(), SMALLEST | {"HyperParameters": {"a": "x" * 2501}})
    assert service_message(wrong).endswith(
        "x}' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: .*]"
    )


def test_two_bad_items_of_one_list_are_one_error_to_the_service() -> None:
    wrong = violations(create_shape(), SMALLEST | {"VpcConfig": {"SecurityGroupIds": ["a b", "c d"], "Subnets": ["s"]}})
    assert len(wrong) == 2
    assert service_message(wrong).startswith("1 validation error detected: Value '[a b, c d]' at 'vpcConfig.security")


def test_a_wrong_type_is_a_serialization_matter() -> None:
    wrong = violations(create_shape(), SMALLEST | {"HyperParameters": {"epochs": 25}})
    assert service_message(wrong) == ""
    assert service_model.serialization_message(wrong) == "NUMBER_VALUE can not be converted to a String"


def test_every_pattern_of_the_services_in_use_compiles() -> None:
    for service in ("sagemaker", "logs", "iam", "sts", "service-quotas"):
        model = service_model._service(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            if pattern:
                matches(pattern, "ä b-[")


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Müller 7", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a#b", False),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "näh☃", False),
        (r"arn:[\p{Alnum}\-]+:x", "arn:aws-cn:x", True),
        (r"\d+", "٣", False),
        (r".*", "one\r", False),
        (r"[\S\s]*", "one\rtwo\n", True),
        (r"[\w-_]*", "a-b_c", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "bird 🐦", True),
        (r"[^ ~^:?*\[]+", "a[b", False),
    ],
)
def test_javas_patterns_mean_what_they_mean_in_java(pattern: str, value: str, fits: bool) -> None:
    assert matches(pattern, value) is fits


@given(st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", fullmatch=True))
def test_generated_names_fit_the_name_pattern(name: str) -> None:
    assert matches("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


def test_a_path_leads_to_its_shape() -> None:
    shape = member_at(create_shape(), ("InputDataConfig", 0, "DataSource", "S3DataSource", "S3Uri"))
    assert shape is not None
    assert shape.metadata["max"] == 1024


def test_a_path_outside_the_model_leads_nowhere() -> None:
    assert member_at(create_shape(), ("ResourceConfig", "Colour")) is None


def test_the_instance_types_are_the_models() -> None:
    assert "ml.p3.2xlarge" in service_model.instance_types()
