"""What CreateTrainingJob demands beyond its model, for any job: what it runs, tags, networks, names of buckets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from birdtui.spec.findings import Finding
from birdtui.spec.images import UnknownImage, algorithms, default_version, image_uri, regions, versions
from birdtui.spec.rules_facts import Facts, error, location, note, warning


def request_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules."""
    for rule in (_parts, _image, _version, _metrics, _tags, _places):
        yield from rule(facts)


def _parts(facts: Facts) -> Iterator[Finding]:
    """Members that the model calls optional, for serverless jobs, and that every other job needs."""
    if "ServerlessJobConfig" in facts.request:
        return
    if not facts.member("ResourceConfig"):
        yield error(
            "required",
            facts.field("ResourceConfig"),
            "the job has no instances to run on",
            'add resources.instance_type = "ml.p3.2xlarge" and resources.instance_count = 1',
        )
    if not facts.member("StoppingCondition").get("MaxRuntimeInSeconds"):
        yield note(
            "max-runtime",
            facts.field("StoppingCondition", "MaxRuntimeInSeconds"),
            "no longest runtime is set: the service stops the job after one day",
            'set limits.max_runtime, such as "24h"',
        )


def _image(facts: Facts) -> Iterator[Finding]:
    algorithm = facts.member("AlgorithmSpecification")
    named = [what for what in ("TrainingImage", "AlgorithmName") if algorithm.get(what)]
    field = facts.field("AlgorithmSpecification", "TrainingImage")
    if facts.spec.algorithm is not None:
        if named:
            yield error(
                "image-or-algorithm",
                facts.field("AlgorithmSpecification", named[0]),
                f"algorithm.name and {named[0]} both say what to run",
                "keep one of them",
            )
    elif len(named) > 1:
        yield error("image-or-algorithm", field, "both an image and an algorithm's name are given", "keep one of them")
    elif not named and "ServerlessJobConfig" not in facts.request:
        yield error(
            "image-or-algorithm",
            "algorithm.name",
            "nothing says what the job runs",
            'add algorithm.name = "image-classification", or algorithm.image with an image\'s URI',
        )
    yield from _registry(facts, field)


def _registry(facts: Facts, field: str) -> Iterator[Finding]:
    """Whether the image lies where a training job can get it from."""
    image = facts.spec.image
    if image and facts.image is None and not facts.member("AlgorithmSpecification").get("TrainingImageConfig"):
        name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
        placeholder = "<" in image
        yield (error if placeholder else warning)(
            "image-registry",
            field,
            f'"{image}" holds a placeholder' if placeholder else f'"{image}" lies in no ECR registry',
            f'write algorithm.name = "{name}" instead'
            if name in algorithms()
            else "write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
        )
    if facts.image and facts.image.misplaced:
        yield error(
            "image-registry",
            field,
            f"{facts.image.account} is not the account that holds {facts.image.repository} in {facts.image.region}",
            f'write "{image_uri(str(facts.image.algorithm), facts.image.region)}", or algorithm.name instead',
        )


def _version(facts: Facts) -> Iterator[Finding]:
    name, version = facts.spec.algorithm, facts.spec.algorithm_version
    if name is None:
        return
    try:
        known = versions(name)
        regions(name, version)
    except UnknownImage as unknown:
        field = "algorithm.version" if _is_algorithm(name) else "algorithm.name"
        text, _, remedy = str(unknown).partition("; did you mean")
        if remedy:
            remedy = f"did you mean{remedy}"
        elif unknown.suggestion:
            remedy = f'write "{unknown.suggestion}"'
        yield error("algorithm", field, text, remedy)
        return
    if version is not None and version not in known and version != "latest":
        yield warning(
            "algorithm-version",
            "algorithm.version",
            f'{name} has no version "{version}"; {known[0]} is used, the only one there is',
            f'write "{known[0]}", or leave it out',
        )
    elif version is None and len(known) > 1:
        newest = [one for one in known if one[:1].isdigit()][-1]
        yield warning(
            "algorithm-version",
            "algorithm.version",
            f"without a version {name} means {default_version(name)}, its oldest",
            f'write "{newest}" for the newest of {", ".join(known)}',
        )


