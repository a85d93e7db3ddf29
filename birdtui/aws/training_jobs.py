"""Training jobs: created once, described, listed, stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.session import Session
from birdtui.aws.slowdown import Slowdown
from birdtui.spec.findings import Advice

NOT_FOUND = "Requested resource not found"
"""What DescribeTrainingJob says of an unknown name; the code is a ValidationException."""

PAGE_JOBS = 100
LOOKUPS = (0.0, 0.5, 1.5)
"""Seconds to wait before each look for a job whose create call was not answered."""
_CLOCK_GRAIN = timedelta(seconds=90)
_UNANSWERED = {
    "InternalFailure",
    "InternalServerError",
    "InternalError",
    "ServiceUnavailable",
    "500",
    "502",
    "503",
    "504",
}


@dataclass(frozen=True)
class JobPage:
    """TrainingJobSummary entries, newest first; `next_token` leads to older ones and is None at the end."""

    jobs: tuple[Mapping[str, Any], ...]
    next_token: str | None


class TrainingJobs:
    """The training jobs of an account and region. Every method raises AwsProblem."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _client(self) -> Any:
        return self._session.client("sagemaker")

    @property
    def slowdown(self) -> Slowdown:
        """How slowly to poll at present, like all who poll in this session."""
        return self._session.slowdown

    def create(self, request: Mapping[str, Any]) -> str:
        """Create the job and give its ARN. Sent once, whatever happens.

        When no answer comes (a timeout, a lost connection, an error inside AWS) the name is looked up: a job that was
        made since the call is this one, and its ARN is the answer. Otherwise the problem says what is known.
        """
        client = self._session.client("sagemaker", retries=False)
        sent = datetime.now(UTC)
        try:
            with translated(request):
                return str(client.create_training_job(**request)["TrainingJobArn"])
        except AwsProblem as problem:
            if not (problem.is_unreachable or is_passing(problem)):
                raise
            return self._look_for(str(request["TrainingJobName"]), sent, problem)

    def _look_for(self, name: str, sent: datetime, problem: AwsProblem) -> str:
        """The ARN of a job whose create call was not answered, or the problem with what is known of it."""
        try:
            for wait in LOOKUPS:
                threading.Event().wait(wait)
                found = self._find(name)
                if found is not None and _was_made_since(found, sent):
                    return str(found["TrainingJobArn"])
        except AwsProblem as lost:
            text = (
                f"It is not known whether {name} was created: the call was not answered, and AWS cannot be asked. "
                f"Look before creating it again: birdtui --watch {name}"
            )
            raise _with_advice(lost, text) from problem
        taken = f"a job named {name} exists, but from before" if found is not None else f"there is no job named {name}"
        raise _with_advice(problem, f"The call was not answered and nothing was created: {taken}.") from problem

    def _find(self, name: str) -> Mapping[str, Any] | None:
        try:
            with translated():
                answer: Mapping[str, Any] = self._client.describe_training_job(TrainingJobName=name)
                return answer
        except AwsProblem as problem:
            if is_not_found(problem):
                return None
            raise

    def renew(self) -> None:
        """Read the credentials anew with the next call: the ones in use have expired."""
        self._session.renew()

    def describe(self, name: str, *, retries: bool = True) -> dict[str, Any]:
        """The job as DescribeTrainingJob gives it; asked once only without `retries`, for who asks again anyway."""
        client = self._session.client("sagemaker", retries=retries)
        with translated():
            answer: dict[str, Any] = client.describe_training_job(TrainingJobName=name)
        answer.pop("ResponseMetadata", None)
        return answer

    def page(
        self,
        *,
        limit: int = PAGE_JOBS,
        next_token: str | None = None,
        status: str | None = None,
        name_contains: str | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> JobPage:
        """A page of jobs, newest first; `filters` are further members of ListTrainingJobs.

        The service cuts a page first and filters it then, so a page can be empty and still lead on: empty pages are
        passed over, and only the end gives none.
        """
        request: dict[str, Any] = {
            "MaxResults": min(max(limit, 1), PAGE_JOBS),
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            **(filters or {}),
        }
        optional = {"NextToken": next_token, "StatusEquals": status, "NameContains": name_contains}
        request |= {name: value for name, value in optional.items() if value}
        while True:
            with translated():
                answer = self._client.list_training_jobs(**request)
            jobs: Sequence[Mapping[str, Any]] = answer.get("TrainingJobSummaries", ())
            token = answer.get("NextToken")
            if jobs or not token:
                return JobPage(tuple(jobs), token or None)
            request["NextToken"] = token

    def iterate(
        self,
        *,
        status: str | None = None,
        name_contains: str | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        """Every job, newest first, a page asked for when the last one is used up."""
        token: str | None = None
        while True:
            page = self.page(next_token=token, status=status, name_contains=name_contains, filters=filters)
            yield from page.jobs
            token = page.next_token
            if token is None:
                return

    def stop(self, name: str) -> None:
        """Ask the service to stop a job; it gets up to 120 s to end by itself, and what it saved so far is kept."""
        with translated():
            self._client.stop_training_job(TrainingJobName=name)

    def tags(self, arn: str) -> list[dict[str, str]]:
        """The job's tags, those of the system among them."""
        found: list[dict[str, str]] = []
        request = {"ResourceArn": arn}
        while True:
            with translated():
                answer = self._client.list_tags(**request)
            found += [{"Key": str(tag["Key"]), "Value": str(tag["Value"])} for tag in answer.get("Tags", ())]
            token = answer.get("NextToken")
            if not token:
                return found
            request["NextToken"] = token


def is_not_found(problem: AwsProblem) -> bool:
    """Whether the service does not know the job's name."""
    return problem.code in {"ValidationException", "ResourceNotFound"} and NOT_FOUND in problem.message


def is_passing(problem: AwsProblem) -> bool:
    """Whether AWS itself failed: asking again later can help, and what was asked may have been done all the same."""
    return problem.code in _UNANSWERED


def _was_made_since(found: Mapping[str, Any], sent: datetime) -> bool:
    """Whether a described job was made after a call was sent; ages are taken by the service's own clock."""
    headers = found.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        now_there = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        now_there = datetime.now(UTC)
    age: timedelta = now_there - found["CreationTime"]
    return age <= datetime.now(UTC) - sent + _CLOCK_GRAIN


def _with_advice(problem: AwsProblem, text: str) -> AwsProblem:
    return AwsProblem(
        problem.code,
        problem.message,
        exit_code=problem.exit_code,
        advice=(Advice("", text), *problem.advice),
        throttled=problem.throttled,
        expired=problem.expired,
    )
