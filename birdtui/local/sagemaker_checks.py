"""What CreateTrainingJob refuses beyond the model's own limits, in the service's words: members that exclude or need
one another.

Texts that are known from real refusals are kept word for word (`reference/training-jobs.md` and public issues); the
others say the same fact in the service's manner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from birdtui.local.locations import split_uri
from birdtui.local.service import ServiceError
from birdtui.spec import images
from birdtui.spec.images import ImageReference
from birdtui.spec.instances import NVME_FAMILIES, family

LONGEST_RUN = 28 * 24 * 3600
LONGEST_WAIT_WITHOUT_CHECKPOINTS = 3600
DEFAULT_RUN = 24 * 3600
MOST_TAGS = 50
_CHECKPOINTING = frozenset({"image-classification", "object-detection", "semantic-segmentation", "xgboost"})
"""Built-in algorithms that save checkpoints, by the guide's page on managed spot training."""


def invalid(text: str) -> ServiceError:
    """A request that the service does not take."""
    return ServiceError("ValidationException", text)


def image_of(request: Mapping[str, Any]) -> ImageReference | None:
    """The training image of a request, taken apart; None where it lies in no ECR registry, or none is given."""
    return images.recognise(request.get("AlgorithmSpecification", {}).get("TrainingImage") or "")


def built_in(request: Mapping[str, Any]) -> str | None:
    """The name of the built-in algorithm that a request is for, told by account and repository."""
    image = image_of(request)
    return None if image is None or image.misplaced else image.algorithm


def runs_here(request: Mapping[str, Any]) -> bool:
    """Whether the engine's own trainer stands for what a request is for."""
    return built_in(request) == "image-classification"


def check_members(request: Mapping[str, Any], region: str) -> None:
    """What excludes or needs what, for a request that the model allows. Raises ValidationException."""
    if "ServerlessJobConfig" not in request:
        _check_presence(request)
    if "AlgorithmSpecification" in request:
        _check_algorithm(request, region)
    if "ResourceConfig" in request:
        _check_resources(request)
    _check_stopping(request)
    split_uri(request["OutputDataConfig"]["S3OutputPath"])
    check_tags(request.get("Tags") or [])
    _check_channels(request)


def _null(*places: str) -> ServiceError:
    texts = [f"Value null at '{place}' failed to satisfy constraint: Member must not be null" for place in places]
    return invalid(f"{len(texts)} validation error{'s'[: len(texts) - 1]} detected: {'; '.join(texts)}")


def _check_presence(request: Mapping[str, Any]) -> None:
    """Members that the model calls optional for the sake of serverless jobs, and every other job needs."""
    needed = {
        "AlgorithmSpecification": "algorithmSpecification",
        "ResourceConfig": "resourceConfig",
        "StoppingCondition": "stoppingCondition",
    }
    missing = [place for member, place in needed.items() if member not in request]
    if missing:
        raise _null(*missing)


def _check_algorithm(request: Mapping[str, Any], region: str) -> None:
    algorithm = request["AlgorithmSpecification"]
    if bool(algorithm.get("TrainingImage")) == bool(algorithm.get("AlgorithmName")):
        raise invalid(
            "You must specify either TrainingImage or AlgorithmName in AlgorithmSpecification, and not both of them."
        )
    image = image_of(request)
    if image is None:
        return
    if image.region != region:
        suffix = image.uri.partition("/")[0].partition(f".{image.region}.")[2]
        raise invalid(
            f"Invalid DNS suffix '{suffix}' for region '{image.region}' in training image. Please provide the valid "
            f"<region>.<dns-suffix>: '{region}.{images.domain(region)}'"
        )
    if image.misplaced:
        raise invalid(
            f"Cannot find repository: {image.repository} in registry ID: {image.account} Please check if your ECR "
            f"repository exists and role {request['RoleArn']} has proper pull permissions for SageMaker."
        )
    if image.algorithm is not None and algorithm.get("MetricDefinitions"):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )


def _check_resources(request: Mapping[str, Any]) -> None:
    config = request["ResourceConfig"]
    for member in ("SelectedInstanceType", "SelectedInstanceCount"):
        if member in config:
            raise invalid(f"{member} is read-only and is not accepted in CreateTrainingJob requests.")
    _check_choice(request, config)
    for place, count in _counts(config):
        if count < 1:
            raise invalid(
                f"1 validation error detected: Value '{count}' at '{place}' failed to satisfy constraint: Member must "
                "have value greater than or equal to 1"
            )
    for kind in instance_types(config):
        if config.get("VolumeKmsKeyId") and family(kind) in NVME_FAMILIES:
            raise invalid(
                f"VolumeKmsKeyId is not supported for instance type {kind}: it has local NVMe storage, which is "
                "encrypted by the instance itself."
            )


_SINGLE = ("InstanceType", "InstanceCount")


