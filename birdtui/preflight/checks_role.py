"""The role that the job runs as: it exists, SageMaker may take it, and it reaches what the job reads and writes.

What the caller may do in S3 proves nothing for the role. IAM's simulator weighs a role's own policies; where a bucket
has a policy too, that may allow more, and a refusal is only a warning.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from birdtui.aws.errors import AwsProblem
from birdtui.aws.roles import ABSENT
from birdtui.preflight.account import Decision
from birdtui.preflight.case import Case, Check, ok
from birdtui.preflight.checks_account import SIMULATE
from birdtui.spec.findings import Finding, Level
from birdtui.spec.rules_facts import Input, Location

FIELD = "job.role"


def role_checks(case: Case) -> Iterator[Check]:
    """The role itself, then one check for each channel and for the output."""
    if not case.spec.role:
        return
    yield Check("role", FIELD, "the role", partial(_role, case), "iam:GetRole")
    for one in case.facts.inputs:
        if one.location and one.location.bucket:
            what = f"what the role may read of the channel {one.name}"
            yield Check("role-read", case.facts.uri_field(one), what, partial(_reads, case, one), SIMULATE)
    if case.output and case.output.bucket:
        what = "whether the role may write the output"
        yield Check("output-write", case.output_field, what, partial(_writes, case, case.output), SIMULATE)


def _role(case: Case) -> Iterator[Finding]:
    try:
        arn = case.account.role_arn(case.spec.role)
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account not in ("", case.caller.account):
            text = f"the role {arn} belongs to the account {account}, and you are in {case.caller.account}"
            yield Finding("role", Level.ERROR, FIELD, text, "take a role of your own account: none other can be passed")
            return
        found = case.account.role(arn.rpartition("/")[2])
    except AwsProblem as problem:
        if problem.code not in ABSENT:
            raise
        near = _nearest(case, case.spec.role.rpartition("/")[2])
        remedy = f"did you mean {near}?" if near else problem.advice[0].text if problem.advice else ""
        yield Finding("role", Level.ERROR, FIELD, problem.message, remedy, near or "")
        return
    if found.arn != arn:
        text = f"there is no role {arn}: the role {found.name} has another path"
        yield Finding("role", Level.ERROR, FIELD, text, f"write {found.arn}", found.arn)
    elif not found.trusted:
        text = f"the role {found.name} does not let sagemaker.amazonaws.com take it"
        remedy = "in its trust policy, allow sts:AssumeRole to the service sagemaker.amazonaws.com"
        yield Finding("role", Level.ERROR, FIELD, text, remedy)
    else:
        yield ok("role", FIELD, f"{arn} trusts SageMaker")


def _nearest(case: Case, name: str) -> str | None:
    with suppress(AwsProblem):
        return next(iter(difflib.get_close_matches(name, case.account.role_names(), n=1, cutoff=0.8)), None)
    return None


def _reads(case: Case, one: Input) -> Iterator[Finding]:
    place, arn = one.location, case.account.usable_role(case.spec.role)
    if place is None or arn is None:
        return
    bucket = f"arn:{case.caller.partition}:s3:::{place.bucket}"
    decisions = case.account.decisions(arn, ("s3:ListBucket",), bucket, {"s3:prefix": place.key})
    key = place.key + "data"
    with suppress(AwsProblem):
        objects = case.account.listing(place.bucket, place.key).objects
        key = objects[0].key if objects else key
    decisions = {**decisions, **case.account.decisions(arn, ("s3:GetObject",), f"{bucket}/{key}")}
    yield from _judged(case, Check("role-read", case.facts.uri_field(one), arn, tuple), place, decisions)


def _writes(case: Case, place: Location) -> Iterator[Finding]:
    arn = case.account.usable_role(case.spec.role)
    if arn is None:
        return
    key = "/".join(part for part in (place.key.rstrip("/"), case.spec.name, "output/model.tar.gz") if part)
    resource = f"arn:{case.caller.partition}:s3:::{place.bucket}/{key}"
    decisions = case.account.decisions(arn, ("s3:PutObject",), resource)
    yield from _judged(case, Check("output-write", case.output_field, arn, tuple), place, decisions)


def _judged(case: Case, check: Check, place: Location, decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    """What was decided about the role whose ARN is the check's subject."""
    denied = {action: decision for action, decision in decisions.items() if not decision.is_allowed}
    if not denied:
        yield ok(check.name, check.field, f"the role may do {' and '.join(decisions)} in {place.bucket}")
        return
    actions = " and ".join(denied)
    unknown = sorted({key for action, decision in denied.items() for key in decision.open_keys(action)})
    remedy = f"give the role {actions} on arn:{case.caller.partition}:s3:::{place.bucket} and what lies below it (/*)"
    text = f"the role {check.what.rpartition('/')[2]} may not do {actions} in the bucket {place.bucket}"
    level = Level.WARNING
    if unknown:
        text += f", unless a policy's condition holds ({', '.join(unknown)})"
    elif any(decision.is_denied_outright for decision in denied.values()):
        text, level = text + ": a policy denies it", Level.ERROR
    elif case.account.has_policy(place.bucket) is False:
        text, level = text + ": none of its policies allows it", Level.ERROR
    else:
        text += ", unless the bucket's own policy lets it"
    yield Finding(check.name, level, check.field, text, remedy)
