"""IAM's operations on roles and their policies: as far as an execution role is made, looked at and taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from birdtui.local import iam_policy
from birdtui.local.iam_records import DEFAULT_VERSION, Policy, Records, Role, arn_of, new_id, no_such_entity
from birdtui.local.paging import BadToken, page
from birdtui.local.service import Operation, Request, ServiceError

_PAGE = 100
_HOUR = 3600
Item = TypeVar("Item")


def refuse_unsupported(request: Request, *members: str) -> None:
    """Refuses members that the service takes and this engine does not: ignoring them would change what is allowed."""
    for member in members:
        if member in request.parameters:
            raise ServiceError("InvalidInput", f"{member} is not part of the local engine.")


def paged(
    request: Request, name: str, items: Sequence[Item], key: Callable[[Item], str], show: Callable[[Item], Any]
) -> dict[str, Any]:
    """One of IAM's pages: the items under `name`, IsTruncated, and a Marker where more follow."""
    try:
        chosen, marker = page(items, key, request.parameters.get("Marker"), request.parameters.get("MaxItems", _PAGE))
    except BadToken:
        raise ServiceError("ValidationError", "Invalid Marker.") from None
    answer: dict[str, Any] = {name: [show(item) for item in chosen], "IsTruncated": marker is not None}
    return answer | ({"Marker": marker} if marker else {})


def checked_document(document: str, *, trust: bool = False) -> str:
    """The document, if it is a policy; raises MalformedPolicyDocument."""
    try:
        iam_policy.parse(document, trust=trust)
    except iam_policy.MalformedPolicy as error:
        raise ServiceError("MalformedPolicyDocument", str(error)) from None
    return document


