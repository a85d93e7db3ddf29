"""A job that ran, as DescribeTrainingJob tells of it, back to a spec that can be submitted again.

Members are taken by an allow-list at every depth, from the service model's CreateTrainingJob: captured answers hold
members that no public model knows. What is left out is told with its reason; what only the author can decide is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from birdtui.spec.fields import file_field
from birdtui.spec.images import recognise
from birdtui.spec.job import JobSpec, in_model_order, name_stem
from birdtui.spec.service_model import Shape, create_shape, output_shape

_KMS_SHAPES = {"KmsKeyId"}
_JOB_HYPERPARAMETERS = ("sagemaker_job_name", "sagemaker_submit_directory", "_tuning_objective_metric", "_kfold")
_REPORT_RULE = re.compile(r"ProfilerReport-\d+")
_READ_ONLY = {("ResourceConfig", "SelectedInstanceType"), ("ResourceConfig", "SelectedInstanceCount")}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A member that is not carried over: its path in the service's names, and why.

    `notable` is false for what only says how the job went (status, times, metrics): no author set that.
    """

    path: str
    reason: str
    notable: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """Something carried over that may be unwanted in another job: the field in the file, and what to think of."""

    field: str
    text: str


def clone(description: Mapping[str, Any], tags: Sequence[Mapping[str, Any]] = ()) -> tuple[JobSpec, list[Dropped]]:
    """A spec that makes the same job again under a new name, and what it leaves out.

    `description` is a DescribeTrainingJob answer, `tags` what ListTags says of the job's ARN (a description has none).
    An explicit false is kept; a null is dropped at every depth. `questions` tells what to ask before submitting.
    """
    # Search tells a job's tags within it, an event as a map.
    tags = tags or _tags(description.get("Tags"))
    request, dropped = allowed({name: value for name, value in description.items() if name != "Tags"})
    _drop_refused(request, dropped)
    if kept := [dict(tag) for tag in tags if not str(tag.get("Key", "")).startswith("aws:")]:
        request["Tags"] = kept
    dropped += [
        Dropped(f"Tags.{tag['Key']}", "the service sets tags that begin with aws: itself")
        for tag in tags
        if str(tag.get("Key", "")).startswith("aws:")
    ]
    if isinstance(name := request.get("TrainingJobName"), str):
        request["TrainingJobName"] = name_stem(name)
    return JobSpec(in_model_order(request)), dropped


def _tags(told: Any) -> list[Mapping[str, Any]]:
    if isinstance(told, Mapping):
        return [{"Key": key, "Value": value} for key, value in told.items()]
    return [tag for tag in told if isinstance(tag, Mapping)] if isinstance(told, (list, tuple)) else []


def allowed(members: Mapping[str, Any]) -> tuple[dict[str, Any], list[Dropped]]:
    """What of these members CreateTrainingJob knows, at every depth and without nulls, and what it does not."""
    dropped: list[Dropped] = []
    return _allowed(create_shape(), members, (), dropped), dropped


def questions(spec: JobSpec) -> list[Question]:
    """What an author should look at before a job made from another is submitted."""
    request = spec.request
    asked: list[Question] = []

    def ask(path: tuple[str | int, ...], text: str) -> None:
        asked.append(Question(file_field(path, request), text))

    if _inner(request, "CheckpointConfig").get("S3Uri"):
        text = "the new job resumes from the checkpoints there and overwrites them: keep, change the URI, or remove?"
        ask(("CheckpointConfig", "S3Uri"), text)
    if request.get("ExperimentConfig"):
        ask(("ExperimentConfig",), "the new job joins the same experiment, where its trial's name may clash: keep?")
    for name in _JOB_HYPERPARAMETERS:
        if name in spec.hyperparameters:
            ask(("HyperParameters", name), f"carries what belongs to the old job ({spec.hyperparameters[name]}): keep?")
    rules = request.get("ProfilerRuleConfigurations") or ()
    for index, rule in enumerate(rules):
        if isinstance(rule, Mapping) and _REPORT_RULE.fullmatch(str(rule.get("RuleConfigurationName", ""))):
            ask(("ProfilerRuleConfigurations", index), "an older SDK added this report by itself: keep?")
    return asked