def _is_algorithm(name: str) -> bool:
    try:
        versions(name)
    except UnknownImage:
        return False
    return True


def _metrics(facts: Facts) -> Iterator[Finding]:
    definitions = facts.member("AlgorithmSpecification").get("MetricDefinitions") or ()
    path = ("AlgorithmSpecification", "MetricDefinitions")
    if definitions and facts.algorithm:
        yield error(
            "metric-definitions",
            facts.field(*path),
            f"{facts.algorithm} is a built-in algorithm, and the service refuses metric definitions for it",
            f"take {facts.field(*path)} out: the service adds its own",
        )
    for index, entry in enumerate(definitions):
        try:
            re.compile(entry.get("Regex") or "")
        except re.error as fault:
            yield warning(
                "metric-regex",
                facts.field(*path, index),
                f'"{entry["Regex"]}" is no regular expression: {fault}',
                "mend it, or the metric stays empty",
            )
    for name, count in Counter(entry.get("Name") for entry in definitions).items():
        if name and count > 1:
            yield error(
                "metric-definitions",
                facts.field(*path),
                f'the metric "{name}" is defined {count} times',
                "give each definition its own name",
            )


def _tags(facts: Facts) -> Iterator[Finding]:
    keys = [tag.get("Key") or "" for tag in facts.request.get("Tags") or ()]
    for index, key in enumerate(keys):
        field = facts.field("Tags", index)
        if key.lower().startswith("aws:"):
            yield error("tags", field, f'the tag "{key}" begins with aws:, which only AWS may set', "take it out")
        elif key.lower() in [earlier.lower() for earlier in keys[:index]]:
            yield error("tags", field, f'the tag "{key}" is given twice; its letters\' case does not count', "keep one")


def _places(facts: Facts) -> Iterator[Finding]:
    """What a network or a place in S3 demands."""
    for one in facts.inputs:
        source = one.channel.entry.get("DataSource") or {}
        given = [name for name, value in source.items() if value is not None]
        if len(given) != 1:
            yield error(
                "channel-source",
                facts.channel_field(one, "DataSource"),
                f"the channel {one.name} has {' and '.join(given) if given else 'no source at all'}",
                "give it one source, such as s3_uri",
            )
        if source.get("FileSystemDataSource") and not facts.request.get("VpcConfig"):
            yield error(
                "file-system-network",
                facts.field("VpcConfig", "Subnets"),
                f"the channel {one.name} reads a file system, which can be reached only inside a VPC",
                "set network.subnets and network.security_groups",
            )
    for path in (("OutputDataConfig", "S3OutputPath"), ("CheckpointConfig", "S3Uri")):
        uri = facts.member(path[0]).get(path[1])
        if uri is not None:
            yield from bucket_rules(facts.field(*path), uri)


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OLD_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


def bucket_rules(field: str, uri: str) -> Iterator[Finding]:
    """What is wrong with the bucket's name or the key of an S3 URI: placeholders, blanks, doubled slashes."""
    place = location(uri)
    if place is None or place.bucket.startswith("arn:"):
        return
    if re.search(r"[<>{}$]", place.bucket):
        yield error(
            "bucket-name", field, f'"{place.bucket}" is a placeholder, not a bucket', "write your own bucket's name"
        )
    elif not _OLD_BUCKET.fullmatch(place.bucket):
        yield error(
            "bucket-name",
            field,
            f'"{place.bucket}" cannot be a bucket\'s name',
            "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens",
        )
    elif not _BUCKET.fullmatch(place.bucket):
        yield warning(
            "bucket-name",
            field,
            f'"{place.bucket}" is no name that a bucket of today can have',
            f'did you mean "{place.bucket.lower().replace("_", "-")}"?',
        )
    if place.key.startswith("/") or "//" in place.key or place.key != place.key.strip():
        mended = re.sub("/+", "/", place.key.strip()).lstrip("/")
        yield warning(
            "s3-uri",
            field,
            f'"{uri}" has a doubled slash or a blank in its key, which S3 takes literally',
            f'write "s3://{place.bucket}/{mended}"',
        )
