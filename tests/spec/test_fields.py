"""A member of the request by its path in the file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.spec.diff import settings as spec_settings
from birdtui.spec.fields import file_field
from birdtui.spec.job import JobSpec

REQUEST: dict[str, Any] = {
    "InputDataConfig": [{"ChannelName": "train"}, {"ChannelName": "a.b"}],
    "Tags": [{"Key": "cost center", "Value": "7"}],
}
S3 = ("DataSource", "S3DataSource")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("TrainingJobName",), "job.name"),
        (("RoleArn",), "job.role"),
        (("Tags",), "job.tags"),
        (("Tags", 0, "Value"), 'job.tags."cost center"'),
        (("Environment", "HOME"), "job.environment.HOME"),
        (("AlgorithmSpecification", "TrainingImage"), "algorithm.image"),
        (("AlgorithmSpecification", "ContainerEntrypoint"), "algorithm.ContainerEntrypoint"),
        (("AlgorithmSpecification",), "algorithm"),
        (("ResourceConfig", "InstanceType"), "resources.instance_type"),
        (("ResourceConfig", "InstanceGroups", 0, "InstanceType"), "resources.InstanceGroups.0.InstanceType"),
        (("StoppingCondition", "MaxWaitTimeInSeconds"), "limits.max_wait"),
        (("StoppingCondition", "MaxPendingTimeInSeconds"), "limits.MaxPendingTimeInSeconds"),
        (("EnableManagedSpotTraining",), "limits.spot"),
        (("HyperParameters", "num_classes"), "hyperparameters.num_classes"),
        (("HyperParameters", "a.b"), 'hyperparameters."a.b"'),
        (("InputDataConfig",), "channels"),
        (("InputDataConfig", 0), "channels.train"),
        (("InputDataConfig", 0, "ChannelName"), "channels.train"),
        (("InputDataConfig", 0, *S3, "S3Uri"), "channels.train.s3_uri"),
        (("InputDataConfig", 1, *S3, "AttributeNames", 0), 'channels."a.b".attribute_names.0'),
        (("InputDataConfig", 0, *S3, "InstanceGroupNames"), "channels.train.InstanceGroupNames"),
        (("InputDataConfig", 0, "ShuffleConfig", "Seed"), "channels.train.shuffle_seed"),
        (
            ("InputDataConfig", 0, "DataSource", "FileSystemDataSource", "FileSystemId"),
            "channels.train.DataSource.FileSystemDataSource.FileSystemId",
        ),
        (("InputDataConfig", 5, "ChannelName"), "request.InputDataConfig.5.ChannelName"),
        (("OutputDataConfig", "S3OutputPath"), "output.s3_uri"),
        (("VpcConfig", "Subnets", 0), "network.subnets.0"),
        (("EnableNetworkIsolation",), "network.isolation"),
        (("CheckpointConfig", "LocalPath"), "checkpoints.local_path"),
        (("RetryStrategy", "MaximumRetryAttempts"), "request.RetryStrategy.MaximumRetryAttempts"),
        (("Colour",), "request.Colour"),
        ((), ""),
    ],
)
def test_a_member_has_its_field(path: tuple[str | int, ...], field: str) -> None:
    assert file_field(path, REQUEST) == field


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_every_single_value_has_the_field_it_is_written_under(
    legal_requests: st.SearchStrategy[dict[str, Any]], data: st.DataObject
) -> None:
    request = data.draw(legal_requests)
    written = spec_settings(JobSpec(request))
    for name, value in request.items():
        if name not in {"Tags", "InputDataConfig"} and not isinstance(value, dict):
            assert file_field((name,), request) in written
