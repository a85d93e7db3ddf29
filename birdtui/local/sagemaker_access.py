"""What CreateTrainingJob asks of other services before it takes a job: its role, its data, the account's quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from birdtui.local.job_records import Job
from birdtui.local.locations import split_uri
from birdtui.local.quotas import ALL_INSTANCES, LONGEST_RUN, quota_name
from birdtui.local.sagemaker_checks import DEFAULT_RUN, invalid
from birdtui.local.service import ServiceError


class Objects(Protocol):
    """What is asked of S3."""

    def exists(self, bucket: str) -> bool:
        """Whether there is such a bucket."""

    def region(self, bucket: str) -> str:
        """Its region."""

    def objects(self, bucket: str, prefix: str = "") -> Sequence[Any]:
        """The objects under a prefix."""


class Permissions(Protocol):
    """What is asked of IAM."""

    def trusts_sagemaker(self, arn: str) -> bool:
        """Whether SageMaker may take the role."""

    def allows(self, role_arn: str, action: str, resource_arn: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether the role may do something."""


class Limits(Protocol):
    """What is asked of Service Quotas."""

    def value(self, name: str) -> float:
        """The applied value of a quota by its name."""


def check_role(iam: Permissions, role: str) -> None:
    """Whether SageMaker can take the role. Raises ValidationException."""
    if not iam.trusts_sagemaker(role):
        raise invalid(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )


def check_input(objects: Objects, iam: Permissions, request: Mapping[str, Any], region: str) -> None:
    """Whether each S3 channel finds objects; wrong bucket, region, prefix and rights have one text.

    Raises ValidationException.
    """
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


def check_quotas(quotas: Limits, job: Job, running: Sequence[Job]) -> None:
    """Whether so many instances may run, of each type and in all, and for so long. Raises ResourceLimitExceeded."""
    seconds = job.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_RUN)
    _check_quota(quotas, LONGEST_RUN, "Seconds", 0, seconds)
    like = [other for other in running if other.is_spot == job.is_spot]
    used = Counter(instance.type for other in like for instance in other.instances)
    for kind, wanted in _wanted(job).items():
        _check_quota(quotas, quota_name(kind, spot=job.is_spot), "Instances", used[kind], wanted)
    total = sum(len(other.instances) for other in running)
    _check_quota(quotas, ALL_INSTANCES, "Instances", total, len(job.instances))


def _wanted(job: Job) -> Mapping[str, int]:
    """How many instances of each type a job may take: of all types it would accept, not of the chosen one alone."""
    config = job.request.get("ResourceConfig", {})
    preferences = config.get("InstancePreferences")
    if not preferences:
        return Counter(instance.type for instance in job.instances)
    return {entry["InstanceType"]: entry.get("InstanceCount") or config["InstanceCount"] for entry in preferences}


def _check_quota(quotas: Limits, name: str, unit: str, used: int, wanted: int) -> None:
    limit = quotas.value(name)
    if used + wanted > limit:
        raise ServiceError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{name}' is {limit:.0f} {unit}, with current utilization of {used} "
            f"{unit} and a request delta of {wanted} {unit}. Please use AWS Service Quotas to request an increase for "
            "this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this "
            "quota.",
        )
