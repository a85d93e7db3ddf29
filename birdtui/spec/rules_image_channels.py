"""The channels of image classification: which there must be, what they may say, and what runs them."""

from __future__ import annotations

from collections.abc import Iterator

from birdtui.spec.findings import Finding
from birdtui.spec.instances import family, gpu_count
from birdtui.spec.rules_facts import Facts, Input, error, note, warning

DOCUMENTED_FAMILIES = ("p2", "p3", "p3dn", "g4dn", "g5")
"""GPU families that the guide names for this algorithm."""

_CHANNELS = ("train", "validation", "train_lst", "validation_lst", "model")
_SLIPS = {
    "train": ("training", "trainset", "traindata", "trainingdata"),
    "validation": ("valid", "val", "validate", "eval", "dev", "validationset"),
    "train_lst": ("trainlst", "traininglst", "trainlist"),
    "validation_lst": ("validationlst", "validlst", "vallst", "validationlist"),
}
_RECORDIO = "application/x-recordio"
_MODEL = "application/x-sagemaker-model"
_IMAGES = ("application/x-image", "image/jpeg", "image/png", "image/jpg", "application/jpeg")
"""Content types of plain images; the last two are undocumented and work (one is in AWS's own sample)."""


def image_channel_rules(facts: Facts) -> Iterator[Finding]:
    """All of this room's rules, for image classification alone."""
    if not facts.is_image_classification:
        return
    yield from _names(facts)
    for one in facts.inputs:
        if one.name == "model":
            yield from _model(facts, one)
        else:
            yield from _content_type(facts, one)
            yield from _mode(facts, one)
            yield from _sharded(facts, one)
            yield from _manifest(facts, one)
    yield from _lists(facts)
    yield from _instances(facts)


def is_image_content(one: Input) -> bool:
    """Whether a channel says that it holds plain images."""
    return one.content_type in _IMAGES


def _names(facts: Facts) -> Iterator[Finding]:
    slips = {one.name: meant for one in facts.inputs if (meant := _meant(one.name))}
    for name in ("train", "validation"):
        if facts.input(name):
            continue
        slip = next((given for given, meant in slips.items() if meant == name), None)
        remedy = f'did you mean that by "{slip}"? Rename it' if slip else f"add [channels.{name}] with its s3_uri"
        field = f"channels.{slip or name}"
        yield error("channel-missing", field, f"image classification needs a channel called {name}", remedy)
    for one in facts.inputs:
        meant = slips.get(one.name)
        if one.name in _CHANNELS or (meant in ("train", "validation") and not facts.input(str(meant))):
            continue
        yield warning(
            "channel-name",
            facts.channel_field(one, "ChannelName"),
            f'image classification knows no channel "{one.name}"',
            f'did you mean "{meant}"?' if meant else f"it reads {', '.join(_CHANNELS)}",
        )


def _meant(name: str) -> str | None:
    """The channel that a name not among the known ones probably means."""
    plain = name.lower().replace("-", "").replace("_", "").replace(".", "")
    if name in _CHANNELS:
        return None
    for known, slips in _SLIPS.items():
        if plain == known.replace("_", "") or plain in slips:
            return known
    return None


def _content_type(facts: Facts, one: Input) -> Iterator[Finding]:
    field = facts.channel_field(one, "ContentType")
    if not one.content_type:
        yield warning(
            "content-type",
            field,
            f"the channel {one.name} does not say what it holds",
            f'set {field} to "{_RECORDIO}" for .rec files, to "application/x-image" for images',
        )
    elif one.content_type != _RECORDIO and one.content_type not in _IMAGES:
        yield warning(
            "content-type",
            field,
            f'"{one.channel.content_type}" is no content type that image classification is known to read',
            f'write "{_RECORDIO}" for .rec files, "application/x-image" for images',
        )
    train = facts.input("train")
    if one.name != "validation" or train is None or not (one.content_type and train.content_type):
        return
    if one.is_recordio != train.is_recordio:
        yield warning(
            "content-type",
            field,
            f'validation holds "{one.channel.content_type}", train "{train.channel.content_type}"',
            "use the same for both",
        )


