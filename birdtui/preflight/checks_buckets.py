"""Each bucket of the job: it exists, it is yours, and it is in the job's region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from birdtui.aws.buckets import BucketState, nearest
from birdtui.aws.errors import AwsProblem
from birdtui.preflight.case import Case, Check, counted, ok
from birdtui.spec.findings import Finding, Level
from birdtui.spec.rules_facts import Location, location


def bucket_checks(case: Case) -> Iterator[Check]:
    """One check for each bucket, at the first field that names it; and one for a checkpoint prefix."""
    seen: set[str] = set()
    for field, place in _places(case):
        if place.bucket and place.bucket not in seen:
            seen.add(place.bucket)
            look = partial(_bucket, case, field, place)
            yield Check("bucket", field, f"the bucket {place.bucket}", look, "s3:ListBucket")
    checkpoints = location(case.facts.member("CheckpointConfig").get("S3Uri"))
    if checkpoints and checkpoints.bucket:
        field = case.facts.field("CheckpointConfig", "S3Uri")
        look = partial(_checkpoints, case, field, checkpoints)
        yield Check("checkpoints", field, "what lies under the checkpoints", look, "s3:ListBucket")


def _places(case: Case) -> Iterator[tuple[str, Location]]:
    facts = case.facts
    for one in facts.inputs:
        if one.location:
            yield facts.uri_field(one), one.location
    if case.output:
        yield case.output_field, case.output
    for member, name in (
        ("CheckpointConfig", "S3Uri"),
        ("TensorBoardOutputConfig", "S3OutputPath"),
        ("DebugHookConfig", "S3OutputPath"),
        ("ProfilerConfig", "S3OutputPath"),
    ):
        if place := location(facts.member(member).get(name)):
            yield facts.field(member, name), place


def _bucket(case: Case, field: str, place: Location) -> Iterator[Finding]:
    found, region = case.account.bucket(place.bucket), case.caller.region
    name = place.bucket
    if found.state is BucketState.MISSING:
        near = _near(case, name)
        remedy = f"did you mean {near}?" if near else "check the name; a bucket has to exist before the job is sent"
        suggestion = _in_bucket(place, near) if near else ""
        yield Finding("bucket", Level.ERROR, field, f"there is no bucket called {name}", remedy, suggestion)
    elif found.state is BucketState.ELSEWHERE or (found.region and found.region != region):
        where = found.region or "another region"
        text = f"the bucket {name} is in {where}, the job would run in {region}"
        use = f"use --region {found.region}, or a bucket" if found.region else "use a bucket"
        yield Finding("bucket", Level.ERROR, field, text, f"{use} in {region}")
    elif found.state is BucketState.FORBIDDEN:
        text = f"the bucket {name} exists, but it is another account's or you may not look into it (403)"
        remedy = _forbidden_remedy(case, name)
        yield Finding("bucket", Level.WARNING, field, text, remedy)
    elif found.state is BucketState.OTHERS:
        text = f"the bucket {name} belongs to another account"
        remedy = "the job reaches it only if that account lets your role in; check the name"
        yield Finding("bucket", Level.WARNING, field, text, remedy)
    else:
        yield ok("bucket", field, f"{name} is yours, in {found.region or region}")


def _in_bucket(place: Location, bucket: str) -> str:
    """The same place in another bucket."""
    return f"s3://{bucket}{place.uri.removeprefix(f's3://{place.bucket}')}"


def _near(case: Case, name: str) -> str | None:
    with suppress(AwsProblem):
        return nearest(name, case.account.bucket_names())
    return None


def _forbidden_remedy(case: Case, name: str) -> str:
    """Bucket names are shared by all accounts: a near one of your own is probably what was meant."""
    with suppress(AwsProblem):
        names = case.account.bucket_names()
        if name in names:
            return "ask for s3:ListBucket on it"
        if near := nearest(name, names):
            return f"did you mean {near}?"
    return "check the name; the job can use it only if its role may"


def _checkpoints(case: Case, field: str, place: Location) -> Iterator[Finding]:
    listing = case.account.listing(place.bucket, place.key)
    if listing.objects:
        more = "" if listing.complete else " or more"
        text = f"{counted(len(listing.objects), 'object')}{more} lie there already: the job would resume from them"
        yield Finding("checkpoints", Level.NOTE, field, text, "use another prefix to start afresh")
    else:
        yield ok("checkpoints", field, "no checkpoint lies there yet")
