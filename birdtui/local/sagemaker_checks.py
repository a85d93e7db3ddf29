"""What CreateTrainingJob refuses beyond the model's own limits, in the service's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from birdtui.local.service import ServiceError
from birdtui.spec.instances import NVME_FAMILIES, family

LONGEST_RUN = 28 * 24 * 3600
MOST_TAGS = 50
BUILT_IN = re.compile(r"^\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z0-9.]+/image-classification[:@].+$")
S3_URI = re.compile(r"^s3://(?P<bucket>[^/]+)/?(?P<key>.*)$", re.DOTALL)


class Objects(Protocol):
    """What is asked of S3."""

    def exists(self, bucket: str) -> bool:
        """Whether there is such a bucket."""

    def region(self, bucket: str) -> str:
        """Its region."""

    def objects(self, bucket: str, prefix: str = "") -> list[Any]:
        """The objects under a prefix."""


class Permissions(Protocol):
    """What is asked of IAM."""

    def trusts_sagemaker(self, arn: str) -> bool:
        """Whether SageMaker may take the role."""

    def allows(self, role_arn: str, action: str, resource_arn: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether the role may do something."""


def invalid(text: str) -> ServiceError:
    """A request that the service does not take."""
    return ServiceError("ValidationException", text)


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI; raises ValidationException for any other."""
    match = S3_URI.match(uri)
    if match is None:
        raise invalid(f"Invalid S3 URI: {uri}. The local engine reads s3:// URIs.")
    return match["bucket"], match["key"]


def is_built_in(request: Mapping[str, Any]) -> bool:
    """Whether a request is for the built-in image classification algorithm."""
    image = request.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    return BUILT_IN.match(image or "") is not None


def check_members(request: Mapping[str, Any]) -> None:
    """What excludes or needs what. Raises ValidationException."""
    _check_algorithm(request)
    if "ServerlessJobConfig" not in request:
        _check_resources(request)
    _check_stopping(request)
    check_tags(request.get("Tags") or [])
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig") or []]
    if len(names) != len(set(names)):
        raise invalid("Channel names in the input data configuration must be unique.")
    for channel in request.get("InputDataConfig") or []:
        sources = [source for source, value in channel["DataSource"].items() if value is not None]
        if len(sources) != 1:
            raise invalid(f"Exactly one data source must be given for channel {channel['ChannelName']}.")
        if "FileSystemDataSource" in sources and not request.get("VpcConfig"):
            raise invalid("VpcConfig is required when FileSystemDataSource is specified as a data source.")


def _check_algorithm(request: Mapping[str, Any]) -> None:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        if "ServerlessJobConfig" in request:
            return
        raise invalid("AlgorithmSpecification is required.")
    if bool(algorithm.get("TrainingImage")) == bool(algorithm.get("AlgorithmName")):
        raise invalid(
            "You must specify either TrainingImage or AlgorithmName in AlgorithmSpecification, and not both of them."
        )
    if is_built_in(request) and algorithm.get("MetricDefinitions"):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )


def _check_resources(request: Mapping[str, Any]) -> None:
    config = request.get("ResourceConfig")
    if config is None:
        raise invalid("ResourceConfig is required.")
    single = config.get("InstanceType") is not None
    ways = [bool(config.get("InstanceGroups")), bool(config.get("InstancePreferences")), single]
    if sum(ways) != 1:
        raise invalid("Exactly one of InstanceType, InstanceGroups and InstancePreferences must be given.")
    if single and not config.get("InstanceCount"):
        raise invalid("InstanceCount is required with InstanceType and must be at least 1.")
    if config.get("InstancePreferences") and request.get("EnableManagedSpotTraining"):
        raise invalid("InstancePreferences is not supported when EnableManagedSpotTraining is set to true.")
    kind = config.get("InstanceType") or ""
    if config.get("VolumeKmsKeyId") and family(kind) in NVME_FAMILIES:
        raise invalid(f"VolumeKmsKeyId is not supported for instance type {kind}, which has local NVMe storage.")


def _check_stopping(request: Mapping[str, Any]) -> None:
    stopping = request.get("StoppingCondition") or {}
    run, wait = stopping.get("MaxRuntimeInSeconds", 86_400), stopping.get("MaxWaitTimeInSeconds")
    if run > LONGEST_RUN:
        raise invalid(f"MaxRuntimeInSeconds must be at most {LONGEST_RUN}; {run} was given.")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None:
        raise invalid("MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is set to true.")
    if wait < run:
        raise invalid("Invalid MaxWaitTimeInSeconds. It must be equal to or greater than MaxRuntimeInSeconds")


def check_tags(tags: list[Mapping[str, str]]) -> None:
    """Whether a job may carry these tags."""
    keys = [tag["Key"] for tag in tags]
    if len(keys) > MOST_TAGS:
        raise invalid(f"A resource can have at most {MOST_TAGS} tags; {len(keys)} were given.")
    if len(keys) != len(set(keys)):
        raise invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("System tags cannot be added/updated by requester.")


def check_role(iam: Permissions, role: str) -> None:
    """Whether SageMaker can take the role."""
    if not iam.trusts_sagemaker(role):
        raise invalid(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )


def check_input(objects: Objects, iam: Permissions, request: Mapping[str, Any], region: str) -> None:
    """Whether each S3 channel finds objects there; wrong bucket, region, prefix and rights have one text."""
    role = request["RoleArn"]
    for channel in request.get("InputDataConfig") or []:
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            continue
        bucket, key = split_uri(source["S3Uri"])
        found = (
            objects.exists(bucket)
            and objects.region(bucket) == region
            and iam.allows(role, "s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": key})
            and objects.objects(bucket, key)
        )
        if not found:
            raise invalid(
                f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source. Please ensure that '
                f"the bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and "
                f'that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
            )


def check_quota(kind: str, limit: float, used: int, wanted: int, *, spot: bool) -> None:
    """Whether so many more instances of a type may run."""
    if used + wanted > limit:
        usage = "spot training job usage" if spot else "training job usage"
        raise ServiceError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{kind} for {usage}' is {limit:g} Instances, with current utilization of "
            f"{used} Instances and a request delta of {wanted} Instances. Please use AWS Service Quotas to request an "
            "increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an "
            "increase for this quota.",
        )