def _check_choice(request: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Instances are named in one way: one type, groups of types, or types to choose from."""
    if config.get("InstancePreferences"):
        _check_preferences(request, config)
    elif config.get("InstanceGroups"):
        for member in _SINGLE:
            if config.get(member) is not None:
                raise invalid(f"{member} and InstanceGroups are mutually exclusive in ResourceConfig.")
    elif "ServerlessJobConfig" not in request:
        missing = [f"resourceConfig.{part[0].lower()}{part[1:]}" for part in _SINGLE if config.get(part) is None]
        if missing:
            raise _null(*missing)


def _check_preferences(request: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """InstancePreferences' rules stand in the service model's own documentation."""
    for member in ("InstanceType", "InstanceGroups", "InstancePlacementConfig"):
        if config.get(member):
            raise invalid(f"InstancePreferences and {member} are mutually exclusive in ResourceConfig.")
    if request.get("EnableManagedSpotTraining"):
        raise invalid("InstancePreferences is not supported when EnableManagedSpotTraining is set to true.")
    preferences = config["InstancePreferences"]
    if len({entry["InstanceType"] for entry in preferences}) < len(preferences):
        raise invalid("An instance type can appear only once in InstancePreferences.")
    if config.get("TrainingPlanArn") and any(entry.get("TrainingPlanArns") for entry in preferences):
        raise invalid("TrainingPlanArns in InstancePreferences and TrainingPlanArn are mutually exclusive.")
    counted = {entry.get("InstanceCount") is not None for entry in preferences}
    if len(counted) != 1 or counted == {config.get("InstanceCount") is not None}:
        raise invalid(
            "InstanceCount must be set either on every entry of InstancePreferences or once in ResourceConfig, and not "
            "in both places."
        )


def _counts(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every number of instances that a request names, and where."""
    if config.get("InstanceCount") is not None:
        yield "resourceConfig.instanceCount", config["InstanceCount"]
    for member in ("InstanceGroups", "InstancePreferences"):
        for number, entry in enumerate(config.get(member) or [], 1):
            if entry.get("InstanceCount") is not None:
                place = f"resourceConfig.{member[0].lower()}{member[1:]}.{number}.member.instanceCount"
                yield place, entry["InstanceCount"]


def instance_types(config: Mapping[str, Any]) -> list[str]:
    """Every instance type that a ResourceConfig names."""
    entries = [config, *(config.get("InstanceGroups") or []), *(config.get("InstancePreferences") or [])]
    return [entry["InstanceType"] for entry in entries if entry.get("InstanceType")]


def _check_stopping(request: Mapping[str, Any]) -> None:
    stopping = request.get("StoppingCondition") or {}
    run, wait = stopping.get("MaxRuntimeInSeconds", DEFAULT_RUN), stopping.get("MaxWaitTimeInSeconds")
    if run > LONGEST_RUN:
        raise invalid(f"Invalid MaxRuntimeInSeconds. It must be less than or equal to {LONGEST_RUN}; {run} was given")
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
    algorithm = built_in(request)
    if algorithm and algorithm not in _CHECKPOINTING and wait > LONGEST_WAIT_WITHOUT_CHECKPOINTS:
        raise invalid(
            f"MaxWaitTimeInSeconds above {LONGEST_WAIT_WITHOUT_CHECKPOINTS} is not supported for the given algorithm."
        )


def _check_channels(request: Mapping[str, Any]) -> None:
    channels = request.get("InputDataConfig") or []
    groups = {group["InstanceGroupName"] for group in request.get("ResourceConfig", {}).get("InstanceGroups") or []}
    for name, count in Counter(channel["ChannelName"] for channel in channels).items():
        if count > 1:
            raise invalid(f"Channel names must be unique in InputDataConfig; {name} is given {count} times.")
    for channel in channels:
        sources = [source for source, value in channel["DataSource"].items() if value is not None]
        if len(sources) != 1:
            raise invalid(f"Exactly one data source must be given for channel {channel['ChannelName']}.")
        if "FileSystemDataSource" in sources and not request.get("VpcConfig"):
            raise invalid("VpcConfig is required when FileSystemDataSource is specified as a data source.")
        for name in (channel["DataSource"].get("S3DataSource") or {}).get("InstanceGroupNames") or []:
            if name not in groups:
                raise invalid(
                    f"Channel {channel['ChannelName']} names the instance group {name}, which does not exist."
                )


def check_tags(tags: Sequence[Mapping[str, str]]) -> None:
    """Whether a job may carry these tags. Raises ValidationException."""
    keys = [tag["Key"].lower() for tag in tags]
    if len(keys) > MOST_TAGS:
        raise invalid(f"A resource can have at most {MOST_TAGS} tags; {len(keys)} were given.")
    if len(keys) != len(set(keys)):
        raise invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in keys):
        raise invalid("System tags cannot be added/updated by requester.")
