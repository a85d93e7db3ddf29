"""What a failed job's reason means: the sentence, the numbers taken out of it, and the field that comes first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.explain import Explanation, explain_failure
from birdtui.spec.image_classification import HYPERPARAMETERS, container_error

ROLE = "arn:aws:iam::123456789012:role/service-role/Mine"


def job(**members: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
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
        "HyperParameters": {"mini_batch_size": "24"},
    }
    return {**request, **members}


OTHER = {"TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1", "TrainingInputMode": "File"}

# Reason, first field, words of the summary.
KNOWN: list[tuple[str, str, list[str]]] = [
    (f"ClientError: SageMaker was unable to assume the role '{ROLE}'", "job.role", [ROLE]),
    (
        "ClientError: Data download failed:Could not download s3://birds/validation/x.rec: 403 Forbidden",
        "job.role",
        ["s3://birds/validation/x.rec", "403"],
    ),
    (
        "ClientError: Data download failed:Unable to download object s3://birds/train/x (AccessDenied: Access Denied)",
        "job.role",
        ["s3://birds/train/x"],
    ),
    ("ClientError: Data download failed:NoSuchKey (404): s3://birds/train/x", "channels.train.s3_uri", ["s3://birds"]),
    (
        "ClientError: Data download failed:Unable to parse augmented manifest, error in line: 17",
        "channels.train.s3_uri",
        ["line 17"],
    ),
    (
        "ClientError: Data download failed:Please ensure that the subnet's route table has a route to an S3 VPC "
        "endpoint or a NAT device, and both the security groups and the subnet's network ACL allow outbound traffic to "
        "S3.",
        "network.subnets",
        ["S3"],
    ),
    ("ClientError: Data download failed: FastFile prefix must end with a slash", "channels.train.s3_uri", ["slash"]),
    ("ClientError: Data download failed:No space left on device", "resources.volume_gb", ["50 GB"]),
    ("ClientError: Data download failed:something else", "channels.train.s3_uri", ["something else"]),
    (
        "ClientError: Artifact upload failed:Error 403: Access Denied",
        "job.role",
        ["write the output"],
    ),
    (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
        "type.",
        "resources.instance_type",
        ["ml.p3.2xlarge"],
    ),
    (
        "CapacityError: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
        "Please retry using a different ML instance type or after some time.",
        "resources.instance_type",
        ["no quota"],
    ),
    ("InternalServerError: We encountered an internal error.  Please try again.", "", ["error of its own"]),
    (
        "ClientError: Additional hyperparameters are not allowed ('num_epochs' was unexpected) (caused by "
        "ValidationError)",
        "hyperparameters.num_epochs",
        ["num_epochs"],
    ),
    (
        "ClientError: Additional hyperparameters are not allowed (u'num_epochs', u'x' were unexpected) (caused by "
        "ValidationError)",
        "hyperparameters.num_epochs",
        ["num_epochs", "x"],
    ),
    (
        "ClientError: The value 'ftrl' is not valid for the 'optimizer' hyperparameter which accepts one of the "
        "following: 'sgd', 'adam', 'rmsprop', 'nag' (caused by ValidationError)",
        "hyperparameters.optimizer",
        ["ftrl"],
    ),
    (
        "ClientError: The value '0' is not valid for the 'epochs' hyperparameter which expects one of the following: a "
        "string which matches the pattern '^([1-9][0-9]*)$'; or an integer greater than 1 (caused by ValidationError)",
        "hyperparameters.epochs",
        ['"0"'],
    ),
    (
        "ClientError: No value(s) were specified for 'num_classes', 'num_training_samples' which are required "
        "hyperparameter(s) (caused by ValidationError)",
        "hyperparameters.num_classes",
        ["num_training_samples"],
    ),
    (
        "ClientError: Mismatch between number of labels in the multi-label data (5) and the num_classes parameter (4).",
        "hyperparameters.num_classes",
        ["5 labels", "num_classes is 4"],
    ),
    (
        "ClientError: The number of input images must be bigger or equal to the mini_batch_size.",
        "hyperparameters.mini_batch_size",
        ["24"],
    ),
    ("ClientError: Invalid lst file in the train channel.", "channels.train.s3_uri", ["train channel"]),
    (
        "ClientError: Unable to start training. Empty .rec file in train channel., exit code: 2",
        "channels.train.s3_uri",
        ["train channel"],
    ),
    ("Multiple RecordIO files found in the train channel", "channels.train.s3_uri", ["several"]),
    ("ClientError: Multiple RecordIO files found in the validation channel", "channels.validation.s3_uri", ["several"]),
    (
        "ClientError: Invalid RecordIO format. Please make sure that the RecordIO files are not corrupted.",
        "channels.train.content_type",
        ["RecordIO"],
    ),
    (
        "ClientError: Unable to parse record. Please make sure input data is in correct recordio format.",
        "channels.train.content_type",
        ["RecordIO"],
    ),
    ("AlgorithmError: u'pos_cls_weights' (caused by KeyError)", "hyperparameters.use_weighted_loss", ["weights"]),
    ("AlgorithmError: cudaMalloc failed: out of memory", "hyperparameters.mini_batch_size", ["GPU", "ml.p3.2xlarge"]),
    ("AlgorithmError: , exit code: 137", "resources.instance_type", ["137"]),
    (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
        "instance.",
        "resources.instance_type",
        ["memory"],
    ),
    (
        "ClientError: Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
        "ValidationError)\n\nCaused by: u'validation' is a required property",
        "channels.validation.s3_uri",
        ["validation"],
    ),
    (
        "ClientError: Label 4 in the train channel is out of range: labels must be from 0 to num_classes - 1, and "
        "num_classes is 4.",
        "hyperparameters.num_classes",
        ["label 4", "num_classes is 4"],
    ),
    (
        "ClientError: Data download failed:Failed to download data. For FastFile mode, partial S3 prefix is not "
        "supported. Current S3 prefix: [validation], found S3 object: [validation-old/x.csv].",
        "channels.train.s3_uri",
        ['"validation"', "validation-old/x.csv"],
    ),
    ("ClientError: S3 key: s3://birds/train/x.csv matched no files on s3", "channels.train.s3_uri", ["s3://birds"]),
    (
        "ClientError: Data download failed: Failed to download data. ListObjectsV2 failed for s3://birds/train/. : "
        "Unable to execute request to S3",
        "",
        ["could not be reached for s3://birds/train/."],
    ),
    (
        "ClientError: Data download failed:PermanentRedirect (301): The bucket is in this region: eu-west-1.",
        "channels.train.s3_uri",
        ["in eu-west-1"],
    ),
    ("ClientError: Data download failed:NoSuchKey (404): Gone.", "channels.train.s3_uri", ["there: NoSuchKey"]),
    (
        "AlgorithmError: framework error: ClientError: An error occurred (403) when calling the HeadObject operation: "
        "Forbidden",
        "job.role",
        ["403"],
    ),
    (
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The account-level service limit "
        "'ml.m5.xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances and a request "
        "delta of 1 Instances. Retry not appropriate on execution of step",
        "resources.instance_type",
        ["1 asked for"],
    ),
    (
        "ClientError: Not enough annotation packed in the list file or the RecordIO file.",
        "channels.train.s3_uri",
        ["five numbers"],
    ),
    ("ClientError: Invalid parameter value 'label_width'. Too small.", "hyperparameters.label_width", ["Too small"]),
    (
        "ClientError: Blankspace and colon not found in firstline '1 4 ...' of file 'x.tmp'. ContentType by defaullt "
        "is in libsvm.",
        "channels.train.content_type",
        ["x.tmp"],
    ),
    ("ClientError: Failed to load libsvm data with exception: x", "channels.train.content_type", ["libsvm"]),
    ("ClientError: Hidden file found in the data path! Remove that.", "channels.train.s3_uri", ["hidden file"]),
    ("ClientError: train channel is not specified.", "channels.train", ["channel called train"]),
    (
        "ClientError: Failed to validate input data configuration. (caused by ValidationError) Caused by: "
        "{u'TrainingInputMode': u'Pipe'} is not valid under any of the given schemas Failed validating u'oneOf' in "
        "schema[u'properties'][u'validation']",
        "channels.validation.content_type",
        ["validation channel", "no content type", "TrainingInputMode Pipe"],
    ),
    (
        "ClientError: Mismatch between number of labels in the multi-label data (5) and the num_classes parameter (5).",
        "channels.train.s3_uri",
        ["counts 5 of both"],
    ),
    ("ClientError: label 200 is greater than num_classes", "hyperparameters.num_classes", ["label 200"]),
    ("ClientError: image size must be larger than 32", "hyperparameters.image_shape", ["larger than 32"]),
    (
        'AlgorithmError: ExecuteUserScriptError: ErrorMessage "train.py: error: unrecognized arguments: --lr 0.1"',
        "hyperparameters.lr",
        ["--lr"],
    ),
    (
        'AlgorithmError: ExecuteUserScriptError: ErrorMessage "x.py: error: the following arguments are required: '
        '--data"',
        "hyperparameters.data",
        ["--data"],
    ),
    (
        "AlgorithmError: ExecuteUserScriptError: ErrorMessage \"ModuleNotFoundError: No module named 'bird'\"",
        "",
        ['"bird"'],
    ),
    (
        'ClientError: exec: "train": executable file not found in $PATH',
        "algorithm.ContainerEntrypoint",
        ['"train"'],
    ),
    ("ClientError: Could not find model data at s3://birds/train/m", "channels.train.s3_uri", ["no model at"]),
]


@pytest.mark.parametrize(("reason", "field", "words"), KNOWN)
def test_a_failure_is_explained(reason: str, field: str, words: list[str]) -> None:
    explanation = explain_failure(reason, job())

    assert explanation.known
    assert explanation.advice[0].field == field
    assert all(advice.text for advice in explanation.advice)
    for word in words:
        assert word in explanation.summary


@pytest.mark.parametrize(("reason", "field", "words"), KNOWN)
@pytest.mark.parametrize("change", ["ClientError", "upper", "quotes", "blanks", "suffix", "request"])
def test_small_changes_of_a_text_change_nothing(reason: str, field: str, words: list[str], change: str) -> None:
    request: Mapping[str, Any] | None = job()
    if change == "upper" and "'" not in reason and "s3://" not in reason:
        reason = reason.upper()
    elif change == "quotes":
        reason = reason.replace("'", "’")
    elif change == "blanks":
        reason = reason.replace(" ", "  ")
    elif change == "suffix":
        reason = f"{reason}, exit code: 2"
    elif change == "request":
        request = None

    assert explain_failure(reason, request).known


def test_an_unknown_failure_is_given_back_whole() -> None:
    reason = "AlgorithmError: the moon is in the wrong phase, exit code: 1"

    assert explain_failure(reason, job()) == Explanation(reason, (), known=False)


def test_a_value_of_a_wrong_type_is_found_among_the_hyperparameters() -> None:
    reason = "ClientError: Hyperparameters validation failed. Caused by: u'24' is not of type u'boolean'"

    assert explain_failure(reason, job()).advice[0].field == "hyperparameters.mini_batch_size"
    assert not explain_failure(reason).known


def test_s3_out_of_reach_from_a_network_of_ones_own_leads_to_its_routes() -> None:
    reason = "ClientError: Data download failed: ListObjectsV2 failed for s3://b/ : Unable to execute request to S3"
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}

    assert explain_failure(reason, job(VpcConfig=network)).advice[0].field == "network.subnets"


@pytest.mark.parametrize("code", [1, 127, 139])
def test_an_exit_code_alone_is_no_explanation(code: int) -> None:
    assert not explain_failure(f"AlgorithmError: , exit code: {code}", job()).known


def test_a_failure_without_a_reason_says_so() -> None:
    assert explain_failure("", job()) == Explanation("The service gave no reason.", (), known=False)


def test_the_log_explains_what_the_reason_does_not() -> None:
    lines = [
        "[10/21/2018 16:14:04 ERROR 139701434767168] Customer Error: Mismatch between number of labels in the "
        "multi-label data (5) and the num_classes parameter (4).",
        "Traceback (most recent call last):",
    ]

    explanation = explain_failure("AlgorithmError: , exit code: 1", job(), lines)

    assert explanation.advice[0].field == "hyperparameters.num_classes"


def test_memory_of_the_gpu_is_found_in_the_log() -> None:
    lines = ["[16:14:04] src/storage/storage.cc:119: cudaMalloc failed: out of memory"]

    explanation = explain_failure("AlgorithmError: Unknown error, exit code: 1", job(), lines)

    assert explanation.advice[0].field == "hyperparameters.mini_batch_size"
    assert "24" in explanation.advice[0].text


def test_memory_of_the_gpu_comes_before_a_kill() -> None:
    explanation = explain_failure("AlgorithmError: , exit code: 137", job(), ["CUDA error: out of memory"])

    assert explanation.advice[0].field == "hyperparameters.mini_batch_size"


def test_the_reason_comes_before_the_log() -> None:
    reason = "ClientError: The number of input images must be bigger or equal to the mini_batch_size."

    explanation = explain_failure(reason, job(), ["cudaMalloc failed: out of memory"])

    assert explanation.advice[0].field == "hyperparameters.mini_batch_size"
    assert "images" in explanation.summary


def test_the_nearest_hyperparameter_is_told() -> None:
    reason = "ClientError: Additional hyperparameters are not allowed ('num_epochs' was unexpected)"

    assert '"epochs"' in explain_failure(reason).advice[0].text


def test_a_hyperparameter_of_another_algorithm_gets_no_guess() -> None:
    reason = "ClientError: Additional hyperparameters are not allowed ('num_epochs' was unexpected)"

    assert "epochs" not in explain_failure(reason, job(AlgorithmSpecification=OTHER)).advice[0].text


def test_a_removed_hyperparameter_is_to_be_left_out() -> None:
    reason = "ClientError: Additional hyperparameters are not allowed ('use_lr_scheduler' was unexpected)"

    assert "Leave it out" in explain_failure(reason, job()).advice[0].text


def test_a_name_with_a_blank_is_a_quoted_field() -> None:
    reason = "ClientError: Additional hyperparameters are not allowed ('augmentation type' was unexpected)"

    explanation = explain_failure(reason, job())

    assert explanation.advice[0].field == 'hyperparameters."augmentation type"'
    assert '"augmentation_type"' in explanation.advice[0].text


def test_a_reason_that_was_cut_is_still_known() -> None:
    reason = (
        "ClientError: The value 'ftrl' is not valid for the 'optimizer' hyperparameter which accepts one of the foll"
    )

    assert explain_failure(reason, job()).advice[0].field == "hyperparameters.optimizer"


@pytest.mark.parametrize(
    "values",
    [
        {"num_epochs": "1"},
        {"a'b": "1"},
        {},
        *({"num_classes": "4", "num_training_samples": "9", name: "?"} for name in HYPERPARAMETERS),
    ],
)
def test_every_error_of_the_container_is_recognised_cut_as_the_service_cuts_it(values: dict[str, str]) -> None:
    error = container_error(values)

    explanation = explain_failure(f"ClientError: {error}"[:1024], job())

    assert error is not None
    assert explanation.known
    assert explanation.advice[0].field.startswith("hyperparameters.")


def test_a_prefix_without_a_slash_is_named_where_several_files_were_found() -> None:
    channels = job()["InputDataConfig"]
    channels[0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://birds/train"

    advice = explain_failure("Multiple RecordIO files found in the train channel", job(InputDataConfig=channels)).advice

    assert '"s3://birds/train/"' in advice[0].text


def test_the_whole_bucket_is_named_where_several_files_were_found() -> None:
    channels = job()["InputDataConfig"]
    channels[0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://birds"

    advice = explain_failure("Multiple RecordIO files found in the train channel", job(InputDataConfig=channels)).advice

    assert '"s3://birds/train/"' in advice[0].text


def test_the_list_channel_is_at_fault_where_there_is_one() -> None:
    channels = [*job()["InputDataConfig"], {"ChannelName": "train_lst", "DataSource": {}}]

    explanation = explain_failure("ClientError: Invalid lst file in the train channel.", job(InputDataConfig=channels))

    assert explanation.advice[0].field == "channels.train_lst.s3_uri"


def test_the_manifests_channel_is_at_fault() -> None:
    channels = job()["InputDataConfig"]
    channels[1]["DataSource"]["S3DataSource"]["S3DataType"] = "AugmentedManifestFile"

    explanation = explain_failure(
        "ClientError: Data download failed: Unable to parse augmented manifest, error in line: 3",
        job(InputDataConfig=channels),
    )

    assert explanation.advice[0].field == "channels.validation.s3_uri"


def test_a_wrapper_around_records_is_at_fault_for_records_that_cannot_be_read() -> None:
    channels = job()["InputDataConfig"]
    channels[0]["RecordWrapperType"] = "RecordIO"

    explanation = explain_failure("ClientError: Invalid RecordIO format.", job(InputDataConfig=channels))

    assert explanation.advice[0].field == "channels.train.record_wrapper"


def test_a_spot_job_without_capacity_may_run_on_demand() -> None:
    explanation = explain_failure("CapacityError: none", job(EnableManagedSpotTraining=True))

    assert "limits.spot" in [advice.field for advice in explanation.advice]


def test_an_instance_group_is_named_by_its_own_field() -> None:
    resources = {"InstanceGroups": [{"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "InstanceGroupName": "g"}]}

    explanation = explain_failure("CapacityError: none", job(ResourceConfig=resources))

    assert explanation.advice[0].field == "resources.InstanceGroups.0.InstanceType"


PIECES = st.sampled_from(
    [
        "ClientError: ",
        "Data download failed: ",
        "s3://b/x ",
        "403 ",
        "Additional hyperparameters are not allowed (",
        "The value '",
        "' is not valid for the '",
        "Mismatch between number of labels (",
        "Multiple RecordIO files in the ",
        " channel",
        "\x1b[31m",
        "exit code: 137",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ChannelName", "S3Uri", "a"]), inner),
    max_leaves=8,
)


@given(
    st.text(max_size=60) | st.lists(PIECES, max_size=8).map("".join),
    st.none() | st.dictionaries(st.sampled_from(["InputDataConfig", "ResourceConfig", "HyperParameters", "x"]), JSON),
    st.lists(st.text(max_size=30) | PIECES, max_size=4),
)
def test_any_reason_gets_an_answer(reason: str, request_: dict[str, Any] | None, lines: list[str]) -> None:
    explanation = explain_failure(reason, request_, lines)

    assert explanation.summary
    assert explanation.known or not explanation.advice


@pytest.mark.parametrize(
    "piece", ["download ", "the value '", "multiple recordio files in the ", "fast file ", "no .rec file "]
)
def test_a_long_text_is_explained_quickly(piece: str) -> None:
    begin = time.perf_counter()

    explain_failure(piece * 50_000, job(), [piece * 1000] * 100)

    assert time.perf_counter() - begin < 3
