"""Service Quotas of the embedded engine: how many instances of each type training jobs may use at once.

Quotas carry SageMaker's own names ("ml.p3.2xlarge for training job usage"); their L- codes are this engine's own,
since public code gives contradictory codes for one name. A user sets a quota, 0 included, in the settings file
(`[local.quotas]`) or by RequestServiceQuotaIncrease, which the engine grants at once.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from birdtui.local.paging import BadToken, page
from birdtui.local.service import ACCOUNT, REGION, Operation, Request, ServiceError
from birdtui.local.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS quota_requests (
    id TEXT PRIMARY KEY, code TEXT NOT NULL, value REAL NOT NULL, made REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS quota_requests_by_code ON quota_requests (code, made);
"""

SERVICE_CODE = "sagemaker"
SERVICE_NAME = "Amazon SageMaker"
INSTANCES_OF_A_TYPE = 8.0
INSTANCES_IN_ALL = 64.0
LONGEST_RUN_SECONDS = 28 * 24 * 3600.0
ALL_INSTANCES = "Number of instances across training jobs"
LONGEST_RUN = "Longest run time for a training job"
_PAGE = 100
_MISSING = "The request failed because the specified {kind} does not exist."


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota: its name, the engine's code for it, the value a new engine has, and the unit AWS gives it."""

    name: str
    code: str
    default: float
    unit: str = "None"


def quota_name(instance_type: str, *, spot: bool = False) -> str:
    """SageMaker's own name of an instance type's quota for training jobs."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def quota_code(name: str) -> str:
    """The engine's stable code of a quota, of the form AWS's codes have."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


class QuotaService:
    """The quotas of service code `sagemaker`, as ListServiceQuotas and its relatives show them."""

    def __init__(self, store: Store, configured: Callable[[], Mapping[str, float]] = dict) -> None:
        """`configured` gives the user's own values by quota or instance type; it is asked at each use, and wins."""
        self._store = store
        self._configured = configured
        self.operations: Mapping[str, Operation] = {
            "ListServices": self._list_services,
            "ListServiceQuotas": self._list_quotas,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get_quota,
            "GetAWSDefaultServiceQuota": self._get_default,
            "RequestServiceQuotaIncrease": self._request_increase,
        }

    def limit(self, instance_type: str, *, spot: bool = False) -> float:
        """How many instances of a type training jobs may use at once."""
        return self.value(quota_name(instance_type, spot=spot))

    def value(self, name: str) -> float:
        """The applied value of a quota by its name."""
        known = self._quotas.get(quota_code(name))
        quota = known or Quota(name, quota_code(name), INSTANCES_OF_A_TYPE)
        return self._value(quota, self._configured(), self._granted())

    @cached_property
    def _quotas(self) -> Mapping[str, Quota]:
        from birdtui.spec.service_model import instance_types

        named = [(ALL_INSTANCES, INSTANCES_IN_ALL, "None"), (LONGEST_RUN, LONGEST_RUN_SECONDS, "Second")]
        for instance_type in instance_types():
            named.append((quota_name(instance_type), INSTANCES_OF_A_TYPE, "None"))
            named.append((quota_name(instance_type, spot=True), INSTANCES_OF_A_TYPE, "None"))
        quotas = (Quota(name, quota_code(name), default, unit) for name, default, unit in named)
        return {quota.code: quota for quota in sorted(quotas, key=lambda quota: quota.code)}

    def _granted(self) -> Mapping[str, float]:
        rows = self._store.reading().execute("SELECT code, value FROM quota_requests ORDER BY made, rowid")
        return {row["code"]: row["value"] for row in rows}

    @staticmethod
    def _value(quota: Quota, configured: Mapping[str, float], granted: Mapping[str, float]) -> float:
        instance_type = quota.name.partition(" for ")[0]
        for key in (quota.name, instance_type):
            if key in configured:
                return float(configured[key])
        return granted.get(quota.code, quota.default)

    def _applied(self) -> Callable[[Quota], float]:
        configured, granted = self._configured(), self._granted()
        return lambda quota: self._value(quota, configured, granted)

    def _list_services(self, _request: Request) -> Mapping[str, Any]:
        return {"Services": [{"ServiceCode": SERVICE_CODE, "ServiceName": SERVICE_NAME}]}

    def _list_quotas(self, request: Request) -> Mapping[str, Any]:
        return self._page(request, self._applied())

    def _list_defaults(self, request: Request) -> Mapping[str, Any]:
        return self._page(request, lambda quota: quota.default)

    def _get_quota(self, request: Request) -> Mapping[str, Any]:
        quota = self._asked(request)
        return {"Quota": _described(quota, self._applied()(quota))}

    def _get_default(self, request: Request) -> Mapping[str, Any]:
        quota = self._asked(request)
        return {"Quota": _described(quota, quota.default)}

    def _request_increase(self, request: Request) -> Mapping[str, Any]:
        quota = self._asked(request)
        identity, made = uuid.uuid4().hex, datetime.now(UTC)
        value = float(request.parameters["DesiredValue"])
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO quota_requests VALUES (?, ?, ?, ?)", (identity, quota.code, value, made.timestamp())
            )
        return {"RequestedQuota": _change(quota, identity, value, made)}

    def _asked(self, request: Request) -> Quota:
        _require_service(request)
        quota = self._quotas.get(request.parameters["QuotaCode"])
        if quota is None:
            raise ServiceError("NoSuchResourceException", _MISSING.format(kind="service quota"))
        return quota

    def _page(self, request: Request, value: Callable[[Quota], float]) -> Mapping[str, Any]:
        _require_service(request)
        wanted = request.parameters.get("QuotaCode")
        quotas = [quota for quota in self._quotas.values() if wanted in (None, quota.code)]
        limit = min(request.parameters.get("MaxResults", _PAGE), _PAGE)
        try:
            chosen, token = page(quotas, lambda quota: quota.code, request.parameters.get("NextToken"), limit)
        except BadToken:
            raise ServiceError("InvalidPaginationTokenException", "Invalid NextToken.") from None
        answer: dict[str, Any] = {"Quotas": [_described(quota, value(quota)) for quota in chosen]}
        return answer | ({"NextToken": token} if token else {})


def _require_service(request: Request) -> None:
    if request.parameters["ServiceCode"] != SERVICE_CODE:
        raise ServiceError("NoSuchResourceException", _MISSING.format(kind="service"))


def _described(quota: Quota, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": SERVICE_NAME,
        "QuotaArn": _arn(quota),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": quota.unit,
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _change(quota: Quota, identity: str, value: float, made: datetime) -> dict[str, Any]:
    return {
        "Id": identity,
        "ServiceCode": SERVICE_CODE,
        "ServiceName": SERVICE_NAME,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": value,
        "Status": "APPROVED",
        "Created": made,
        "LastUpdated": made,
        "Requester": f'{{"accountId":"{ACCOUNT}"}}',
        "QuotaArn": _arn(quota),
        "GlobalQuota": False,
        "Unit": quota.unit,
        "QuotaRequestedAtLevel": "ACCOUNT",
    }


def _arn(quota: Quota) -> str:
    return f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:{SERVICE_CODE}/{quota.code}"
