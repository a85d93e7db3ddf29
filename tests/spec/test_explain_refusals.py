"""What refusals of AWS mean: the sentence, the numbers taken out of it, and the field that comes first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.explain import Explanation, explain_refusal
from birdtui.spec.fields import file_field
from birdtui.spec.service_model import create_shape, service_message, violations

ROLE = "arn:aws:iam::123456789012:role/service-role/Mine"
REQUEST: dict[str, Any] = {
    "TrainingJobName": "birds-1",
    "RoleArn": ROLE,
    "AlgorithmSpecification": {
        "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "TrainingInputMode": "File",
    },
    "InputDataConfig": [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://birds/{name}/"}},
        }
        for name in ("train", "validation")
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://birds/"},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    "HyperParameters": {"mini_batch_size": "24"},
}
NO_OBJECTS = (
    'No S3 objects found under S3 URL "s3://birds/validation/" given in input data source. Please ensure that the '
    "bucket exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
    f'"{ROLE}" has "s3:ListBucket" permissions on bucket "birds".'
)
QUOTA = (
    "The account-level service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization "
    "of 0 Instances and a request delta of 1 Instances. Please contact AWS support to request an increase for this "
    "limit."
)
NEW_QUOTA = (
    "The account-level service limit 'ml.g5.xlarge for spot training job usage' is 2 Instances, with current "
    "utilization of 1 Instances and a request delta of 4 Instances. Please use AWS Service Quotas to request an "
    "increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for "
    "this quota."
)
ASSUME = (
    f"Could not assume role {ROLE}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' "
    "to assume the role."
)
DENIED = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: {action} on resource: {resource}"
JOB_ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/birds-1"


def refusal(code: str, message: str, request: Mapping[str, Any] | None = REQUEST) -> Explanation:
    return explain_refusal(code, message, request)


# Code, text, first field, words of the summary.
KNOWN: list[tuple[str, str, str, list[str]]] = [
    ("ValidationException", NO_OBJECTS, "channels.validation.s3_uri", ["s3://birds/validation/", "us-east-1"]),
    ("ValidationException", NO_OBJECTS.replace('"', "'"), "channels.validation.s3_uri", ["s3://birds/validation/"]),
    (
        "ValidationException",
        NO_OBJECTS.upper().replace("S3://BIRDS/VALIDATION/", "s3://birds/train/"),
        "channels.train.s3_uri",
        [],
    ),
    ("ValidationException", ASSUME, "job.role", [ROLE]),
    ("ValidationException", ASSUME.replace("arn:aws:", "arn:aws-cn:"), "job.role", ["arn:aws-cn:iam"]),
    ("ResourceLimitExceeded", QUOTA, "resources.instance_type", ["is 0 instances", "0 in use", "1 asked for"]),
    ("ResourceLimitExceeded", NEW_QUOTA, "resources.instance_type", ["is 2 instances", "1 in use", "4 asked for"]),
    (
        "ResourceLimitExceeded",
        "The account-level service limit 'Longest run time for a training job' is 432000 Seconds, with current "
        "utilization of 0 Seconds and a request delta of 864000 Seconds.",
        "limits.max_runtime",
        ["432000 seconds", "864000 asked for"],
    ),
    (
        "ResourceLimitExceeded",
        "The account-level service limit 'Number of instances across training jobs' is 4 Instances, with current "
        "utilization of 4 Instances and a request delta of 1 Instances.",
        "resources.instance_count",
        ["4 in use"],
    ),
    (
        "ResourceLimitExceeded",
        "The requested resource training-job/ml.p3.2xlarge is not available in this region",
        "resources.instance_type",
        ["ml.p3.2xlarge", "not offered"],
    ),
    (
        "ResourceLimitExceeded",
        "The account-level service limit for training-job/ml.p2.xlarge is 1 Instances, with current utilization of 0 "
        "Instances and a request delta of 2 Instances.",
        "resources.instance_type",
        ['"ml.p2.xlarge for training job usage" is 1 instance:', "2 asked for"],
    ),
    (
        "",
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The requested resource "
        "training-job/ml.t3.medium is not available in this region",
        "resources.instance_type",
        ["ml.t3.medium is not offered"],
    ),
    (
        "ValidationException",
        f"{NO_OBJECTS} Error message from S3: The bucket is in this region: ap-southeast-1. Please use this region to "
        "retry the request",
        "channels.validation.s3_uri",
        ["in us-east-1", "lies in ap-southeast-1"],
    ),
    ("ValidationException", f"{NO_OBJECTS} Error message from S3: Access Denied", "job.role", ["may not list"]),
    (
        "ValidationException",
        f"{NO_OBJECTS} Error message from S3: The specified bucket does not exist",
        "channels.validation.s3_uri",
        ['no bucket "birds"'],
    ),
    (
        "ValidationException",
        "Access denied for repository: processing in registry ID: 123456789012.",
        "algorithm.image",
        ["processing", "123456789012"],
    ),
    (
        "ValidationException",
        "Cannot find the requested image: mine:1. Please check if your ECR image exists",
        "algorithm.image",
        ["no image mine:1,"],
    ),
    ("ValidationException", "Cannot find the requested image:", "algorithm.image", ["image-classification:1"]),
    (
        "ValidationException",
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path.",
        "algorithm.image",
        ["Amazon ECR"],
    ),
    (
        "ValidationException",
        "TrainingImageConfig with TrainingRepositoryAccessMode set to VPC must be provided when using a training image "
        "from a private Docker registry.",
        "algorithm.image",
        ["does not lie in Amazon ECR"],
    ),
    (
        "ValidationException",
        "Invalid DNS suffix 'amazonaws.com' for region 'eu-west-1' in training image. Please provide the valid "
        "<region>.<dns-suffix>: 'us-east-1.amazonaws.com'",
        "algorithm.image",
        ["lies in eu-west-1", "runs in us-east-1"],
    ),
    (
        "ValidationException",
        "Caller is not subscribed to the marketplace offering.",
        "algorithm.image",
        ["AWS Marketplace"],
    ),
    (
        "ValidationException",
        "Could not find model data at s3://birds/train/model.tar.gz.",
        "channels.train.s3_uri",
        ["no model at s3://birds/train/model.tar.gz"],
    ),
    (
        "ValidationException",
        "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        "limits.max_wait",
        ["without the longest time"],
    ),
    ("ResourceLimitExceeded", "Something about a limit.", "resources.instance_type", ["Something about a limit"]),
    (
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({JOB_ARN})",
        "job.name",
        ["birds-1"],
    ),
    ("ResourceInUse", "name taken", "job.name", ["birds-1"]),
    (
        "ValidationException",
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without "
        "specifying metric definitions.",
        "algorithm.metrics",
        [],
    ),
    (
        "ValidationException",
        "You can’t override the metric definitions for Amazon SageMaker algorithms.",
        "algorithm.metrics",
        [],
    ),
    (
        "ValidationException",
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
        "limits.max_wait",
        [],
    ),
    (
        "ValidationException",
        "MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm.",
        "limits.max_wait",
        ["3600"],
    ),
    ("ThrottlingException", "Rate exceeded", "", ["too many requests"]),
    ("SlowDown", "Please reduce your request rate.", "", ["too many requests"]),
    (
        "ValidationException",
        "The request was rejected because the training job is in status Completed",
        "",
        ["Completed"],
    ),
    ("ValidationException", "Requested resource not found.", "", ["no such job"]),
    ("ResourceNotFoundException", "The specified log group does not exist.", "", ["no log yet"]),
    ("ResourceNotFoundException", "The specified log stream does not exist.", "", ["no log yet"]),
    ("NoSuchBucket", "The specified bucket does not exist", "channels.train.s3_uri", ["no bucket"]),
    (
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
        "",
        ["eu-west-1"],
    ),
    ("ExpiredToken", "The provided token has expired.", "", ["expired"]),
    ("ExpiredTokenException", "The security token included in the request is expired", "", ["expired"]),
    ("UnrecognizedClientException", "The security token included in the request is invalid.", "", ["does not know"]),
    (
        "InvalidSignatureException",
        "Signature expired: 20181021T161253Z is now earlier than 20181021T162253Z",
        "",
        ["clock"],
    ),
    (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
        "",
        ["secret key"],
    ),
    ("InternalFailure", "", "", ["error of its own"]),
    (
        "ValidationException",
        "Cannot find repository: sagemaker-model in registry ID: 123456789012 Please check if "
        "your ECR repository exists",
        "algorithm.image",
        ["sagemaker-model", "123456789012"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="sagemaker:CreateTrainingJob", resource=JOB_ARN)
        + " with an explicit deny in a service control policy",
        "",
        ["sagemaker:CreateTrainingJob", "service control policy explicitly denies"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="sagemaker:CreateTrainingJob", resource=JOB_ARN)
        + " because no identity-based policy allows the sagemaker:CreateTrainingJob action",
        "",
        ["no identity-based policy allows"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="sagemaker:CreateTrainingJob", resource=JOB_ARN).replace("arn:aws:", "arn:aws-us-gov:"),
        "",
        ["arn:aws-us-gov:iam"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="sagemaker:CreateTrainingJob", resource=JOB_ARN)
        + " with an explicit deny in an identity-based policy",
        "",
        ["an identity-based policy explicitly denies"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="sagemaker:CreateTrainingJob", resource=JOB_ARN)
        + " because no permissions boundary allows the sagemaker:CreateTrainingJob action",
        "",
        ["no permissions boundary allows"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="iam:PassRole", resource=ROLE)
        + " because no identity-based policy allows the iam:PassRole action",
        "job.role",
        ["iam:PassRole", ROLE],
    ),
    (
        "AccessDenied",
        DENIED.format(action="s3:ListBucket", resource='"arn:aws:s3:::birds"')
        + " because no identity-based policy allows it",
        "channels.train.s3_uri",
        ["s3:ListBucket"],
    ),
    (
        "AccessDeniedException",
        DENIED.format(action="ecr:BatchGetImage", resource="arn:aws:ecr:me-central-1:123456789012:repository/mine")
        + " because no resource-based policy allows the ecr:BatchGetImage action",
        "algorithm.image",
        ["no resource-based policy allows"],
    ),
    ("AccessDenied", "Access Denied", "", ["does not say"]),
    ("403", "Forbidden", "", ["does not say"]),
]


NAMED = [
    ("VolumeKmsKeyId is not supported for instance type ml.g4dn.xlarge.", "resources.volume_kms_key"),
    ("VpcConfig is required when FileSystemDataSource is specified as a data source.", "network.subnets"),
    ("MaxRuntimeInSeconds must be at most 2419200; 2505600 was given.", "limits.max_runtime"),
    ("ResourceConfig is required.", "resources"),
    ("MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is set to true.", "limits.max_wait"),
    ("Invalid MaxWaitTimeInSeconds. It must be equal to or greater than MaxRuntimeInSeconds", "limits.max_wait"),
    ("Duplicate tag keys found. Please note that Tag keys are case insensitive.", "job.tags"),
    ("System tags cannot be added/updated by requester.", "job.tags"),
]


@pytest.mark.parametrize(("message", "field"), NAMED)
def test_a_refusal_that_names_a_member_leads_to_its_field(message: str, field: str) -> None:
    explanation = refusal("ValidationException", message)

    assert explanation.known
    assert explanation.advice[0].field == field


@pytest.mark.parametrize(("code", "message", "field", "words"), KNOWN)
def test_a_refusal_is_explained(code: str, message: str, field: str, words: list[str]) -> None:
    explanation = refusal(code, message)

    assert explanation.known
    assert explanation.advice[0].field == field
    assert all(advice.text for advice in explanation.advice)
    for word in words:
        assert word in explanation.summary


@pytest.mark.parametrize(("code", "message", "field", "words"), KNOWN)
def test_a_refusal_is_explained_without_the_request_too(code: str, message: str, field: str, words: list[str]) -> None:
    assert refusal(code, message, None).known


@pytest.mark.parametrize(("code", "message", "field", "words"), KNOWN)
def test_botocores_own_sentence_around_it_changes_nothing(
    code: str, message: str, field: str, words: list[str]
) -> None:
    wrapped = (
        f"An error occurred ({code}) when calling the CreateTrainingJob operation (reached max retries: 4): {message}"
    )

    assert refusal("", wrapped) == refusal(code, message)


def test_all_four_causes_of_no_objects_are_told() -> None:
    advice = " ".join(one.text for one in refusal("ValidationException", NO_OBJECTS).advice)

    for word in ("name", "region", "prefix", "s3:ListBucket"):
        assert word in advice


def test_the_path_that_the_consoles_roles_have_is_told() -> None:
    arn = "arn:aws:iam::123456789012:role/AmazonSageMaker-ExecutionRole-20180926T219701"

    advice = refusal("ValidationException", ASSUME.replace(ROLE, arn)).advice

    assert "role/service-role/AmazonSageMaker-ExecutionRole-20180926T219701" in advice[0].text


def test_a_quota_of_spot_instances_leads_to_on_demand() -> None:
    fields = [advice.field for advice in refusal("ResourceLimitExceeded", NEW_QUOTA).advice]

    assert "limits.spot" in fields


def test_the_quotas_name_is_the_one_to_ask_for() -> None:
    assert any(
        "ml.p3.2xlarge for training job usage" in one.text for one in refusal("ResourceLimitExceeded", QUOTA).advice
    )


def test_rules_that_run_as_jobs_of_their_own_are_named_where_their_quota_is_reached() -> None:
    message = (
        "The account-level service limit 'Number of instances across all processing jobs' is 4 Instances, with current "
        "utilization of 0 Instances and a request delta of 11 Instances."
    )
    request = {**REQUEST, "DebugRuleConfigurations": [{"RuleConfigurationName": "Loss", "RuleEvaluatorImage": "x"}]}

    explanation = refusal("ResourceLimitExceeded", message, request)

    assert explanation.advice[0].field == "request.DebugRuleConfigurations"


def test_an_algorithm_of_the_marketplace_is_the_field_where_the_account_has_no_subscription() -> None:
    request = {**REQUEST, "AlgorithmSpecification": {"AlgorithmName": "scorer", "TrainingInputMode": "File"}}

    explanation = refusal("ValidationException", "Caller is not subscribed to the marketplace offering.", request)

    assert "scorer" in explanation.summary
    assert explanation.advice[0].field == file_field(("AlgorithmSpecification", "AlgorithmName"), request)


def test_a_subnet_that_a_refusal_names_is_found_in_the_request() -> None:
    request = {**REQUEST, "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-a1", "subnet-b2"]}}

    explanation = refusal("ValidationException", "The subnet ID 'subnet-b2' does not exist", request)

    assert explanation.known
    assert explanation.advice[0].field == "network.subnets.1"


def test_a_subnet_that_is_not_the_requests_stays_unknown() -> None:
    assert not refusal("ValidationException", "The subnet ID 'subnet-b2' does not exist").known


def test_an_unknown_refusal_is_given_back_whole() -> None:
    explanation = refusal("ValidationException", "Something new and unheard of.")

    assert explanation == Explanation("Something new and unheard of.", (), known=False)


CONSTRAINTS: list[tuple[dict[str, Any], str]] = [
    ({"TrainingJobName": "my_birds"}, "job.name"),
    ({"TrainingJobName": "b" * 64}, "job.name"),
    ({"RoleArn": None}, "job.role"),
    ({"RoleArn": "arn:aws:iam::1:role/too-short"}, "job.role"),
    ({"ResourceConfig": {"InstanceType": "ml.p3.2xlarg", "InstanceCount": 1}}, "resources.instance_type"),
    ({"ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": -1}}, "resources.instance_count"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "file"}}, "algorithm.input_mode"),
    ({"OutputDataConfig": {"S3OutputPath": "birds/out"}}, "output.s3_uri"),
    ({"InputDataConfig": []}, "channels"),
    ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "limits.max_runtime"),
    ({"HyperParameters": {"a": "x", "b": "v" * 2501}}, "hyperparameters.b"),
    ({"Environment": {"1a": "x"}}, "job.environment.1a"),
    ({"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["sub_net"]}}, "network.subnets.0"),
    ({"Tags": [{"Key": "a", "Value": "*"}]}, "job.tags.a"),
]


@pytest.mark.parametrize(("members", "field"), CONSTRAINTS)
def test_the_services_constraint_leads_to_the_field(members: dict[str, Any], field: str) -> None:
    request = {**REQUEST, **members}
    message = service_message(violations(create_shape(), request))

    explanation = refusal("ValidationException", message, request)

    assert explanation.known
    assert explanation.advice[0].field == field


def test_several_constraints_are_told_at_once() -> None:
    request = {**REQUEST, "TrainingJobName": "it's; Value 'x' at 'y'", "RoleArn": None}

    explanation = refusal("ValidationException", service_message(violations(create_shape(), request)), request)

    assert {advice.field for advice in explanation.advice} == {"job.name", "job.role"}


def test_a_channel_is_named_by_the_request() -> None:
    message = (
        "1 validation error detected: Value 'S3prefix' at "
        "'inputDataConfig.2.member.dataSource.s3DataSource.s3DataType' failed to satisfy constraint: Member must "
        "satisfy enum value set: [ManifestFile, S3Prefix, AugmentedManifestFile]"
    )

    explanation = refusal("ValidationException", message)

    assert explanation.advice[0].field == "channels.validation.s3_data_type"
    assert '"S3Prefix"' in explanation.advice[0].text


def test_a_bad_name_is_mended() -> None:
    message = (
        "1 validation error detected: Value 'my_birds.v2' at 'trainingJobName' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )

    assert '"my-birds-v2"' in refusal("ValidationException", message, None).advice[0].text


def test_the_newer_wording_of_a_constraint_is_known() -> None:
    message = (
        "1 validation error detected. Value with length 70 at '/trainingJobName' failed to satisfy constraint: Member "
        "must have length between 1 and 63, inclusive"
    )

    explanation = refusal("ValidationException", message, None)

    assert explanation.advice[0].field == "job.name"
    assert "70" in explanation.summary


def test_botocores_own_check_is_explained_by_line() -> None:
    message = (
        "Parameter validation failed:\n"
        'Missing required parameter in ResourceConfig: "InstanceType"\n'
        'Unknown parameter in input: "TrainingJobname", must be one of: TrainingJobName, RoleArn\n'
        "Invalid type for parameter HyperParameters.epochs, value: 5, type: <class 'int'>, valid types: <class 'str'>\n"
        "Invalid length for parameter VpcConfig.SecurityGroupIds, value: 0, valid min length: 1"
    )

    explanation = refusal("ParamValidationError", message)

    assert [one.field for one in explanation.advice] == [
        "resources.instance_type",
        "request.TrainingJobname",
        "hyperparameters.epochs",
        "network.security_groups",
    ]


def test_a_value_of_a_wrong_type_is_found_in_the_request() -> None:
    request = {**REQUEST, "HyperParameters": {"epochs": 25}}

    explanation = refusal("SerializationException", "NUMBER_VALUE can not be converted to a String", request)

    assert explanation.advice[0].field == "hyperparameters.epochs"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ChannelName", "S3Uri", "a"]), inner),
    max_leaves=8,
)
REQUESTS = st.dictionaries(
    st.sampled_from(["InputDataConfig", "ResourceConfig", "HyperParameters", "RoleArn", "AlgorithmSpecification", "x"]),
    JSON,
)
PIECES = st.sampled_from(
    [
        "Value '",
        "' at '",
        "inputDataConfig.0.member.",
        "failed to satisfy constraint: ",
        "Member must satisfy enum value set: [",
        "s3://b/x",
        "limit 'x' is 0 ",
        "User: a is not authorized to perform: iam:PassRole on resource: ",
        "No S3 objects found under S3 URL ",
        "Unknown parameter in input: 'x'",
    ]
)


@given(st.text(max_size=30), st.text(max_size=60) | st.lists(PIECES, max_size=8).map("".join), REQUESTS | st.none())
def test_any_refusal_gets_an_answer(code: str, message: str, request_: dict[str, Any] | None) -> None:
    explanation = explain_refusal(code, message, request_)

    assert explanation.summary
    assert explanation.known or not explanation.advice


@pytest.mark.parametrize(
    "piece", ["Value '", "User: ", "limit 'a' is 1", "s3://", "x at 'a' failed to satisfy constraint: "]
)
def test_a_long_text_is_explained_quickly(piece: str) -> None:
    begin = time.perf_counter()

    explain_refusal("ValidationException", piece * 50_000, REQUEST)

    assert time.perf_counter() - begin < 2
