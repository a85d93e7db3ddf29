"""Roles and policies as the engine keeps them, and IAM's own words for one that is missing or already there."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from birdtui.local.iam_managed import MANAGED
from birdtui.local.service import ACCOUNT, ServiceError
from birdtui.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS iam_roles (
    name TEXT PRIMARY KEY COLLATE NOCASE, arn TEXT NOT NULL UNIQUE, path TEXT NOT NULL, id TEXT NOT NULL,
    created REAL NOT NULL, trust TEXT NOT NULL, description TEXT, max_session INTEGER NOT NULL, tags TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS iam_inline_policies (
    role TEXT NOT NULL COLLATE NOCASE REFERENCES iam_roles (name), name TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (role, name)
);
CREATE TABLE IF NOT EXISTS iam_attachments (
    role TEXT NOT NULL COLLATE NOCASE REFERENCES iam_roles (name), arn TEXT NOT NULL, PRIMARY KEY (role, arn)
);
CREATE TABLE IF NOT EXISTS iam_policies (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, path TEXT NOT NULL, id TEXT NOT NULL,
    created REAL NOT NULL, description TEXT, document TEXT NOT NULL, tags TEXT NOT NULL
);
"""

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MANAGED_SINCE = datetime(2017, 11, 29, 13, 7, 16, tzinfo=UTC)
DEFAULT_VERSION = "v1"


@dataclass(frozen=True, slots=True)
class Role:
    """A role: who may take it (`trust`, a policy document) and its own facts; `max_session` is in seconds."""

    name: str
    arn: str
    path: str
    id: str
    created: datetime
    trust: str
    description: str | None
    max_session: int
    tags: Sequence[Mapping[str, str]]

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """The role of a row of `iam_roles`."""
        values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - iterating a Row gives its values
        created = datetime.fromtimestamp(values.pop("created"), UTC)
        return cls(created=created, tags=json.loads(values.pop("tags")), **values)

    def described(self) -> dict[str, Any]:
        """The role as the API shows it."""
        shown: dict[str, Any] = {
            "Path": self.path,
            "RoleName": self.name,
            "RoleId": self.id,
            "Arn": self.arn,
            "CreateDate": self.created,
            "AssumeRolePolicyDocument": quote(self.trust, safe=""),
            "MaxSessionDuration": self.max_session,
        }
        return shown | ({"Description": self.description} if self.description else {})


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy, AWS's or the customer's; it has one version, `v1`."""

    arn: str
    name: str
    path: str
    id: str
    created: datetime
    description: str | None
    document: str
    tags: Sequence[Mapping[str, str]] = ()

    @property
    def is_aws(self) -> bool:
        """Whether AWS manages it."""
        return self.arn in MANAGED

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """The policy of a row of `iam_policies`."""
        values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - iterating a Row gives its values
        created = datetime.fromtimestamp(values.pop("created"), UTC)
        return cls(created=created, tags=json.loads(values.pop("tags")), **values)

    @classmethod
    def managed(cls, arn: str) -> Self:
        """AWS's own policy of an ARN in MANAGED."""
        name = arn.rpartition("/")[2]
        identity = "ANPA" + name.upper().ljust(17, "X")[:17]
        return cls(arn, name, "/", identity, _MANAGED_SINCE, None, json.dumps(MANAGED[arn]))

    def described(self, attachments: int) -> dict[str, Any]:
        """The policy as the API shows it."""
        shown: dict[str, Any] = {
            "PolicyName": self.name,
            "PolicyId": self.id,
            "Arn": self.arn,
            "Path": self.path,
            "DefaultVersionId": DEFAULT_VERSION,
            "AttachmentCount": attachments,
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": True,
            "CreateDate": self.created,
            "UpdateDate": self.created,
        }
        return shown | ({"Description": self.description} if self.description else {})


