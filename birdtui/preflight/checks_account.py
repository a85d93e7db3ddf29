"""Whether the caller may create the job, hand its role over, and read its log."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from birdtui.aws.logs import GROUP
from birdtui.preflight.case import Case, Check, ok
from birdtui.spec.findings import Finding, Level

SIMULATE = "iam:SimulatePrincipalPolicy"


def account_checks(case: Case) -> Iterator[Check]:
    """The caller's own permissions, one check for each thing it will do."""
    caller = case.caller
    jobs = f"arn:{caller.partition}:sagemaker:{caller.region}:{caller.account}:training-job/{case.spec.name}"
    logs = f"arn:{caller.partition}:logs:{caller.region}:{caller.account}:log-group:{GROUP}:*"
    create, read = ("sagemaker:CreateTrainingJob",), ("logs:DescribeLogStreams", "logs:GetLogEvents")
    watch = ("sagemaker:DescribeTrainingJob",)
    yield Check("caller-create", "", "your right to create jobs", partial(_may, case, create, jobs), SIMULATE)
    yield Check("caller-watch", "", "your right to watch jobs", partial(_may, case, watch, jobs), SIMULATE)
    yield Check("caller-logs", "", "your right to read logs", partial(_may, case, read, logs), SIMULATE)
    if case.spec.role:
        what = "your right to pass the role"
        yield Check("caller-pass-role", "job.role", what, partial(_may_pass, case), SIMULATE)


_NAMES = {
    ("sagemaker:CreateTrainingJob",): ("caller-create", "create training jobs", Level.ERROR),
    ("sagemaker:DescribeTrainingJob",): ("caller-watch", "watch training jobs", Level.WARNING),
    ("logs:DescribeLogStreams", "logs:GetLogEvents"): ("caller-logs", "read the logs of jobs", Level.WARNING),
}


def _may(case: Case, actions: tuple[str, ...], resource: str) -> Iterator[Finding]:
    name, what, level = _NAMES[actions]
    principal = _principal(case)
    denied = _denied(case, principal, actions, resource, {}) if principal else []
    if denied:
        missing = " and ".join(denied)
        yield Finding(name, level, "", f"you may not {what}: no policy of yours allows {missing}", f"ask for {missing}")
    else:
        yield ok(name, "", f"you may {what}")


def _may_pass(case: Case) -> Iterator[Finding]:
    arn = case.account.usable_role(case.spec.role)
    if arn is None:
        return
    principal = _principal(case)
    context = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    if principal and _denied(case, principal, ("iam:PassRole",), arn, context):
        text = f"you may not hand the role {arn} to SageMaker: no policy of yours allows iam:PassRole on it"
        yield Finding("caller-pass-role", Level.ERROR, "job.role", text, f"ask for iam:PassRole on {arn}")
    else:
        yield ok("caller-pass-role", "job.role", "you may hand the role to SageMaker")


def _denied(case: Case, principal: str, actions: tuple[str, ...], resource: str, context: dict[str, str]) -> list[str]:
    decisions = case.account.decisions(principal, actions, resource, context)
    return [action for action in actions if decisions.get(action) != "allowed"]


def _principal(case: Case) -> str | None:
    """Whose policies decide about the caller; None for the root user, who may do everything.

    A role's session is known by the role, whose ARN has a path that the session's does not show.
    """
    if case.caller.is_root:
        return None
    service, _, name = case.caller.arn.rpartition(":")
    if service.split(":")[2] == "sts" and name.startswith("assumed-role/"):
        return case.account.role(name.split("/")[1]).arn
    return case.caller.arn
