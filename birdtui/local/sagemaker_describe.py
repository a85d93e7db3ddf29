"""A job as DescribeTrainingJob and ListTrainingJobs tell it: members absent, empty or filled in as the service does."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from birdtui.local.job_records import Job, Transition
from birdtui.local.sagemaker_checks import DEFAULT_RUN, built_in, runs_here

BUILT_IN_METRICS = (
    ("train:accuracy", r"Epoch\S* Train-accuracy=(\S*)"),
    ("train:accuracy:epoch", r"Epoch\S* Train-accuracy=(\S*)"),
    ("validation:accuracy", r"Epoch\S* Validation-accuracy=(\S*)"),
    ("validation:accuracy:epoch", r"Epoch\S* Validation-accuracy=(\S*)"),
)
"""What the service adds to a description of the built-in algorithm, and refuses in a request."""

_NOT_TOLD = frozenset({"Tags", "SessionChainingConfig", "TrainingJobName"})
_TIMES = ("TrainingStartTime", "TrainingEndTime")


def moment(seconds: float) -> datetime:
    """A time in the service's own type, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def describe(job: Job) -> dict[str, Any]:
    """DescribeTrainingJob's answer at this moment."""
    told: dict[str, Any] = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary,
        **{name: value for name, value in copy.deepcopy(job.request).items() if name not in _NOT_TOLD},
        "CreationTime": moment(job.created),
        "LastModifiedTime": moment(job.modified),
        "SecondaryStatusTransitions": [_transition(entry) for entry in job.transitions],
        **copy.deepcopy(job.facts),
    }
    for name in _TIMES:
        if name in told:
            told[name] = moment(told[name])
    for metric in told.get("FinalMetricDataList", []):
        metric["Timestamp"] = moment(metric["Timestamp"])
    _fill_in(told, job)
    return told


def _transition(entry: Transition) -> dict[str, Any]:
    told = {"Status": entry.status, "StartTime": moment(entry.start), "StatusMessage": entry.message}
    return told if entry.end is None else {**told, "EndTime": moment(entry.end)}


def _fill_in(told: dict[str, Any], job: Job) -> None:
    """What the service puts in where the author wrote nothing, and leaves out where he wrote an empty map."""
    if not told.get("HyperParameters", True):
        del told["HyperParameters"]
    if "AlgorithmSpecification" in told:
        _fill_in_algorithm(told["AlgorithmSpecification"], job.request)
    for channel in told.setdefault("InputDataConfig", []):
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
        source = channel["DataSource"].get("S3DataSource")
        if source is not None:
            source.setdefault("S3DataDistributionType", "FullyReplicated")
    told["OutputDataConfig"].setdefault("KmsKeyId", "")
    if "ResourceConfig" in told:
        told["ResourceConfig"].setdefault("VolumeSizeInGB", 0)
        if job.selected is not None:
            kind, count = job.selected
            told["ResourceConfig"] |= {"SelectedInstanceType": kind, "SelectedInstanceCount": count}
    told.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", DEFAULT_RUN)
    for switch in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        told.setdefault(switch, False)
    told.setdefault("ProfilingStatus", "Disabled")


def _fill_in_algorithm(algorithm: dict[str, Any], request: Mapping[str, Any]) -> None:
    if runs_here(request):
        algorithm["MetricDefinitions"] = [{"Name": name, "Regex": regex} for name, regex in BUILT_IN_METRICS]
    algorithm.setdefault("EnableSageMakerMetricsTimeSeries", built_in(request) is not None)


def summary(row: Mapping[str, Any]) -> dict[str, Any]:
    """A job as ListTrainingJobs tells it."""
    told = {
        "TrainingJobName": row["name"],
        "TrainingJobArn": row["arn"],
        "CreationTime": moment(row["created"]),
        "LastModifiedTime": moment(row["modified"]),
        "TrainingJobStatus": row["status"],
        "SecondaryStatus": row["secondary"],
    }
    return {**told, "TrainingEndTime": moment(row["ended"])} if row["ended"] is not None else told
