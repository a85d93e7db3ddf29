"""STS of the embedded engine: who a caller is, and roles taken on for a while with credentials that work."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from birdtui.local import iam_policy
from birdtui.local.iam_records import Records, Role, new_id
from birdtui.local.service import ACCOUNT, Caller, Operation, Request, ServiceError

SCHEMA = """
CREATE TABLE IF NOT EXISTS sts_sessions (
    access_key TEXT PRIMARY KEY, secret_key TEXT NOT NULL, token TEXT NOT NULL, arn TEXT NOT NULL,
    user_id TEXT NOT NULL, role_arn TEXT NOT NULL, expires REAL NOT NULL
);
"""
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of a role's session, the token that must come with them, and until when they hold."""

    secret_key: str
    token: str
    expires: datetime
    caller: Caller


class Sessions:
    """GetCallerIdentity and AssumeRole, and the credentials AssumeRole gave out."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.operations: Mapping[str, Operation] = {
            "GetCallerIdentity": _caller_identity,
            "AssumeRole": self._assume_role,
        }

    def keys(self, access_key: str) -> SessionKeys | None:
        """The session of an access key, ended ones too; None for a key that was never given out."""
        row = (
            self._records.store.reading()
            .execute("SELECT * FROM sts_sessions WHERE access_key = ?", (access_key,))
            .fetchone()
        )
        if row is None:
            return None
        caller = Caller(row["arn"], row["user_id"], row["role_arn"])
        return SessionKeys(row["secret_key"], row["token"], datetime.fromtimestamp(row["expires"], UTC), caller)

    def _assume_role(self, request: Request) -> Mapping[str, Any]:
        for member in ("Policy", "PolicyArns", "SourceIdentity", "SerialNumber", "TokenCode"):
            if member in request.parameters:
                raise ServiceError("ValidationError", f"{member} is not part of the local engine.")
        role = self._records.role_by_arn(request.parameters["RoleArn"])
        if role is None or not _trusts(role, request.caller, request.parameters.get("ExternalId")):
            message = (
                f"User: {request.caller.arn} is not authorized to perform: sts:AssumeRole"
                f" on resource: {request.parameters['RoleArn']}"
            )
            raise ServiceError("AccessDenied", message, 403)
        seconds = request.parameters.get("DurationSeconds", _HOUR)
        if seconds > role.max_session:
            message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            raise ServiceError("ValidationError", message)
        return self._session(role, request.parameters["RoleSessionName"], timedelta(seconds=seconds))

    def _session(self, role: Role, name: str, lifetime: timedelta) -> Mapping[str, Any]:
        now = datetime.now(UTC).replace(microsecond=0)
        access_key, secret_key, token = new_id("ASIA")[:20], secrets.token_urlsafe(30), secrets.token_urlsafe(96)
        arn, user_id = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/{name}", f"{role.id}:{name}"
        expires = now + lifetime
        with self._records.store.writing() as connection:
            connection.execute("DELETE FROM sts_sessions WHERE expires < ?", (now.timestamp() - 24 * _HOUR,))
            connection.execute(
                "INSERT INTO sts_sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (access_key, secret_key, token, arn, user_id, role.arn, expires.timestamp()),
            )
        return {
            "Credentials": {
                "AccessKeyId": access_key,
                "SecretAccessKey": secret_key,
                "SessionToken": token,
                "Expiration": expires,
            },
            "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
        }


def _trusts(role: Role, caller: Caller, external_id: str | None) -> bool:
    statements = iam_policy.parse(role.trust, trust=True)
    names = [caller.arn, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", *([caller.role_arn] if caller.role_arn else [])]
    context = {"aws:principalarn": [caller.arn], "aws:principalaccount": [ACCOUNT]}
    if external_id is not None:
        context["sts:externalid"] = [external_id]
    return iam_policy.trusts(statements, "AWS", names, context)


def _caller_identity(request: Request) -> Mapping[str, Any]:
    caller = request.caller
    return {"UserId": caller.user_id, "Account": request.account, "Arn": caller.arn}