def _allowed(shape: Shape, value: Any, path: tuple[str, ...], dropped: list[Dropped]) -> Any:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        kept: dict[str, Any] = {}
        for name, inner in value.items():
            here = (*path, name)
            if inner is None:
                dropped.append(Dropped(".".join(here), "null stands for absent", notable=name in shape.members))
            elif name not in shape.members:
                dropped.append(_unknown(here))
            else:
                kept[name] = _allowed(shape.members[name], inner, here, dropped)
        return kept
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        items = enumerate(value)
        return [_allowed(shape.member, item, (*path, str(at)), dropped) for at, item in items if item is not None]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {name: inner for name, inner in value.items() if inner is not None}
    return value


def _unknown(path: tuple[str, ...]) -> Dropped:
    answer = output_shape("sagemaker", "DescribeTrainingJob").members
    if len(path) == 1 and (path[0] in answer or path[0] == "ResponseMetadata"):
        return Dropped(path[0], "says how the job went; CreateTrainingJob does not take it", notable=False)
    return Dropped(".".join(path), "CreateTrainingJob knows no such member")


def _drop_refused(request: dict[str, Any], dropped: list[Dropped]) -> None:
    """Take out what the service fills in by itself and then refuses, or what would say something else next time."""
    _prune(create_shape(), request, (), dropped)
    algorithm = request.get("AlgorithmSpecification")
    if isinstance(algorithm, dict):
        _drop_from_algorithm(algorithm, dropped)
    stopping = request.get("StoppingCondition")
    if (
        isinstance(stopping, dict)
        and "MaxWaitTimeInSeconds" in stopping
        and not request.get("EnableManagedSpotTraining")
    ):
        del stopping["MaxWaitTimeInSeconds"]
        dropped.append(Dropped("StoppingCondition.MaxWaitTimeInSeconds", "only a spot job may have a longest wait"))


def _drop_from_algorithm(algorithm: dict[str, Any], dropped: list[Dropped]) -> None:
    if algorithm.get("AlgorithmName") and algorithm.pop("TrainingImage", None):
        reason = "AlgorithmName stands for the image; the service takes one of the two"
        dropped.append(Dropped("AlgorithmSpecification.TrainingImage", reason))
    found = recognise(str(algorithm.get("TrainingImage") or ""))
    if found and found.algorithm and "MetricDefinitions" in algorithm:
        del algorithm["MetricDefinitions"]
        reason = f"the service adds those of {found.algorithm} by itself and refuses them in a request"
        dropped.append(Dropped("AlgorithmSpecification.MetricDefinitions", reason))


def _prune(shape: Shape, value: Any, path: tuple[str, ...], dropped: list[Dropped]) -> None:
    """Drop, at every depth: empty keys, zero volumes, empty lists that must not be empty, read-only members."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in list(value):
            member = shape.members[name]
            if reason := _filled_in(member, value[name], (*path, name)):
                del value[name]
                dropped.append(Dropped(".".join((*path, name)), reason))
            else:
                _prune(member, value[name], (*path, name), dropped)
    elif shape.type_name == "list" and isinstance(value, list):
        for at, item in enumerate(value):
            _prune(shape.member, item, (*path, str(at)), dropped)


def _filled_in(shape: Shape, value: Any, path: tuple[str, ...]) -> str | None:
    if path in _READ_ONLY:
        return "says which instances the service chose; it cannot be set"
    if shape.name in _KMS_SHAPES and value == "":
        return "an empty key stands for none"
    if path[-1] == "VolumeSizeInGB" and value == 0:
        return "a zero that the service filled in"
    if shape.type_name == "structure" and value == {} and shape.required_members:
        return "an empty structure stands for none, and the service refuses it"
    if shape.type_name == "list" and value == [] and shape.metadata.get("min", 0) > 0:
        return "an empty list stands for none, and the service refuses it"
    return None


def _inner(request: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = request.get(member)
    return value if isinstance(value, Mapping) else {}


def told(dropped: Iterable[Dropped]) -> list[str]:
    """A sentence for each member left out that an author may have set."""
    return [f"{one.path} is left out: {one.reason}" for one in dropped if one.notable]
