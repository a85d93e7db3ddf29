"""Whether the caller may create the job, hand its role over, and read its log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from birdtui.aws.logs import GROUP
from birdtui.aws.roles import SERVICE
from birdtui.preflight.case import Case, Check, ok
from birdtui.spec.findings import Finding, Level

SIMULATE = "iam:SimulatePrincipalPolicy"


@dataclass(frozen=True)
class _Right:
    """Something the caller will do, the actions it takes, and how bad it is not to be allowed to."""

    check: str
    words: str
    actions: tuple[str, ...]
    level: Level
    field: str = ""


_CREATE = _Right("caller-create", "create training jobs", ("sagemaker:CreateTrainingJob",), Level.ERROR)
_WATCH = _Right("caller-watch", "watch training jobs", ("sagemaker:DescribeTrainingJob",), Level.WARNING)
_LOGS = _Right("caller-logs", "read their logs", ("logs:DescribeLogStreams", "logs:GetLogEvents"), Level.WARNING)
_PASS = _Right("caller-pass-role", "hand the role to SageMaker", ("iam:PassRole",), Level.ERROR, "job.role")


def account_checks(case: Case) -> Iterator[Check]:
    """The caller's own permissions, one check for each thing it will do."""
    caller, place = case.caller, f"{case.caller.region}:{case.caller.account}"
    name = f"{case.spec.name}-20180926-120000-abc" if case.spec.unique_name else case.spec.name
    job = f"arn:{caller.partition}:sagemaker:{place}:training-job/{name}"
    logs = f"arn:{caller.partition}:logs:{place}:log-group:{GROUP}:*"
    types = {"sagemaker:InstanceTypes": case.spec.instance_type} if case.spec.instance_type else {}
    for right, resource, context in ((_CREATE, job, types), (_WATCH, job, {}), (_LOGS, logs, {})):
        yield _check(right, partial(_may, case, right, resource, context))
    if case.spec.role:
        yield _check(_PASS, partial(_may_pass, case))


def _check(right: _Right, look: Callable[[], Iterator[Finding]]) -> Check:
    return Check(right.check, right.field, f"your right to {right.words}", look, SIMULATE)


def _may_pass(case: Case) -> Iterator[Finding]:
    arn = case.account.usable_role(case.spec.role)
    if arn is not None:
        yield from _may(case, _PASS, arn, {"iam:PassedToService": SERVICE})


def _may(case: Case, right: _Right, resource: str, context: Mapping[str, str]) -> Iterator[Finding]:
    principal = _principal(case)
    decisions = case.account.decisions(principal, right.actions, resource, context) if principal else {}
    denied = {action: decision for action, decision in decisions.items() if not decision.is_allowed}
    if not denied:
        yield ok(right.check, right.field, f"you may {right.words}")
        return
    names = " and ".join(denied)
    unknown = sorted({key for action, decision in denied.items() for key in decision.open_keys(action)})
    if unknown:
        text = f"you may {right.words} only where a policy's condition holds: {names} depends on {', '.join(unknown)}"
        yield Finding(right.check, Level.UNKNOWN, right.field, text, "")
        return
    how = "a policy denies" if any(each.is_denied_outright for each in denied.values()) else "no policy of yours allows"
    text = f"you may not {right.words}: {how} {names}"
    yield Finding(right.check, right.level, right.field, text, f"ask for {names} on {resource}")


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
