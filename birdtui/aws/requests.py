"""From a spec to the request that is sent: what only AWS can tell is put in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from birdtui.aws.errors import AwsProblem
from birdtui.aws.roles import resolve_role
from birdtui.aws.session import Session
from birdtui.spec.findings import Advice
from birdtui.spec.job import JobSpec, resolve, unique_job_name


def resolved(spec: JobSpec, session: Session, name: str | None = None) -> dict[str, Any]:
    """The request with name, role and image put in; `name` is taken where it is given. Raises AwsProblem."""
    from birdtui.spec.images import UnknownImage

    if name is None:
        name = unique_job_name(spec.name, datetime.now(UTC)) if spec.unique_name else spec.name
    try:
        return resolve(spec, region=session.region, role_arn=resolve_role(session, spec.role), name=name)
    except UnknownImage as error:
        advice = (Advice("algorithm.name", str(error)),)
        raise AwsProblem("UnknownImage", str(error), exit_code=2, advice=advice) from None
