"""How many instances of a type training jobs may use at once, by the quota's own name, and how many they do use.

Quotas are found by name: public code gives contradictory L- codes for one and the same quota. The applied list may
leave out what was never changed, which AWS's default list then has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from birdtui.aws.errors import translated
from birdtui.aws.session import Session
from birdtui.aws.side_by_side import all_of
from birdtui.aws.training_jobs import TrainingJobs

ALL_INSTANCES = "Number of instances across training jobs"
LONGEST_RUN = "Longest run time for a training job"
SERVICE_CODE = "sagemaker"
MOST_DESCRIBED = 60
"""Running jobs that are looked at; the instances of more are not counted."""
_PAGE = 100


@dataclass(frozen=True)
class Usage:
    """Instances that running jobs use, by type; `complete` is false where there are more jobs than were looked at."""

    on_demand: Mapping[str, int]
    spot: Mapping[str, int]
    complete: bool = True

    def of(self, instance_type: str, *, spot: bool) -> int:
        """Instances of one type."""
        return (self.spot if spot else self.on_demand).get(instance_type, 0)

    @property
    def total(self) -> int:
        """Instances of all types."""
        return sum(self.on_demand.values()) + sum(self.spot.values())


def quota_name(instance_type: str, *, spot: bool) -> str:
    """The quota's own name, as Service Quotas lists it."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def limits(session: Session, names: Collection[str]) -> dict[str, float]:
    """The values of the named quotas: the applied one, else AWS's default; a name that neither list has is absent.

    Raises AwsProblem where the applied list cannot be read: a default says nothing of what an account was given.
    """
    found: dict[str, float] = {}
    for method in ("list_service_quotas", "list_aws_default_service_quotas"):
        missing = set(names) - found.keys()
        for quota in _quotas(session, method) if missing else ():
            if quota["QuotaName"] in missing:
                found[quota["QuotaName"]] = float(quota["Value"])
                missing.discard(quota["QuotaName"])
            if not missing:
                break
    return found


def _quotas(session: Session, method: str) -> Iterator[Mapping[str, Any]]:
    pages = session.client("service-quotas").get_paginator(method)
    with translated():
        for page in pages.paginate(ServiceCode=SERVICE_CODE, PaginationConfig={"PageSize": _PAGE}):
            yield from page["Quotas"]


def in_use(jobs: TrainingJobs) -> Usage:
    """What the running training jobs use. Raises AwsProblem."""
    running = list(islice(jobs.iterate(status="InProgress"), MOST_DESCRIBED + 1))
    calls = [partial(jobs.describe, job["TrainingJobName"]) for job in running[:MOST_DESCRIBED]]
    used: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for description in all_of(calls):
        used[bool(description.get("EnableManagedSpotTraining"))] += wanted(description.get("ResourceConfig", {}))
    return Usage(used[False], used[True], complete=len(running) <= MOST_DESCRIBED)


def wanted(config: Mapping[str, Any]) -> Counter[str]:
    """Instances by type that a ResourceConfig asks for: of every type it would accept, since quotas are held so."""
    count = _count(config, 1)
    found: Counter[str] = Counter()
    for group in config.get("InstanceGroups") or ():
        if kind := group.get("InstanceType"):
            found[kind] += _count(group, 1)
    for preference in config.get("InstancePreferences") or ():
        if kind := preference.get("InstanceType"):
            found[kind] = _count(preference, count)
    if selected := config.get("SelectedInstanceType"):
        return Counter({selected: _count({"InstanceCount": config.get("SelectedInstanceCount")}, count)})
    if kind := config.get("InstanceType"):
        found[kind] += count
    return found


def _count(holder: Mapping[str, Any], default: int) -> int:
    count = holder.get("InstanceCount")
    return count if isinstance(count, int) else default