class RoleOperations:
    """CreateRole and its relatives, inline policies and attachments among them."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.operations: Mapping[str, Operation] = {
            "CreateRole": self._create,
            "GetRole": self._get,
            "ListRoles": self._list,
            "DeleteRole": self._delete,
            "UpdateAssumeRolePolicy": self._update_trust,
            "ListRoleTags": self._tags,
            "AttachRolePolicy": self._attach,
            "DetachRolePolicy": self._detach,
            "ListAttachedRolePolicies": self._attached,
            "PutRolePolicy": self._put_inline,
            "GetRolePolicy": self._get_inline,
            "ListRolePolicies": self._list_inline,
            "DeleteRolePolicy": self._delete_inline,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        refuse_unsupported(request, "PermissionsBoundary")
        given = request.parameters
        path, name = given.get("Path", "/"), given["RoleName"]
        role = Role(
            name=name,
            arn=arn_of("role", path, name),
            path=path,
            id=new_id("AROA"),
            created=datetime.now(UTC).replace(microsecond=0),
            trust=checked_document(given["AssumeRolePolicyDocument"], trust=True),
            description=given.get("Description"),
            max_session=given.get("MaxSessionDuration", _HOUR),
            tags=given.get("Tags", ()),
        )
        self._records.add_role(role)
        return {"Role": _with_tags(role.described(), role.tags)}

    def _get(self, request: Request) -> Mapping[str, Any]:
        role = self._role(request)
        return {"Role": _with_tags(role.described(), role.tags) | {"RoleLastUsed": {}}}

    def _list(self, request: Request) -> Mapping[str, Any]:
        roles = self._records.roles(request.parameters.get("PathPrefix", "/"))
        return paged(request, "Roles", roles, lambda role: role.name, Role.described)

    def _delete(self, request: Request) -> Mapping[str, Any]:
        with self._records.store.writing() as connection:
            role = self._role(request)
            if self._records.attached(role.name):
                raise _conflict("must detach all policies first.")
            if self._records.inline(role.name):
                raise _conflict("must delete policies first.")
            connection.execute("DELETE FROM iam_roles WHERE name = ?", (role.name,))
        return {}

    def _update_trust(self, request: Request) -> Mapping[str, Any]:
        role = self._role(request)
        document = checked_document(request.parameters["PolicyDocument"], trust=True)
        with self._records.store.writing() as connection:
            connection.execute("UPDATE iam_roles SET trust = ? WHERE name = ?", (document, role.name))
        return {}

    def _tags(self, request: Request) -> Mapping[str, Any]:
        tags = sorted(self._role(request).tags, key=lambda tag: tag["Key"])
        return paged(request, "Tags", tags, lambda tag: tag["Key"], dict)

    def _attach(self, request: Request) -> Mapping[str, Any]:
        role, arn = self._role(request), request.parameters["PolicyArn"]
        try:
            self._records.policy(arn)
        except ServiceError:
            raise no_such_entity(f"Policy {arn} does not exist or is not attachable.") from None
        with self._records.store.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO iam_attachments VALUES (?, ?)", (role.name, arn))
        return {}

    def _detach(self, request: Request) -> Mapping[str, Any]:
        role, arn = self._role(request), request.parameters["PolicyArn"]
        with self._records.store.writing() as connection:
            gone = connection.execute("DELETE FROM iam_attachments WHERE role = ? AND arn = ?", (role.name, arn))
        if not gone.rowcount:
            raise no_such_entity(f"Policy {arn} was not found.")
        return {}

    def _attached(self, request: Request) -> Mapping[str, Any]:
        prefix = request.parameters.get("PathPrefix", "/")
        found = self._records.attached(self._role(request).name)
        policies = [policy for policy in found if policy.path.startswith(prefix)]
        return paged(
            request,
            "AttachedPolicies",
            policies,
            lambda policy: policy.name,
            lambda policy: {"PolicyName": policy.name, "PolicyArn": policy.arn},
        )

    def _put_inline(self, request: Request) -> Mapping[str, Any]:
        role, name = self._role(request), request.parameters["PolicyName"]
        document = checked_document(request.parameters["PolicyDocument"])
        with self._records.store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO iam_inline_policies VALUES (?, ?, ?)", (role.name, name, document)
            )
        return {}

    def _get_inline(self, request: Request) -> Mapping[str, Any]:
        role, name = self._role(request), request.parameters["PolicyName"]
        documents = self._records.inline(role.name)
        if name not in documents:
            raise no_such_entity(f"The role policy with name {name} cannot be found.")
        return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": quote(documents[name], safe="")}

    def _list_inline(self, request: Request) -> Mapping[str, Any]:
        names = list(self._records.inline(self._role(request).name))
        return paged(request, "PolicyNames", names, str, str)

    def _delete_inline(self, request: Request) -> Mapping[str, Any]:
        role, name = self._role(request), request.parameters["PolicyName"]
        with self._records.store.writing() as connection:
            gone = connection.execute("DELETE FROM iam_inline_policies WHERE role = ? AND name = ?", (role.name, name))
        if not gone.rowcount:
            raise no_such_entity(f"The role policy with name {name} cannot be found.")
        return {}

    def _role(self, request: Request) -> Role:
        return self._records.role(request.parameters["RoleName"])


class PolicyOperations:
    """CreatePolicy and its relatives. A policy has one version here, `v1`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.operations: Mapping[str, Operation] = {
            "CreatePolicy": self._create,
            "GetPolicy": self._get,
            "GetPolicyVersion": self._version,
            "ListPolicyVersions": self._versions,
            "ListPolicies": self._list,
            "DeletePolicy": self._delete,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        given = request.parameters
        path, name = given.get("Path", "/"), given["PolicyName"]
        policy = Policy(
            arn=arn_of("policy", path, name),
            name=name,
            path=path,
            id=new_id("ANPA"),
            created=datetime.now(UTC).replace(microsecond=0),
            description=given.get("Description"),
            document=checked_document(given["PolicyDocument"]),
            tags=given.get("Tags", ()),
        )
        self._records.add_policy(policy)
        shown = policy.described(0)
        shown.pop("Description", None)  # CreatePolicy and ListPolicies leave it out, as the API documents
        return {"Policy": _with_tags(shown, policy.tags)}

    def _get(self, request: Request) -> Mapping[str, Any]:
        policy = self._records.policy(request.parameters["PolicyArn"])
        attachments = self._records.attachments().get(policy.arn, 0)
        return {"Policy": _with_tags(policy.described(attachments), policy.tags)}

    def _version(self, request: Request) -> Mapping[str, Any]:
        policy, version = self._records.policy(request.parameters["PolicyArn"]), request.parameters["VersionId"]
        if version != DEFAULT_VERSION:
            raise no_such_entity(f"Policy {policy.arn} version {version} does not exist or is not attachable.")
        return {"PolicyVersion": {"Document": quote(policy.document, safe="")} | _version_facts(policy)}

    def _versions(self, request: Request) -> Mapping[str, Any]:
        policy = self._records.policy(request.parameters["PolicyArn"])
        return {"Versions": [_version_facts(policy)], "IsTruncated": False}

    def _list(self, request: Request) -> Mapping[str, Any]:
        refuse_unsupported(request, "PolicyUsageFilter")
        given, attachments = request.parameters, self._records.attachments()
        scope, prefix = given.get("Scope", "All"), given.get("PathPrefix", "/")
        policies = [
            policy
            for policy in self._records.policies()
            if scope in ("All", "AWS" if policy.is_aws else "Local")
            and policy.path.startswith(prefix)
            and (policy.arn in attachments or not given.get("OnlyAttached"))
        ]

        def show(policy: Policy) -> dict[str, Any]:
            shown = policy.described(attachments.get(policy.arn, 0))
            shown.pop("Description", None)
            return shown

        return paged(request, "Policies", policies, lambda policy: policy.arn, show)

    def _delete(self, request: Request) -> Mapping[str, Any]:
        policy = self._records.policy(request.parameters["PolicyArn"])
        if policy.is_aws:
            raise ServiceError("AccessDenied", f"Policy {policy.arn} is managed by AWS and cannot be deleted.", 403)
        with self._records.store.writing() as connection:
            if policy.arn in self._records.attachments():
                raise ServiceError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
            connection.execute("DELETE FROM iam_policies WHERE arn = ?", (policy.arn,))
        return {}


def _with_tags(shown: dict[str, Any], tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return shown | ({"Tags": list(tags)} if tags else {})


def _version_facts(policy: Policy) -> dict[str, Any]:
    return {"VersionId": DEFAULT_VERSION, "IsDefaultVersion": True, "CreateDate": policy.created}


def _conflict(rule: str) -> ServiceError:
    return ServiceError("DeleteConflict", f"Cannot delete entity, {rule}", 409)
