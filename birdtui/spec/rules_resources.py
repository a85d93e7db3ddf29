"""The instances of a job and their storage: what excludes what, and what a type does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from birdtui.spec.findings import Finding
from birdtui.spec.instances import LIKELY_NVME_FAMILIES, NVME_FAMILIES, family
from birdtui.spec.rules_facts import Facts, error, note, warning


def resource_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules."""
    yield from _instances(facts)
    yield from _volume(facts)


def _instances(facts: Facts) -> Iterator[Finding]:
    resources = facts.member("ResourceConfig")
    if not resources:
        return
    single = [name for name in ("InstanceType", "InstanceCount") if resources.get(name) is not None]
    for member, check in (("InstanceGroups", "instance-groups"), ("InstancePreferences", "instance-preferences")):
        if resources.get(member) and single:
            yield error(
                check,
                facts.field("ResourceConfig", single[0]),
                f"{member} and {' and '.join(single)} exclude each other",
                f"keep {member}, or {' and '.join(single)}",
            )
    if resources.get("InstancePreferences"):
        yield from _preferences(facts, resources)
    elif not resources.get("InstanceGroups"):
        yield from _single_instance(facts, resources)
    yield from _no_instances(facts, resources)
    yield from _group_names(facts, resources)


def _preferences(facts: Facts, resources: Mapping[str, Any]) -> Iterator[Finding]:
    field = facts.field("ResourceConfig", "InstancePreferences")
    if resources.get("InstanceGroups"):
        yield error(
            "instance-preferences",
            field,
            "InstancePreferences and InstanceGroups exclude each other",
            "keep one of them",
        )
    if facts.spec.spot:
        yield error(
            "instance-preferences",
            field,
            "InstancePreferences do not go with spot instances",
            "take limits.spot out, or name one instance type",
        )


def _single_instance(facts: Facts, resources: Mapping[str, Any]) -> Iterator[Finding]:
    for member, example in (("InstanceType", '"ml.p3.2xlarge"'), ("InstanceCount", "1")):
        if resources.get(member) is None and "ServerlessJobConfig" not in facts.request:
            field = facts.field("ResourceConfig", member)
            yield error("required", field, f"{member} is missing", f"add {field} = {example}")


def _no_instances(facts: Facts, resources: Mapping[str, Any]) -> Iterator[Finding]:
    paths: list[tuple[str | int, ...]] = [("InstanceCount",)]
    paths += [
        (member, index, "InstanceCount")
        for member in ("InstanceGroups", "InstancePreferences")
        for index in range(len(resources.get(member) or ()))
    ]
    for path in paths:
        count: Any = resources
        for step in path:
            count = count.get(step) if isinstance(count, Mapping) else (count or ())[step]  # type: ignore[index]
        if count == 0:
            field = facts.field("ResourceConfig", *path)
            yield error("instance-count", field, "a job needs at least one instance", f"set {field} to 1 or more")


def _group_names(facts: Facts, resources: Mapping[str, Any]) -> Iterator[Finding]:
    known = [group.get("InstanceGroupName") for group in resources.get("InstanceGroups") or ()]
    for one in facts.inputs:
        path = ("DataSource", "S3DataSource", "InstanceGroupNames")
        source: Any = one.channel.entry
        for step in path[:-1]:
            source = source.get(step) or {}
        for name in source.get(path[-1]) or ():
            if name not in known:
                yield error(
                    "instance-groups",
                    facts.channel_field(one, *path),
                    f'the channel {one.name} is for the instance group "{name}", which is not among the job\'s',
                    f"name one of {', '.join(map(str, known))}" if known else "take it out: the job has no groups",
                )


def _volume(facts: Facts) -> Iterator[Finding]:
    resources = facts.member("ResourceConfig")
    field = facts.field("ResourceConfig", "VolumeKmsKeyId")
    for type_field, name in facts.instance_types:
        if resources.get("VolumeKmsKeyId"):
            if family(name) in NVME_FAMILIES:
                yield error(
                    "volume-key",
                    field,
                    f"{name} keeps its data on drives of its own, and the service refuses a volume key for it",
                    f"take {field} out: those drives are encrypted anyway",
                )
            elif family(name) in LIKELY_NVME_FAMILIES:
                yield warning(
                    "volume-key",
                    field,
                    f"{name} has drives of its own, for which the service refuses a volume key",
                    f"take {field} out if the service refuses the job",
                )
        if resources.get("VolumeSizeInGB") and family(name) in NVME_FAMILIES:
            yield note(
                "volume-size",
                facts.field("ResourceConfig", "VolumeSizeInGB"),
                f"{name} keeps its data on drives of its own; the volume size is not used",
                f"leave it, or take it out; {type_field} decides",
            )
