"""Execution roles: which one a job runs as, and how to get one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from birdtui.aws.errors import REFUSED, AwsProblem, translated
from birdtui.aws.session import Session
from birdtui.spec.findings import Advice

AUTO = "auto"
PREFIX = "AmazonSageMaker-ExecutionRole-"
"""How the console names the roles it makes; a stamp follows that sorts as text and is no valid time in most cases."""

MAKE_ONE = (
    "Make one: in the SageMaker console, Create training job > IAM role > Create a new role; or with the aws command: "
    "aws iam create-role --role-name AmazonSageMaker-ExecutionRole-birds --path /service-role/ "
    '--assume-role-policy-document \'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
    '{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}\' and attach AmazonSageMakerFullAccess and '
    "rights to your bucket to it."
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role that SageMaker may take."""

    name: str
    arn: str
    created: datetime


def execution_roles(session: Session) -> list[Role]:
    """The roles that SageMaker may take: the console's own first, newest first, then others. Raises AwsProblem."""
    with translated():
        pages = session.client("iam").get_paginator("list_roles").paginate()
        found = [
            (Role(role["RoleName"], role["Arn"], role["CreateDate"]), _trust(role))
            for page in pages
            for role in page["Roles"]
        ]
    usable = [role for role, trust in found if role.name.startswith(PREFIX) or "sagemaker.amazonaws.com" in trust]
    own = sorted((role for role in usable if role.name.startswith(PREFIX)), key=lambda role: role.name, reverse=True)
    others = sorted((role for role in usable if not role.name.startswith(PREFIX)), key=lambda role: role.name)
    return [*own, *others]


def _trust(role: dict[str, object]) -> str:
    document = role.get("AssumeRolePolicyDocument", "")
    return document if isinstance(document, str) and "{" in document else unquote(str(document))


def resolve_role(session: Session, written: str) -> str:
    """The ARN of the role that an author wrote: an ARN as it is, a name looked up, `auto` found. Raises AwsProblem."""
    if written.startswith("arn:"):
        return written
    if written and written != AUTO:
        with translated():
            return str(session.client("iam").get_role(RoleName=written.rpartition("/")[2])["Role"]["Arn"])
    return _automatic(session)


def _automatic(session: Session) -> str:
    """The account's own execution role; where there is none, how to make one."""
    try:
        roles = execution_roles(session)
    except AwsProblem as problem:
        if problem.exit_code != REFUSED:
            raise
        text = "Write the ARN of your execution role there: looking for it needs the permission iam:ListRoles."
        raise AwsProblem(
            problem.code, problem.message, exit_code=REFUSED, advice=(Advice("job.role", text), *problem.advice)
        ) from problem
    if roles and roles[0].name.startswith(PREFIX):
        return roles[0].arn
    if roles:
        names = ", ".join(role.name for role in roles[:5])
        text = f"Name one of the roles that SageMaker may take there: {names}."
        message = f"no role is named {PREFIX}…, so auto cannot tell which of your roles to use"
        raise AwsProblem("NoExecutionRole", message, exit_code=REFUSED, advice=(Advice("job.role", text),))
    message = "this account has no execution role that SageMaker may take"
    raise AwsProblem("NoExecutionRole", message, exit_code=REFUSED, advice=(Advice("job.role", MAKE_ONE),))
