"""Training jobs: create, describe, list, stop, delete, tags. The running itself is runner.py's."""

from __future__ import annotations

import copy
import shutil
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from birdtui.local import sagemaker_access, sagemaker_checks
from birdtui.local.iam import IamService
from birdtui.local.job_records import SCHEMA, Job, JobRecords, now
from birdtui.local.logs import LogsService
from birdtui.local.paging import BadToken, page
from birdtui.local.quotas import QuotaService
from birdtui.local.runner import STOP_SECONDS, Run, Surroundings
from birdtui.local.s3 import S3Service
from birdtui.local.sagemaker_checks import invalid
from birdtui.local.sagemaker_describe import describe
from birdtui.local.sagemaker_listing import list_jobs
from birdtui.local.service import ACCOUNT, Operation, Request, ServiceError
from birdtui.local.store import Store

_MOST_TAGS_A_PAGE = 50


class TrainingJobService:
    """SageMaker, as far as training jobs go."""

    def __init__(
        self,
        store: Store,
        s3: S3Service,
        logs: LogsService,
        iam: IamService,
        quotas: QuotaService,
        *,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        """`stop_seconds` is how long a container may go on after SIGTERM before it is killed."""
        self._records = JobRecords(store)
        self._around = Surroundings(store.scratch, s3, logs, iam, stop_seconds)
        self._s3 = s3
        self._iam = iam
        self._quotas = quotas
        self._runs: dict[str, Run] = {}
        self._changing = threading.Lock()
        self.operations: Mapping[str, Operation] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
            "DeleteTrainingJob": self._delete,
            "AddTags": self._add_tags,
            "DeleteTags": self._delete_tags,
            "ListTags": self._list_tags,
        }

    # for the engine

    def running(self) -> int:
        """How many jobs are not over."""
        return len(self._records.running())

    def recover(self) -> None:
        """End the jobs that an earlier engine left running, and clear away what they worked on."""
        for job in self._records.running():
            with self._records.changing(job.name) as orphan:
                orphan.abandon()
        for leftover in self._around.scratch.iterdir():
            shutil.rmtree(leftover, ignore_errors=True)

    def close(self) -> None:
        """End what runs; those jobs are failed when the engine starts again."""
        with self._changing:
            runs = list(self._runs.values())
        for run in runs:
            run.abandon()
        for run in runs:
            run.join()

    # operations

    def _create(self, request: Request) -> Mapping[str, Any]:
        given = copy.deepcopy(dict(request.parameters))
        sagemaker_checks.check_members(given, request.region)
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags") or []}
        name, created = given["TrainingJobName"], now()
        arn = f"arn:aws:sagemaker:{request.region}:{ACCOUNT}:training-job/{name}"
        job = Job(name, arn, created, created, "InProgress", "Starting", given, tags)
        job.enter("Starting", "Starting the training job")
        with self._changing:
            # the name comes first: who asks twice must hear of the job, not of what it uses
            self._check_name(name)
            sagemaker_access.check_role(self._iam, given["RoleArn"])
            sagemaker_access.check_input(self._s3, self._iam, given, request.region)
            sagemaker_access.check_quotas(self._quotas, job, self._records.running())
            run = Run(self._records, self._around, job)
            self._records.add(job)
            self._runs = {other: one for other, one in self._runs.items() if not one.is_over} | {name: run}
            run.start()
        return {"TrainingJobArn": arn}

    def _check_name(self, name: str) -> None:
        other = self._records.get(name)
        if other is not None:
            raise ServiceError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job with this name "
                f"already exists ({other.arn})",
            )

    def _describe(self, request: Request) -> Mapping[str, Any]:
        return describe(self._records.find(request.parameters["TrainingJobName"]))

    def _list(self, request: Request) -> Mapping[str, Any]:
        return list_jobs(self._records, request.parameters)

    def _stop(self, request: Request) -> Mapping[str, Any]:
        name = request.parameters["TrainingJobName"]
        with self._changing:
            with self._records.changing(name) as job:
                if job.is_over:
                    raise _in_status(job)
                if job.status != "Stopping":
                    job.enter("Stopping", "Stopping the training job", status="Stopping")
            self._runs[name].stop()
        return {}

    def _delete(self, request: Request) -> Mapping[str, Any]:
        name = request.parameters["TrainingJobName"]
        with self._changing:
            job = self._records.find(name)
            if not job.is_over:
                raise _in_status(job)
            self._records.delete(name)
        return {}

    def _add_tags(self, request: Request) -> Mapping[str, Any]:
        tags = request.parameters["Tags"]
        sagemaker_checks.check_tags(tags)
        with self._records.changing(self._named(request)) as job:
            job.tags = {**job.tags, **{tag["Key"]: tag["Value"] for tag in tags}}
            sagemaker_checks.check_tags(_tag_list(job.tags))
        return {"Tags": _tag_list(job.tags)}

    def _delete_tags(self, request: Request) -> Mapping[str, Any]:
        with self._records.changing(self._named(request)) as job:
            job.tags = {key: value for key, value in job.tags.items() if key not in request.parameters["TagKeys"]}
        return {}

    def _list_tags(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        tags = sorted(_tag_list(self._records.find(self._named(request)).tags), key=_key)
        limit = min(given.get("MaxResults", _MOST_TAGS_A_PAGE), _MOST_TAGS_A_PAGE)
        try:
            shown, token = page(tags, _key, given.get("NextToken"), limit)
        except BadToken:
            raise invalid("Invalid NextToken.") from None
        return {"Tags": shown, **({"NextToken": token} if token else {})}

    def _named(self, request: Request) -> str:
        return self._records.by_arn(request.parameters["ResourceArn"]).name


def _in_status(job: Job) -> ServiceError:
    return invalid(f"The request was rejected because the training job is in status {job.status}.")


def _tag_list(tags: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _key(tag: Mapping[str, str]) -> str:
    return tag["Key"]


__all__ = ["SCHEMA", "TrainingJobService"]
