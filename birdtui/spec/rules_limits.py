"""How long a job may run, wait and keep its instances, on demand and on spot."""

from __future__ import annotations

from collections.abc import Iterator

from birdtui.spec.findings import Finding
from birdtui.spec.rules_facts import Facts, error, note, warning

DAY = 86_400
LONGEST_RUN = 28 * DAY
"""Seconds that a job may run at most (the guide's 28 days)."""
LONGEST_LIFE = 30 * DAY
"""Seconds from a job's creation to its end, at most."""
WAIT_WITHOUT_CHECKPOINTS = 3_600
"""Seconds that a spot job may take where its algorithm does not save checkpoints."""
KEEP_ALIVE_CEILING = 3_600
"""Seconds that an account may keep instances warm until AWS raises the limit."""

_LIMITS, _WAIT = "StoppingCondition", "MaxWaitTimeInSeconds"
# The guide's page on managed spot training names these.
_CHECKPOINTING = ("image-classification", "object-detection", "semantic-segmentation", "xgboost")


def limit_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules."""
    yield from _runtime(facts)
    yield from _spot(facts)
    yield from _keep_alive(facts)


def _runtime(facts: Facts) -> Iterator[Finding]:
    limits = facts.member(_LIMITS)
    runtime, pending = limits.get("MaxRuntimeInSeconds"), limits.get("MaxPendingTimeInSeconds")
    field = facts.field(_LIMITS, "MaxRuntimeInSeconds")
    if runtime is not None and runtime > LONGEST_RUN:
        yield error(
            "max-runtime",
            field,
            f"{_time(runtime)} is more than a job may run: {_time(LONGEST_RUN)}",
            'write at most "672h"',
        )
    elif runtime is not None and pending is not None and runtime + pending > LONGEST_LIFE:
        yield warning(
            "job-life",
            field,
            f"{_time(pending)} of waiting and {_time(runtime)} of running are more than a job's life of 30 days",
            "shorten one of them",
        )


def _spot(facts: Facts) -> Iterator[Finding]:
    limits = facts.member(_LIMITS)
    wait, field = limits.get(_WAIT), facts.field(_LIMITS, _WAIT)
    runtime = limits.get("MaxRuntimeInSeconds") or DAY
    if not facts.spec.spot:
        if wait is not None:
            yield error(
                "wait-without-spot",
                field,
                f"a wait time of {_time(wait)} is set, which only a spot job may have",
                f"take {field} out, or set limits.spot = true",
            )
        return
    if wait is None:
        yield error(
            "spot-wait",
            field,
            "a spot job needs the longest time it may take, waiting included",
            f"set {field} to {runtime} seconds or more (limits.max_runtime is {_time(runtime)})",
        )
        return
    if wait < runtime:
        yield error(
            "spot-wait",
            field,
            f"the wait time of {_time(wait)} is less than the runtime of {_time(runtime)} that it includes",
            f"set {field} to {runtime} seconds or more, or limits.max_runtime to {wait} or less",
        )
    yield from _spot_checkpoints(facts, wait)


def _spot_checkpoints(facts: Facts, wait: int) -> Iterator[Finding]:
    field = facts.field(_LIMITS, _WAIT)
    if wait > LONGEST_LIFE:
        yield error("job-life", field, f"{_time(wait)} is more than a job's life of 30 days", 'write at most "720h"')
    if facts.request.get("CheckpointConfig"):
        return
    if facts.algorithm and wait > WAIT_WITHOUT_CHECKPOINTS:
        can = facts.algorithm in _CHECKPOINTING
        yield warning(
            "spot-checkpoints",
            field,
            f"without checkpoints a spot job of a built-in algorithm may take {_time(WAIT_WITHOUT_CHECKPOINTS)} "
            f"at most, and {_time(wait)} are asked for",
            "set checkpoints.s3_uri" if can else f"set {field} to {WAIT_WITHOUT_CHECKPOINTS}",
        )
    else:
        yield note(
            "spot-checkpoints",
            facts.field("CheckpointConfig", "S3Uri"),
            "without checkpoints an interrupted spot job begins again from nothing",
            "set checkpoints.s3_uri",
        )


def _keep_alive(facts: Facts) -> Iterator[Finding]:
    seconds = facts.member("ResourceConfig").get("KeepAlivePeriodInSeconds")
    field = facts.field("ResourceConfig", "KeepAlivePeriodInSeconds")
    if not seconds:
        return
    if seconds > KEEP_ALIVE_CEILING:
        yield warning(
            "keep-alive",
            field,
            f"{_time(seconds)} is more than the {_time(KEEP_ALIVE_CEILING)} that an account is allowed at first",
            f"write at most {KEEP_ALIVE_CEILING} unless AWS has raised the limit",
        )
    if facts.spec.spot:
        yield warning("keep-alive", field, "spot instances are not kept warm", f"take {field} or limits.spot out")


def _time(seconds: int) -> str:
    """Seconds as a person says them: `24 h`, `28 days`, `90 min`, `3,601 s`."""
    for unit, name in ((DAY, "days"), (3600, "h"), (60, "min")):
        if seconds % unit == 0 and seconds // unit > 1:
            return f"{seconds // unit:,} {name}"
    return "1 h" if seconds == 3600 else f"{seconds:,} s"