def _mode(facts: Facts, one: Input) -> Iterator[Finding]:
    manifest = one.channel.s3_data_type == "AugmentedManifestFile"
    field = facts.channel_field(one, "InputMode")
    if one.mode == "FastFile":
        yield warning(
            "channel-mode",
            field,
            f"the channel {one.name} is read in FastFile mode, which this algorithm is not documented to support",
            "use File or Pipe",
        )
    elif one.mode == "Pipe" and not manifest and is_image_content(one):
        yield warning(
            "channel-mode",
            field,
            f"the channel {one.name} holds images and a list, which are read in File mode",
            'use "File", or RecordIO files',
        )


def _sharded(facts: Facts, one: Input) -> Iterator[Finding]:
    if one.channel.distribution != "ShardedByS3Key":
        return
    fatal = one.mode == "Pipe" or one.is_recordio
    yield (error if fatal else warning)(
        "channel-sharded",
        facts.channel_field(one, "DataSource", "S3DataSource", "S3DataDistributionType"),
        f"the channel {one.name} is sharded by key, which this algorithm does not support",
        'write "FullyReplicated"',
    )


def _manifest(facts: Facts, one: Input) -> Iterator[Finding]:
    if one.channel.s3_data_type != "AugmentedManifestFile":
        return
    names = one.channel.attribute_names
    field = facts.channel_field(one, "DataSource", "S3DataSource", "AttributeNames")
    if names and len(names) != 2:
        yield error(
            "channel-attributes",
            field,
            f"the channel {one.name} names {len(names)} attributes; image classification reads two: image, then label",
            'write them so: ["source-ref", "class"]',
        )
    elif names and names[1].endswith("-ref") and not names[0].endswith("-ref"):
        yield warning(
            "channel-attributes",
            field,
            f'the channel {one.name} names "{names[0]}" first and "{names[1]}" second; the image comes first',
            f'write ["{names[1]}", "{names[0]}"]',
        )
    if one.channel.record_wrapper != "RecordIO":
        wrapper = facts.channel_field(one, "RecordWrapperType")
        yield warning(
            "channel-wrapper",
            wrapper,
            f"the channel {one.name} reads an augmented manifest without wrapping its entries as records",
            f'set {wrapper} to "RecordIO"',
        )


def _lists(facts: Facts) -> Iterator[Finding]:
    """Channels of images need their lists: one for train, one for validation."""
    lists = {name: facts.input(f"{name}_lst") for name in ("train", "validation")}
    for name, other in (("train", "validation"), ("validation", "train")):
        data, own = facts.input(name), lists[name]
        plain = data is not None and is_image_content(data) and data.channel.s3_data_type == "S3Prefix"
        if own is None and lists[other] is not None:
            yield error(
                "channel-list",
                f"channels.{name}_lst",
                f"there is a list for {other} but none for {name}",
                f"add [channels.{name}_lst] with the .lst file of {name}",
            )
        elif own is None and plain:
            yield warning(
                "channel-list",
                f"channels.{name}_lst",
                f"the channel {name} holds images, and no list says what they show",
                f"add [channels.{name}_lst] with the .lst file",
            )
        elif own is not None and data is not None and data.is_recordio:
            yield warning(
                "channel-list",
                facts.channel_field(own, "ChannelName"),
                f"RecordIO files carry their own labels; the list {own.name} is for plain images",
                f"take [channels.{own.name}] out, or set the content type of {name} to application/x-image",
            )


def _model(facts: Facts, one: Input) -> Iterator[Finding]:
    if one.content_type != _MODEL:
        field = facts.channel_field(one, "ContentType")
        given = f'is called "{one.channel.content_type}"' if one.content_type else "has no content type"
        yield warning(
            "content-type", field, f"the channel model, an earlier job's artifact, {given}", f'write "{_MODEL}"'
        )
    if one.location and not one.location.key.endswith(".tar.gz"):
        yield warning(
            "channel-model",
            facts.uri_field(one),
            f'"{one.channel.s3_uri}" is no model.tar.gz of an earlier job',
            "write the artifact's whole URI",
        )


def _instances(facts: Facts) -> Iterator[Finding]:
    for field, name in facts.instance_types:
        if gpu_count(name) == 0:
            yield error(
                "instance-gpu",
                field,
                f"{name} has no GPU, and image classification trains on GPUs alone",
                'use a GPU type, such as "ml.p3.2xlarge" or "ml.g4dn.xlarge"',
            )
        elif family(name) and family(name) not in DOCUMENTED_FAMILIES:
            yield note(
                "instance-family",
                field,
                f"the guide does not name {family(name)} for image classification, so it may not run there",
                f"documented are {', '.join(DOCUMENTED_FAMILIES)}",
            )
