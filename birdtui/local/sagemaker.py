"""Training jobs: create, describe, list, stop, delete, tags. The running itself is runner.py's."""

from __future__ import annotations

import base64
import copy
import json
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from birdtui.local import sagemaker_checks
from birdtui.local.iam import IamService
from birdtui.local.job_records import SCHEMA, Job, JobRecords
from birdtui.local.logs import LogsService
from birdtui.local.quotas import QuotaService
from birdtui.local.runner import INTERNAL_ERROR, Run, Surroundings
from birdtui.local.s3 import S3Service
from birdtui.local.sagemaker_checks import invalid
from birdtui.local.sagemaker_describe import describe, summary
from birdtui.local.service import ACCOUNT, Operation, Request, ServiceError
from birdtui.local.store import Store

_SORT = {"Name": "name", "CreationTime": "created", "Status": "status"}
_TIMES = {
    "CreationTimeAfter": "created > ?",
    "CreationTimeBefore": "created < ?",
    "LastModifiedTimeAfter": "modified > ?",
    "LastModifiedTimeBefore": "modified < ?",
}


class TrainingJobService:
    """SageMaker, as far as training jobs go."""

    def __init__(self, store: Store, s3: S3Service, logs: LogsService, iam: IamService, quotas: QuotaService) -> None:
        self._records = JobRecords(store)
        self._around = Surroundings(store.scratch, s3, logs, iam)
        self._s3 = s3
        self._iam = iam
        self._quotas = quotas
        self._runs: dict[str, Run] = {}
        self._creating = threading.Lock()
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
        """End the jobs that an earlier engine left running: nothing runs for them any more."""
        for job in self._records.running():
            with self._records.changing(job.name) as orphan:
                orphan.fail(INTERNAL_ERROR)

    def close(self) -> None:
        """End what runs; those jobs are failed when the engine starts again."""
        runs = list(self._runs.values())
        for run in runs:
            run.abandon()
        for run in runs:
            run.join()

    # operations

    def _create(self, request: Request) -> Mapping[str, Any]:
        given = _plain(request.parameters)
        sagemaker_checks.check_members(given)
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags") or []}
        now = time.time()
        name = given["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{request.region}:{ACCOUNT}:training-job/{name}"
        job = Job(name, arn, now, now, "InProgress", "Starting", given, tags)
        job.enter("Starting", "Starting the training job")
        with self._creating:
            # the name comes first: who asks twice must hear of the job, not of what it uses
            self._check_name(name)
            sagemaker_checks.check_role(self._iam, given["RoleArn"])
            sagemaker_checks.check_input(self._s3, self._iam, given, request.region)
            self._check_quotas(job)
            self._records.add(job)
        run = Run(self._records, self._around, job)
        self._runs = {key: value for key, value in self._runs.items() if value.is_alive()} | {name: run}
        run.start()
        return {"TrainingJobArn": arn}

    def _check_name(self, name: str) -> None:
        row = self._records.page("name", None, 1, descending=False, where={"name = ?": name})
        if row:
            raise ServiceError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job with this name "
                f"already exists ({row[0]['arn']})",
            )

    def _check_quotas(self, job: Job) -> None:
        running = [other for other in self._records.running() if other.is_spot == job.is_spot]
        for kind, wanted in job.instances.items():
            used = sum(other.instances.get(kind, 0) for other in running)
            limit = self._quotas.limit(kind, spot=job.is_spot)
            sagemaker_checks.check_quota(kind, limit, used, wanted, spot=job.is_spot)

    def _describe(self, request: Request) -> Mapping[str, Any]:
        return describe(self._records.find(request.parameters["TrainingJobName"]))

    def _list(self, request: Request) -> Mapping[str, Any]:
        """The page is cut first and filtered by status then, as the service does it: it may be empty and go on."""
        given = request.parameters
        column = _SORT[given.get("SortBy", "CreationTime")]
        limit = given.get("MaxResults", 10)
        where: dict[str, Any] = {
            condition: _seconds(given[name]) for name, condition in _TIMES.items() if given.get(name) is not None
        }
        if given.get("NameContains"):
            where["instr(name, ?) > 0"] = given["NameContains"]
        for unheld in ("WarmPoolStatusEquals", "TrainingPlanArnEquals"):
            if given.get(unheld):
                where["? IS NULL"] = given[unheld]  # no job here has a warm pool or a plan
        after = _token_place(given.get("NextToken"), column)
        descending = given.get("SortOrder", "Ascending") == "Descending"
        rows = self._records.page(column, after, limit + 1, descending=descending, where=where)
        shown = rows[:limit]
        wanted = given.get("StatusEquals")
        answer: dict[str, Any] = {
            "TrainingJobSummaries": [summary(row) for row in shown if wanted is None or row["status"] == wanted]  # type: ignore[arg-type]
        }
        if len(rows) > limit:
            answer["NextToken"] = _token(column, shown[-1][column], shown[-1]["name"])
        return answer

    def _stop(self, request: Request) -> Mapping[str, Any]:
        name = request.parameters["TrainingJobName"]
        job = self._records.find(name)
        if job.is_over:
            raise invalid(f"The request was rejected because the training job is in status {job.status}.")
        run = self._runs.get(name)
        if run is not None:
            run.stop()
        return {}

    def _delete(self, request: Request) -> Mapping[str, Any]:
        name = request.parameters["TrainingJobName"]
        job = self._records.find(name)
        if not job.is_over:
            raise invalid(f"The request was rejected because the training job is in status {job.status}.")
        self._records.delete(name)
        return {}

    def _add_tags(self, request: Request) -> Mapping[str, Any]:
        tags = request.parameters["Tags"]
        with self._records.changing(self._named(request)) as job:
            merged = {**job.tags, **{tag["Key"]: tag["Value"] for tag in tags}}
            sagemaker_checks.check_tags([{"Key": key, "Value": value} for key, value in merged.items()])
            job.tags = merged
        return {"Tags": _tag_list(merged)}

    def _delete_tags(self, request: Request) -> Mapping[str, Any]:
        with self._records.changing(self._named(request)) as job:
            job.tags = {key: value for key, value in job.tags.items() if key not in request.parameters["TagKeys"]}
        return {}

    def _list_tags(self, request: Request) -> Mapping[str, Any]:
        tags = _tag_list(self._records.find(self._named(request)).tags)
        start = int(request.parameters.get("NextToken") or 0)
        limit = request.parameters.get("MaxResults", 50)
        answer: dict[str, Any] = {"Tags": tags[start : start + limit]}
        return {**answer, "NextToken": str(start + limit)} if start + limit < len(tags) else answer

    def _named(self, request: Request) -> str:
        return self._records.by_arn(request.parameters["ResourceArn"]).name


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in copy.deepcopy(dict(parameters)).items() if value is not None}


def _seconds(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)


def _token(column: str, value: Any, name: str) -> str:
    return base64.b64encode(json.dumps([column, value, name]).encode()).decode()


def _token_place(token: str | None, column: str) -> tuple[Any, str] | None:
    if not token:
        return None
    try:
        told, value, name = json.loads(base64.b64decode(token, validate=True))
    except ValueError:
        raise invalid("Invalid NextToken.") from None
    if told != column:
        raise invalid("Invalid NextToken: it belongs to a request with another SortBy.")
    return value, name


__all__ = ["SCHEMA", "TrainingJobService"]
