"""How many instances of a type may run at once, by the quota's name, and how many do."""

from __future__ import annotations

from birdtui.aws.errors import translated
from birdtui.aws.session import Session
from birdtui.aws.training_jobs import TrainingJobs

MOST_DESCRIBED = 20


def quota_name(instance_type: str, *, spot: bool) -> str:
    """The quota's own name; its codes differ from source to source."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def limit(session: Session, instance_type: str, *, spot: bool) -> float | None:
    """The applied quota, else AWS's default; None where neither list has it. Raises AwsProblem."""
    client = session.client("service-quotas")
    wanted = quota_name(instance_type, spot=spot)
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        with translated():
            for page in client.get_paginator(operation).paginate(ServiceCode="sagemaker"):
                for quota in page["Quotas"]:
                    if quota["QuotaName"] == wanted:
                        return float(quota["Value"])
    return None


def in_use(jobs: TrainingJobs, instance_type: str, *, spot: bool) -> int:
    """How many instances of a type running jobs use, as far as the newest of them tell. Raises AwsProblem."""
    used = 0
    running = jobs.page(status="InProgress", limit=MOST_DESCRIBED).jobs
    for job in running[:MOST_DESCRIBED]:
        description = jobs.describe(job["TrainingJobName"])
        config = description.get("ResourceConfig", {})
        if bool(description.get("EnableManagedSpotTraining")) is spot:
            groups = config.get("InstanceGroups") or [config]
            used += sum(
                group.get("InstanceCount") or 1 for group in groups if group.get("InstanceType") == instance_type
            )
    return used
