"""An execution role made as the console makes one: planned first, shown, and made only on an explicit yes.

Source: what "Create a new role" in the SageMaker console leaves behind: a role under /service-role/ that trusts
SageMaker, the managed policy AmazonSageMakerFullAccess, and a policy of the same stamp for the buckets chosen. The
managed policy alone reaches only buckets and objects with `sagemaker` in their names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from birdtui.aws.errors import AwsProblem, translated
from birdtui.aws.logs import is_loopback
from birdtui.aws.roles import PREFIX, SERVICE, SERVICE_ROLE_PATH
from birdtui.aws.session import Session

POLICY_PREFIX = "AmazonSageMaker-ExecutionPolicy-"
SETTLING_SECONDS = 10
"""A new role takes about so long to be known everywhere; a job sent sooner can be refused ("Could not assume role")."""

NO_LOCATIONS = {"HyperParameters", "Environment", "Tags"}
"""What may hold a text that looks like a location and is the author's own affair."""


@dataclass(frozen=True)
class Plan:
    """What is about to be made: names, and the exact documents as JSON text; no policy of its own without buckets."""

    role: str
    policy: str
    path: str
    managed_policy_arn: str
    trust_document: str
    policy_document: str

    def text(self) -> str:
        """The whole plan as a person reads it before saying yes."""
        lines = [
            f"role {self.path}{self.role}, whose trust policy is",
            self.trust_document,
            f"with the managed policy {self.managed_policy_arn}",
        ]
        if self.policy_document:
            lines += [f"and a policy of its own, {self.policy}:", self.policy_document]
        return "\n".join(lines)


def creation_plan(buckets: Sequence[str] | None, *, partition: str = "aws", now: datetime | None = None) -> Plan:
    """A role for these buckets; None stands for "Any S3 bucket", as in the console. Asks nothing of AWS.

    An empty list makes a role with the managed policy alone. `partition` is `aws`, `aws-cn` or `aws-us-gov`: the
    second part of the account's own ARNs.
    """
    stamp = f"{now or datetime.now(UTC):%Y%m%dT%H%M%S}"
    places = [f"arn:{partition}:s3:::{bucket}" for bucket in (["*"] if buckets is None else dict.fromkeys(buckets))]
    trust = [{"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": places},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": [f"{place}/*" for place in places],
        },
    ]
    return Plan(
        role=PREFIX + stamp,
        policy=POLICY_PREFIX + stamp,
        path=SERVICE_ROLE_PATH,
        managed_policy_arn=f"arn:{partition}:iam::aws:policy/AmazonSageMakerFullAccess",
        trust_document=_document(trust),
        policy_document=_document(statements) if places else "",
    )


def buckets_of(request: Mapping[str, Any]) -> list[str]:
    """The buckets that a job reads and writes: of every S3 location in its request, in order, each once."""
    found: dict[str, None] = {}

    def look(value: object) -> None:
        if isinstance(value, str):
            bucket = value.removeprefix("s3://").partition("/")[0] if value.startswith("s3://") else ""
            if bucket:
                found[bucket] = None
        elif isinstance(value, Mapping):
            for each in value.values():
                look(each)
        elif isinstance(value, Sequence):
            for each in value:
                look(each)

    look({name: value for name, value in request.items() if name not in NO_LOCATIONS})
    return list(found)


def create_role(session: Session, plan: Plan) -> str:
    """Make what a plan says and give the role's ARN. Only after the user's explicit yes.

    Whatever was made before a refusal is taken away again. Raises AwsProblem.
    """
    iam = session.client("iam", retries=False)
    undo: list[Callable[[], object]] = []
    try:
        with translated():
            role = iam.create_role(
                RoleName=plan.role,
                Path=plan.path,
                AssumeRolePolicyDocument=plan.trust_document,
                Description="SageMaker execution role created by birdtui.",
            )["Role"]
            undo.append(lambda: iam.delete_role(RoleName=plan.role))
            arns = [plan.managed_policy_arn]
            if plan.policy_document:
                policy = iam.create_policy(PolicyName=plan.policy, Path=plan.path, PolicyDocument=plan.policy_document)
                own = str(policy["Policy"]["Arn"])
                undo.append(lambda: iam.delete_policy(PolicyArn=own))
                arns.append(own)
            for arn in arns:
                iam.attach_role_policy(RoleName=plan.role, PolicyArn=arn)
                undo.append(_detaching(iam, plan.role, arn))
    except AwsProblem:
        for step in reversed(undo):
            with suppress(AwsProblem), translated():
                step()
        raise
    return str(role["Arn"])


def settling_seconds(session: Session) -> int:
    """How long to wait before a new role is used: not at all where the endpoint is this machine."""
    return 0 if is_loopback(session.client("iam", retries=False).meta.endpoint_url) else SETTLING_SECONDS


def _detaching(iam: Any, role: str, arn: str) -> Callable[[], object]:
    return lambda: iam.detach_role_policy(RoleName=role, PolicyArn=arn)


def _document(statements: Sequence[Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
