"""Execution roles: which one a job runs as, and which there are to choose from.

Source of names and paths: the SageMaker console makes `AmazonSageMaker-ExecutionRole-<stamp>` under `/service-role/`.
The stamp looks like a time and is none in most cases; as text it sorts by age.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from birdtui.aws.errors import REFUSED, AwsProblem, translated
from birdtui.aws.session import Session
from birdtui.spec.findings import Advice

AUTO = "auto"
PREFIX = "AmazonSageMaker-ExecutionRole-"
SERVICE_ROLE_PATH = "/service-role/"
SERVICE = "sagemaker.amazonaws.com"
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
NO_SUCH_ROLE = {"NoSuchEntity", "NoSuchEntityException"}
NO_EXECUTION_ROLE = "NoExecutionRole"
ABSENT = {*NO_SUCH_ROLE, NO_EXECUTION_ROLE}
"""Codes of an AwsProblem that says that there is no such role, and not that it could not be looked for."""

MAKE_ONE = (
    "Make one. In the console: Amazon SageMaker > Training jobs > Create training job > IAM role > Create a new role, "
    "and choose your buckets. Or by hand: aws iam create-role --role-name AmazonSageMaker-ExecutionRole-birds "
    '--path /service-role/ --assume-role-policy-document \'{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}\'; then aws iam attach-role-policy '
    "--role-name AmazonSageMaker-ExecutionRole-birds --policy-arn arn:aws:iam::aws:policy/AmazonSageMakerFullAccess; "
    "then rights to your bucket, which that policy does not give: aws iam put-role-policy --role-name "
    "AmazonSageMaker-ExecutionRole-birds --policy-name buckets --policy-document "
    '\'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":'
    '"arn:aws:s3:::YOUR-BUCKET"},{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],'
    '"Resource":"arn:aws:s3:::YOUR-BUCKET/*"}]}\'.'
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its name without the path, its ARN, and when it was made."""

    name: str
    arn: str
    created: datetime
    trusted: bool = True
    """Whether its trust policy lets SageMaker take it."""


def execution_roles(session: Session) -> list[Role]:
    """The roles that SageMaker may take: the console's own first, newest first, then others by name.

    Raises AwsProblem.
    """
    usable = [role for role in _listed(session, "/") if role.trusted]
    own = sorted((role for role in usable if role.name.startswith(PREFIX)), key=_stamp, reverse=True)
    others = sorted((role for role in usable if not role.name.startswith(PREFIX)), key=lambda role: role.name)
    return [*own, *others]


def resolve_role(session: Session, written: str) -> str:
    """The ARN of the role that an author wrote: an ARN as it is, a name looked up, `auto` found. Raises AwsProblem."""
    if written.startswith("arn:"):
        return written
    if written and written != AUTO:
        return look_up(session, written.rpartition("/")[2]).arn
    return find_execution_role(session)


def look_up(session: Session, name: str) -> Role:
    """The role of that name, path included in its ARN. Raises AwsProblem, with advice where there is none."""
    try:
        with translated():
            return _role(session.client("iam").get_role(RoleName=name)["Role"])
    except AwsProblem as problem:
        if problem.code in NO_SUCH_ROLE:
            text = "Write the name of a role that exists, its ARN, or auto."
            raise _refused(problem.code, f"there is no role called {name}", text) from problem
        if problem.code in DENIED:
            text = "Write the role's whole ARN there: looking a name up needs the permission iam:GetRole."
            raise _refused(problem.code, problem.message, text) from problem
        raise


def find_execution_role(session: Session) -> str:
    """The ARN of the account's newest execution role; where there is none, AwsProblem tells how to make one."""
    try:
        for path in (SERVICE_ROLE_PATH, "/"):
            roles = _listed(session, path)
            own = [role for role in roles if role.name.startswith(PREFIX)]
            if own:
                # One that SageMaker may not take any more is the choice only where there is no other.
                return max(own, key=lambda role: (role.trusted, _stamp(role))).arn
    except AwsProblem as problem:
        if problem.code not in DENIED:
            raise
        message = f"auto cannot look for the execution role, that needs the permission iam:ListRoles: {problem.message}"
        text = "Write the ARN of your execution role there, or ask for the permission iam:ListRoles."
        raise _refused(problem.code, message, text) from problem
    others = ", ".join(sorted(role.name for role in roles if role.trusted)[:5])
    if others:
        message = f"no role is named {PREFIX}…, so auto cannot tell which of your roles to use"
        raise _refused(NO_EXECUTION_ROLE, message, f"Name one of the roles that SageMaker may take there: {others}.")
    raise _refused(NO_EXECUTION_ROLE, "this account has no execution role that SageMaker may take", MAKE_ONE)


def trusts_sagemaker(document: str | Mapping[str, Any]) -> bool:
    """Whether a trust policy lets SageMaker take the role; conditions are not weighed. False for what is no policy."""
    if isinstance(document, str):
        try:
            document = json.loads(document if document.lstrip().startswith("{") else unquote(document))
        except ValueError:
            return False
    statements = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    trusted = False
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        if not _names_sagemaker(statement):
            continue
        if statement.get("Effect") == "Deny":
            return False
        trusted = trusted or statement.get("Effect") == "Allow"
    return trusted


def _names_sagemaker(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", ()) if isinstance(principal, Mapping) else ()
    actions = {action.lower() for action in _listed_values(statement.get("Action", ()))}
    return SERVICE in _listed_values(services) and not actions.isdisjoint({"sts:assumerole", "sts:*", "*"})


def _listed_values(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _listed(session: Session, path: str) -> list[Role]:
    with translated():
        pages = session.client("iam").get_paginator("list_roles").paginate(PathPrefix=path)
        return [_role(role) for page in pages for role in page["Roles"]]


def _role(answer: Mapping[str, Any]) -> Role:
    trusted = trusts_sagemaker(answer.get("AssumeRolePolicyDocument", ""))
    return Role(str(answer["RoleName"]), str(answer["Arn"]), answer["CreateDate"], trusted)


def _stamp(role: Role) -> str:
    return role.name.removeprefix(PREFIX)


def _refused(code: str, message: str, text: str) -> AwsProblem:
    return AwsProblem(code, message, exit_code=REFUSED, advice=(Advice("job.role", text),))
