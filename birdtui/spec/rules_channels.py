"""Mistakes in input channels that any job can have: places in S3 that overlap, modes that do not fit, manifests."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, permutations

from birdtui.spec.findings import Finding
from birdtui.spec.rules_facts import Facts, Input, Location, error, location, note, warning
from birdtui.spec.rules_request import bucket_rules

_DATA_FOLDERS = {"train": {"train", "training"}, "validation": {"validation", "valid", "val", "test"}}
_MODEL_CHANNELS = ("model", "checkpoint", "pretrained", "pretrained_model", "base_model")
"""Channels that usually point at another job's output, in whatever bucket that lies."""
_ALIKE = 0.8


def channel_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules."""
    yield from _names(facts)
    for one in facts.inputs:
        if one.channel.s3_uri is not None:
            yield from bucket_rules(facts.uri_field(one), one.channel.s3_uri)
        yield from _mode(facts, one)
        yield from _manifest(facts, one)
        yield from _trailing_slash(facts, one)
        yield from _root(facts, one)
    yield from _same_place(facts)
    yield from _nested(facts)
    yield from _wrong_folder(facts)
    yield from _other_bucket(facts)
    yield from _output_in_channel(facts)


def _names(facts: Facts) -> Iterator[Finding]:
    for name, count in Counter(one.name for one in facts.inputs).items():
        if count > 1:
            last = [one for one in facts.inputs if one.name == name][-1]
            yield error(
                "channel-name",
                facts.channel_field(last, "ChannelName"),
                f'{count} channels are called "{name}"',
                "give each channel its own name",
            )


def _mode(facts: Facts, one: Input) -> Iterator[Finding]:
    """What only Pipe mode, or only FastFile mode, asks for."""
    if one.mode != "Pipe":
        for value, harmless, member, what in (
            (one.channel.compression, "None", "CompressionType", "compressed data"),
            (one.channel.record_wrapper, "None", "RecordWrapperType", "records to be wrapped"),
        ):
            if value and value != harmless:
                field = facts.channel_field(one, member)
                yield error(
                    "channel-pipe-only",
                    field,
                    f"the channel {one.name} asks for {what} ({value}) in {one.mode} mode; only Pipe mode has it",
                    f'set {field} to "None", or the channel\'s input_mode to "Pipe"',
                )
    if one.mode == "FastFile" and one.is_prefix and one.location and not one.location.key.endswith("/"):
        yield error(
            "channel-fast-file",
            facts.uri_field(one),
            f'"{one.channel.s3_uri}" does not end with a slash, as a prefix in FastFile mode must',
            f'write "{one.location.uri}/"',
        )


def _manifest(facts: Facts, one: Input) -> Iterator[Finding]:
    names = facts.channel_field(one, "DataSource", "S3DataSource", "AttributeNames")
    if one.channel.s3_data_type == "AugmentedManifestFile":
        if one.mode != "Pipe":
            yield error(
                "channel-manifest-mode",
                facts.channel_field(one, "InputMode"),
                f"the channel {one.name} reads an augmented manifest in {one.mode} mode; that needs Pipe mode",
                f'set {facts.channel_field(one, "InputMode")} to "Pipe"',
            )
        if not one.channel.attribute_names:
            yield error(
                "channel-attributes",
                names,
                f"the channel {one.name} reads an augmented manifest but names none of its attributes",
                f'set {names}, such as ["source-ref", "class"]',
            )
    elif one.channel.attribute_names:
        yield warning(
            "channel-attributes",
            names,
            f"the channel {one.name} names attributes, but only an augmented manifest has any",
            'take them out, or set its s3_data_type to "AugmentedManifestFile"',
        )


def _trailing_slash(facts: Facts, one: Input) -> Iterator[Finding]:
    place = one.location
    if place is None or not one.is_prefix or one.mode == "FastFile":
        return
    if place.key and not place.key.endswith("/") and not place.is_file:
        yield warning(
            "channel-trailing-slash",
            facts.uri_field(one),
            f'"{place.uri}" has no slash at its end, so it also matches {place.folder}_lst/, {place.folder}-old/ '
            "and whatever else begins so",
            f'write "{place.uri}/"',
        )


def _root(facts: Facts, one: Input) -> Iterator[Finding]:
    place = one.location
    if place is None or place.key.strip("/") or not one.is_prefix:
        return
    inside = [other for other in facts.inputs if other is not one and _inside(place, other.location)]
    if inside and _reads_one_record_file(facts, one, inside):
        yield error(
            "channel-bucket-root",
            facts.uri_field(one),
            f'"{one.channel.s3_uri}" is the whole bucket, so the channel {one.name} also finds the records of '
            f"{_listed(inside)}: the job fails with several RecordIO files",
            f'write the folder, such as "s3://{place.bucket}/{one.name}/"',
        )
    else:
        yield warning(
            "channel-bucket-root",
            facts.uri_field(one),
            f'"{one.channel.s3_uri}" is the whole bucket: the channel {one.name} reads everything in it',
            f'write the folder, such as "s3://{place.bucket}/{one.name}/"',
        )


def _same_place(facts: Facts) -> Iterator[Finding]:
    for first, second in combinations(facts.inputs, 2):
        if _paired(first, second) or not _same(first.location, second.location):
            continue
        if first.channel.attribute_names != second.channel.attribute_names:
            continue
        yield warning(
            "channel-same-uri",
            facts.uri_field(second),
            f'the channels {first.name} and {second.name} read the same place, "{second.channel.s3_uri}"',
            f"point {second.name} at data of its own" + _example(first, second),
        )


def _nested(facts: Facts) -> Iterator[Finding]:
    """One channel's prefix matching another channel's data; the root of a bucket has a rule of its own."""
    for outer, inner in permutations(facts.inputs, 2):
        place = outer.location
        if place is None or not place.key.strip("/") or not outer.is_prefix or _paired(outer, inner):
            continue
        if not _inside(place, inner.location) or _same(place, inner.location):
            continue
        finding = error if _reads_one_record_file(facts, outer, [inner]) else warning
        if place.key.endswith("/"):
            yield finding(
                "channel-nested",
                facts.uri_field(inner),
                f'"{inner.channel.s3_uri}" lies inside "{outer.channel.s3_uri}", so the channel {outer.name} '
                f"reads the data of {inner.name} too",
                f"put the data of {inner.name} into a folder of its own" + _example(outer, inner),
            )
        else:
            yield finding(
                "channel-nested",
                facts.uri_field(outer),
                f'"{outer.channel.s3_uri}" also matches "{inner.channel.s3_uri}", so the channel {outer.name} '
                f"reads the data of {inner.name} too",
                f'write "{place.uri}/"',
            )


def _wrong_folder(facts: Facts) -> Iterator[Finding]:
    """A train channel on a folder called validation, or the other way round."""
    train, validation = facts.input("train"), facts.input("validation")
    for one, other in ((train, "validation"), (validation, "train")):
        twin = validation if one is train else train
        if one is None or one.location is None or (twin and _same(one.location, twin.location)):
            continue
        if one.location.folder.lower() in _DATA_FOLDERS[other]:
            yield warning(
                "channel-folder",
                facts.uri_field(one),
                f'the channel {one.name} reads a folder called {one.location.folder}: "{one.channel.s3_uri}"',
                f"check whether {other} is meant",
            )


def _other_bucket(facts: Facts) -> Iterator[Finding]:
    """One channel in another bucket than the rest: often a slip of the pen, sometimes meant."""
    output = location(facts.spec.output_uri)
    votes = Counter(one.location.bucket for one in facts.inputs if one.location and one.name not in _MODEL_CHANNELS)
    if output:
        votes[output.bucket] += 1
    if len(votes) < 2:
        return
    usual = votes.most_common(1)[0][0]
    for one in facts.inputs:
        if one.location is None or one.location.bucket == usual or one.name in _MODEL_CHANNELS:
            continue
        yield _bucket_finding(facts, facts.uri_field(one), f"the channel {one.name} is", one.location, usual)
    if output and output.bucket != usual and _alike(output.bucket, usual):
        field = facts.field("OutputDataConfig", "S3OutputPath")
        yield _bucket_finding(facts, field, "the output goes", output, usual)


def _bucket_finding(facts: Facts, field: str, what: str, place: Location, usual: str) -> Finding:
    doubtful = facts.is_image_classification or _alike(place.bucket, usual)
    return (warning if doubtful else note)(
        "channel-bucket",
        field,
        f'{what} in the bucket "{place.bucket}", the rest of the job in "{usual}"',
        f'did you mean "s3://{usual}/{place.key}"?',
    )


def _output_in_channel(facts: Facts) -> Iterator[Finding]:
    output = location(facts.spec.output_uri)
    for one in facts.inputs:
        if one.location and one.location.key.strip("/") and one.is_prefix and _inside(one.location, output):
            yield warning(
                "output-in-channel",
                facts.field("OutputDataConfig", "S3OutputPath"),
                f'"{facts.spec.output_uri}" lies inside the channel {one.name}: a next job would read this model too',
                "write the output to a place that no channel reads",
            )


def _reads_one_record_file(facts: Facts, outer: Input, inner: list[Input]) -> bool:
    """Whether the outer channel must hold one RecordIO file alone, and would find the inner channels' as well."""
    return facts.is_image_classification and outer.is_recordio and any(one.is_recordio for one in inner)


def _inside(outer: Location, inner: Location | None) -> bool:
    return inner is not None and inner.bucket == outer.bucket and inner.key.startswith(outer.key)


def _same(first: Location | None, second: Location | None) -> bool:
    if first is None or second is None or first.bucket != second.bucket:
        return False
    return first.key.rstrip("/") == second.key.rstrip("/")


def _paired(first: Input, second: Input) -> bool:
    """Whether one is the other's list channel (`train` and `train_lst`), which may well share its folder."""
    return f"{first.name}_lst" == second.name or f"{second.name}_lst" == first.name


def _example(first: Input, second: Input) -> str:
    """A place for the second channel beside the first one's, where the first one's folder bears its name."""
    place = first.location
    if place is None or place.folder != first.name:
        return ""
    parent = place.key.rstrip("/").removesuffix(first.name)
    return f', such as "s3://{place.bucket}/{parent}{second.name}/"'


def _alike(first: str, second: str) -> bool:
    return difflib.SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _listed(inputs: list[Input]) -> str:
    return " and ".join(one.name for one in inputs)
