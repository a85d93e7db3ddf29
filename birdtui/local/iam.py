"""IAM of the embedded engine: roles, what they are trusted with and what they are allowed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from birdtui.local import iam_policy, sts
from birdtui.local.iam_managed import SAGEMAKER_TRUST, execution_policy
from birdtui.local.iam_operations import PolicyOperations, RoleOperations, paged, refuse_unsupported
from birdtui.local.iam_policy import Decision
from birdtui.local.iam_records import SCHEMA as RECORDS_SCHEMA
from birdtui.local.iam_records import Policy, Records, Role, arn_of, new_id, no_such_entity
from birdtui.local.service import ACCOUNT, USER_NAME, Caller, Operation, Request, ServiceError
from birdtui.local.store import Store

__all__ = ["SCHEMA", "IamService", "Role"]

SCHEMA = RECORDS_SCHEMA + sts.SCHEMA
SERVICE_ROLE_PATH = "/service-role/"
_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
_USER_SINCE = datetime(2017, 11, 29, tzinfo=UTC)


class IamService:
    """Roles and policies over the wire (`operations`, `sts_operations`), and the questions other services ask."""

    def __init__(self, store: Store) -> None:
        self._records = Records(store)
        self.sessions = sts.Sessions(self._records)
        self.sts_operations: Mapping[str, Operation] = self.sessions.operations
        self.operations: Mapping[str, Operation] = {
            **RoleOperations(self._records).operations,
            **PolicyOperations(self._records).operations,
            "SimulatePrincipalPolicy": self._simulate,
            "GetUser": _get_user,
            "ListAccountAliases": _list_aliases,
        }

    def ensure_role(self) -> str:
        """The ARN of the account's execution role, made as the console makes one where there is none yet.

        It may do everything SageMaker needs and reach any bucket ("Any S3 bucket" in the console).
        """
        prefix = "AmazonSageMaker-ExecutionRole-"
        with self._records.store.writing() as connection:
            for role in self._records.roles(SERVICE_ROLE_PATH):
                if role.name.startswith(prefix):
                    return role.arn
            now = datetime.now(UTC).replace(microsecond=0)
            # The console's own stamps carry six digits after the T that are no time of day.
            stamp = f"{now:%Y%m%d}T{secrets.randbelow(1_000_000):06}"
            role = _service_role(prefix + stamp, now)
            policy = _execution_policy(f"AmazonSageMaker-ExecutionPolicy-{stamp}", now)
            self._records.add_role(role)
            self._records.add_policy(policy)
            for arn in (_FULL_ACCESS, policy.arn):
                connection.execute("INSERT INTO iam_attachments VALUES (?, ?)", (role.name, arn))
            return role.arn

    def role(self, arn: str) -> Role | None:
        """The role of an ARN, path included; None where there is none."""
        return self._records.role_by_arn(arn)

    def trusts_sagemaker(self, arn: str) -> bool:
        """Whether the role exists and lets sagemaker.amazonaws.com take it."""
        role = self.role(arn)
        if role is None:
            return False
        context = {"aws:sourceaccount": [ACCOUNT]}
        statements = iam_policy.parse(role.trust, trust=True)
        return iam_policy.trusts(statements, "Service", ["sagemaker.amazonaws.com"], context)

    def allows(self, role_arn: str, action: str, resource_arn: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether a role's policies allow an action (`s3:GetObject`) on a resource; False for an unknown role.

        `context` holds condition keys such as `s3:prefix`; a key that is not given fails its condition.
        """
        role = self.role(role_arn)
        if role is None:
            return False
        given = {key.lower(): [value] for key, value in (context or {}).items()}
        statements = [
            statement
            for _, _, document in self._records.documents(role.name)
            for statement in iam_policy.parse(document)
        ]
        return iam_policy.decide(statements, action, resource_arn, given) is Decision.ALLOWED

    def _simulate(self, request: Request) -> Mapping[str, Any]:
        refuse_unsupported(
            request,
            "PermissionsBoundaryPolicyInputList",
            "PolicyExclusionList",
            "ResourcePolicy",
            "ResourceOwner",
            "CallerArn",
            "ResourceHandlingOption",
        )
        given = request.parameters
        documents = [*self._source_documents(given["PolicySourceArn"])]
        documents += [
            (f"PolicyInputList.{number}", "none", document)
            for number, document in enumerate(given.get("PolicyInputList", ()), 1)
        ]
        try:
            policies = [(name, kind, iam_policy.parse(document)) for name, kind, document in documents]
        except iam_policy.MalformedPolicy as error:
            raise ServiceError("InvalidInput", str(error)) from None
        context = {
            entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
            for entry in given.get("ContextEntries", ())
            if "ContextKeyName" in entry
        }
        asked = [
            (f"{number:08}", action, resource)
            for number, (action, resource) in enumerate(
                (action, resource) for action in given["ActionNames"] for resource in given.get("ResourceArns", ["*"])
            )
        ]
        return paged(
            request,
            "EvaluationResults",
            asked,
            lambda one: one[0],
            lambda one: _evaluated(policies, one[1], one[2], context),
        )

    def _source_documents(self, arn: str) -> Iterable[tuple[str, str, str]]:
        if arn == Caller().arn:
            return [("AdministratorAccess", "aws-managed", _ALL)]
        role = self.role(arn)
        if role is None:
            raise no_such_entity(f"The requested entity {arn} cannot be found.")
        return self._records.documents(role.name)