class Records:
    """The roles and policies in the store. Whatever is missing raises NoSuchEntity in IAM's words."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def roles(self, path_prefix: str = "/") -> list[Role]:
        """Every role under a path, sorted by name."""
        rows = self.store.reading().execute("SELECT * FROM iam_roles ORDER BY name COLLATE BINARY")
        return [role for role in map(Role.of, rows) if role.path.startswith(path_prefix)]

    def role(self, name: str) -> Role:
        """The role of a name, whatever its case."""
        row = self.store.reading().execute("SELECT * FROM iam_roles WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise no_such_entity(f"The role with name {name} cannot be found.")
        return Role.of(row)

    def role_by_arn(self, arn: str) -> Role | None:
        """The role of an ARN, path included; None where there is none."""
        row = self.store.reading().execute("SELECT * FROM iam_roles WHERE arn = ?", (arn,)).fetchone()
        return Role.of(row) if row else None

    def add_role(self, role: Role) -> None:
        """Keeps a new role; raises EntityAlreadyExists."""
        values = (role.name, role.arn, role.path, role.id, role.created.timestamp(), role.trust)
        more = (role.description, role.max_session, json.dumps(list(role.tags)))
        with self.store.writing() as connection:
            try:
                connection.execute("INSERT INTO iam_roles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*values, *more))
            except sqlite3.IntegrityError:
                raise ServiceError("EntityAlreadyExists", f"Role with name {role.name} already exists.", 409) from None

    def policy(self, arn: str) -> Policy:
        """The managed policy of an ARN."""
        if arn in MANAGED:
            return Policy.managed(arn)
        row = self.store.reading().execute("SELECT * FROM iam_policies WHERE arn = ?", (arn,)).fetchone()
        if row is None:
            raise no_such_entity(f"Policy {arn} was not found.")
        return Policy.of(row)

    def policies(self) -> list[Policy]:
        """Every managed policy, sorted by ARN."""
        rows = self.store.reading().execute("SELECT * FROM iam_policies")
        return sorted([*map(Policy.managed, MANAGED), *map(Policy.of, rows)], key=lambda policy: policy.arn)

    def add_policy(self, policy: Policy) -> None:
        """Keeps a new customer policy; raises EntityAlreadyExists."""
        values = (policy.arn, policy.name, policy.path, policy.id, policy.created.timestamp(), policy.description)
        more = (policy.document, json.dumps(list(policy.tags)))
        with self.store.writing() as connection:
            try:
                connection.execute("INSERT INTO iam_policies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, *more))
            except sqlite3.IntegrityError:
                message = f"A policy called {policy.name} already exists. Duplicate names are not allowed."
                raise ServiceError("EntityAlreadyExists", message, 409) from None

    def attached(self, role: str) -> list[Policy]:
        """The managed policies attached to a role, sorted by name."""
        rows = self.store.reading().execute("SELECT arn FROM iam_attachments WHERE role = ?", (role,))
        return sorted((self.policy(row["arn"]) for row in rows), key=lambda policy: policy.name)

    def attachments(self) -> Mapping[str, int]:
        """How many roles each attached policy's ARN is attached to."""
        rows = self.store.reading().execute("SELECT arn, count(*) AS roles FROM iam_attachments GROUP BY arn")
        return {row["arn"]: row["roles"] for row in rows}

    def inline(self, role: str) -> Mapping[str, str]:
        """A role's inline policy documents by name, sorted."""
        rows = self.store.reading().execute(
            "SELECT name, document FROM iam_inline_policies WHERE role = ? ORDER BY name", (role,)
        )
        return {row["name"]: row["document"] for row in rows}

    def documents(self, role: str) -> Iterable[tuple[str, str, str]]:
        """Every policy of a role: its id and its kind as the simulator names them, and its document."""
        for name, document in self.inline(role).items():
            yield f"role_{role}_{name}", "role", document
        for policy in self.attached(role):
            yield policy.name, "aws-managed" if policy.is_aws else "user-managed", policy.document


def no_such_entity(message: str) -> ServiceError:
    """IAM's refusal for something that is not there."""
    return ServiceError("NoSuchEntity", message, 404)


def new_id(prefix: str) -> str:
    """A fresh unique id, such as `AROA…` for a role or `ANPA…` for a policy."""
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(17))


def arn_of(kind: str, path: str, name: str) -> str:
    """The ARN of a role or policy of this account; its path is part of it."""
    return f"arn:aws:iam::{ACCOUNT}:{kind}{path}{name}"
