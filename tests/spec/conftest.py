"""Requests made up from the service model itself: every member, every union, every map, within the model's limits."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import strategies as st

from birdtui.spec.service_model import create_shape, matches

TEXT = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(
        [
            "25",
            "0.1",
            "0.10",
            "1e-8",
            "true",
            "-0",
            "007",
            "1_0",
            "nan",
            "+1",
            "1.",
            "9" * 30,
            "\x00\x7f",
            "'",
            '"""',
            "a\\d",
            "# no",
            "",
            " ",
        ]
    ),
)
SHAPES: dict[str, Any] = {}
EXAMPLES = {
    "TrainingJobName": ["birds", "a--b", "x" * 63],
    "RoleArn": ["arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-20180926T21970"],
    "S3Uri": ["s3://birds/", "s3://birds/train/", "https://s3.amazonaws.com/birds/a b"],
    "FileSystemId": ["fs-0123456789abcdef0", "fs-01234567"],
    "HubDataSetArn": ["arn:aws:sagemaker:us-east-1:aws:hub-content/hub/DataSet/birds/1.0.0"],
    "ServerlessJobBaseModelArn": ["arn:aws:sagemaker:us-east-1:000000000000:hub-content/hub/Model/m/1.0.0"],
    "ArnOrName": ["my-algorithm", "arn:aws:sagemaker:us-east-1:000000000000:algorithm/a"],
    "TrainingRepositoryCredentialsProviderArn": ["arn:aws:lambda:us-east-1:000000000000:function:f"],
    "MlFlowResourceArn": ["arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/m"],
    "ModelPackageGroupArn": ["arn:aws:sagemaker:us-east-1:000000000000:model-package-group/g"],
    "ModelPackageArn": ["arn:aws:sagemaker:us-east-1:000000000000:model-package/g/1"],
    "TrainingPlanArn": ["arn:aws:sagemaker:us-east-1:000000000000:training-plan/p"],
    "ChannelName": ["train", "validation", "train_lst", "a.b", "-", "0"],
    "ExperimentEntityName": ["e", "my-trial"],
    "SequenceLength": ["1K", "32K"],
    "KmsKeyId": ["", "alias/birds", "arn:aws:kms:us-east-1:000000000000:key/0-1"],
    "SecurityGroupId": ["sg-0123", "sg-4567"],
    "SubnetId": ["subnet-0123"],
    "TagKey": ["owner", "a.b", "cost center", "é"],
    "TagValue": ["", "me", "x=1"],
    "TrainingEnvironmentKey": ["HOME", "_x1"],
}


@cache
def legal(shape_name: str) -> st.SearchStrategy[Any]:
    shape = SHAPES[shape_name]
    kind = shape.type_name
    if kind == "structure":
        members = {name: legal(member.name) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if kind == "list":
        return st.lists(
            legal(shape.member.name),
            min_size=shape.metadata.get("min", 0),
            max_size=min(3, shape.metadata.get("max", 3)),
        )
    if kind == "map":
        return st.dictionaries(legal(shape.key.name), legal(shape.value.name), max_size=3)
    if kind == "boolean":
        return st.booleans()
    if kind in {"integer", "long"}:
        least, most = shape.metadata.get("min", -(2**31)), shape.metadata.get("max", 2**31 - 1)
        likely = [number for number in (0, 1, 60, 90, 3600, 86400) if least <= number <= most]
        return st.integers(least, most) | st.sampled_from(likely)
    return legal_text(shape)


def legal_text(shape: Any) -> st.SearchStrategy[str]:
    if shape.metadata.get("enum"):
        return st.sampled_from(shape.metadata["enum"])
    if shape.name in EXAMPLES:
        return st.sampled_from(EXAMPLES[shape.name])
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 10_000)
    pattern = shape.metadata.get("pattern", "")
    return TEXT.filter(lambda text: least <= len(text) <= most and (not pattern or matches(pattern, text)))


@st.composite
def legal_request(draw: st.DrawFn) -> dict[str, Any]:
    # A composite has a short name; the strategy within would print as 40 kB in every failure.
    _collect(create_shape())
    request: dict[str, Any] = draw(legal(create_shape().name))
    return request


def _collect(shape: Any) -> None:
    if shape.name in SHAPES:
        return
    SHAPES[shape.name] = shape
    inner = {
        "structure": lambda: list(shape.members.values()),
        "list": lambda: [shape.member],
        "map": lambda: [shape.key, shape.value],
    }
    for member in inner.get(shape.type_name, list)():
        _collect(member)


@pytest.fixture(scope="session")
def legal_requests() -> st.SearchStrategy[dict[str, Any]]:
    """Every request that the service model allows, with the difficult texts likelier than chance has them."""
    return legal_request()