def _evaluated(
    policies: Sequence[tuple[str, str, Sequence[iam_policy.Statement]]],
    action: str,
    resource: str,
    context: iam_policy.Context,
) -> dict[str, Any]:
    if ":" not in action:
        raise ServiceError("InvalidInput", f"Invalid Input Action: {action} does not have a vendor.")
    relevant = [
        (name, kind, statement)
        for name, kind, statements in policies
        for statement in iam_policy.about(statements, action, resource)
    ]
    decision = iam_policy.decide((statement for _, _, statement in relevant), action, resource, context)
    matched = [
        {"SourcePolicyId": name, "SourcePolicyType": kind}
        for name, kind, statement in relevant
        if statement.holds(context) and statement.allow == (decision is Decision.ALLOWED)
    ]
    asked = {key for _, _, statement in relevant for key in statement.context_keys()}
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": str(decision),
        "MatchedStatements": matched,
        "MissingContextValues": sorted(key for key in asked if key.lower() not in context),
    }


def _service_role(name: str, now: datetime) -> Role:
    return Role(
        name=name,
        arn=arn_of("role", SERVICE_ROLE_PATH, name),
        path=SERVICE_ROLE_PATH,
        id=new_id("AROA"),
        created=now,
        trust=json.dumps(SAGEMAKER_TRUST),
        description="SageMaker execution role created from the SageMaker AWS Management Console.",
        max_session=3600,
        tags=(),
    )


def _execution_policy(name: str, now: datetime) -> Policy:
    return Policy(
        arn=arn_of("policy", SERVICE_ROLE_PATH, name),
        name=name,
        path=SERVICE_ROLE_PATH,
        id=new_id("ANPA"),
        created=now,
        description=None,
        document=json.dumps(execution_policy()),
    )


def _get_user(request: Request) -> Mapping[str, Any]:
    name = request.parameters.get("UserName", USER_NAME)
    if name != USER_NAME:
        raise no_such_entity(f"The user with name {name} cannot be found.")
    caller = Caller()
    return {
        "User": {
            "Path": "/",
            "UserName": USER_NAME,
            "UserId": caller.user_id,
            "Arn": caller.arn,
            "CreateDate": _USER_SINCE,
        }
    }


def _list_aliases(_request: Request) -> Mapping[str, Any]:
    return {"AccountAliases": [], "IsTruncated": False}
