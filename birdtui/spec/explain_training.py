"""Why image classification's container ended: hyperparameters, channels, records, labels, in its own words."""

from __future__ import annotations

import re

from birdtui.spec.explain_text import Case, Context, Explanation, case, explained
from birdtui.spec.image_classification import HYPERPARAMETERS, REMOVED, known
from birdtui.spec.toml_problems import nearest

_NAME = re.compile(r"\bu?'([^']*)'|\bu?\"([^\"]*)\"|'([^']*)'|\"([^\"]*)\"")
_PAIR = re.compile(r"u?'(\w+)': u?'([^']*)'")
_COUNT = r"(\d[\d,]*)"


def _names(text: str) -> list[str]:
    """The quoted names of a text; Python 2 writes u'x'."""
    return [next(group for group in found.groups() if group is not None) for found in _NAME.finditer(text)]


def _unknown_hyperparameters(found: re.Match[str], context: Context) -> Explanation | None:
    names = _names(found["names"])
    if not names:
        return None
    listed = ", ".join(f'"{name}"' for name in names)
    return explained(
        f"The algorithm has no hyperparameter{'s' if len(names) > 1 else ''} {listed}.",
        *((context.hyperparameter(name), _instead(name, context)) for name in names),
    )


def _instead(name: str, context: Context) -> str:
    if not context.is_image_classification:
        return "Take it out, or mend its spelling: the algorithm's documentation lists the names."
    if name in REMOVED:
        told = REMOVED[name]
        return f"{told[0].upper()}{told[1:]}."
    near = {"batch_size": "mini_batch_size", "lr": "learning_rate"}.get(name) or nearest(name, HYPERPARAMETERS)
    return f'Did you mean "{near}"?' if near else "Take it out."


def _missing_hyperparameters(found: re.Match[str], context: Context) -> Explanation | None:
    names = _names(found["names"])
    if not names:
        return None
    return explained(
        f"The algorithm needs {' and '.join(names)}, and nothing was sent.",
        *((context.hyperparameter(name), _set(name, context)) for name in names),
    )


def _set(name: str, context: Context) -> str:
    one = HYPERPARAMETERS.get(name) if context.is_image_classification else None
    return f"Set it: {one.help}" if one else "Set it."


def _bad_hyperparameter(found: re.Match[str], context: Context) -> Explanation:
    name, value = found["name"], found["value"]
    one = known(name) if context.is_image_classification else None
    told = re.match(r"(?:one of the following: ?)?(.{0,300})", found["expected"] or "")
    expected = one.allowed if one else _expected(told[1] if told else "")
    near = nearest(value, one.choices) if one and one.choices else None
    help_ = f'Did you mean "{near}"? ' if near else ""
    return explained(
        f'The algorithm does not take "{value}" for {name}.',
        (context.hyperparameter(name), f"{help_}Write {expected}." if expected else "Write another value."),
    )


def _expected(text: str) -> str:
    """What a schema's message says is taken; a reason that was cut may end in the middle of it."""
    names = _names(text)
    if names and text.lstrip().startswith(("'", '"', "u'")):
        return f"one of {', '.join(names)}"
    return text.strip(" .")


def _channels(found: re.Match[str], context: Context) -> Explanation | None:
    text = found.string[found.start() :]
    if missing := re.search(r"u?'(\w+)' is a required property", text):
        name = missing[1]
        if name in {"ContentType", "TrainingInputMode", "S3DistributionType", "RecordWrapperType"}:
            return explained(
                f"A channel does not say its {name}, which the algorithm needs.",
                (context.channel_field("train", "content_type"), "Set the channel's content type."),
            )
        return explained(
            f"The algorithm needs a channel called {name}, and there is none.",
            (context.channel_field(name), f"Add [channels.{name}]; names are taken letter by letter."),
        )
    extra = re.search(r"not allowed \((?P<names>.{0,300}?)(?: (?:was|were) unexpected|$)", text)
    if extra and (names := _names(extra["names"])):
        return explained(
            f"The algorithm knows no channel {', '.join(names)}.",
            *((context.channel_field(name), "Rename it, or take it out.") for name in names),
        )
    return _refused_channel(text, context)


def _refused_channel(text: str, context: Context) -> Explanation:
    """A channel that fits none of the schemas; a reason that was cut may not name it."""
    named = re.search(r"properties'\]\[u?'([\w.-]+)'\]", text)
    as_set = re.search(r"caused by: \{(.{0,400}?)\} is not valid under any", text, re.IGNORECASE)
    told = ", ".join(f"{key} {value}" for key, value in _PAIR.findall(as_set[1])) if as_set else ""
    name = named[1] if named else "train"
    called = f"the {name} channel" if named else "a channel"
    if as_set and "ContentType" not in as_set[1]:
        return explained(
            f"The algorithm refuses {called}, which has no content type: it has {told}.",
            (context.channel_field(name, "content_type"), "Set it, such as application/x-recordio or text/csv."),
        )
    return explained(
        f"The algorithm refuses {called} as it is set{f': {told}' if told else ''}.",
        (context.channel_field(name, "content_type"), "Check the channel's content type, input mode and distribution."),
    )


def _labels(found: re.Match[str], context: Context) -> Explanation:
    counts = re.findall(rf"\({_COUNT}\)", found[0])
    field = context.hyperparameter("num_classes")
    if len(counts) < 2:
        return explained(
            "The labels of the data and num_classes do not agree.", (field, "Set num_classes to the number of labels.")
        )
    if counts[0] == counts[1]:
        return explained(
            f"The labels of the data do not fit num_classes, although the message counts {counts[0]} of both.",
            (context.channel_field("train"), f"Check that each line of the list has {counts[0]} labels, each 0 or 1."),
            (field, f"Check that there are {counts[0]} classes."),
        )
    return explained(
        f"The data has {counts[0]} labels, and num_classes is {counts[1]}.",
        (field, f"Set num_classes to {counts[0]}, if the data is right."),
        (context.channel_field("train"), f"Or mend the labels, if there are {counts[1]} classes."),
    )


def _label_range(found: re.Match[str], context: Context) -> Explanation:
    label, classes, channel = found["label"], found["classes"], found["channel"]
    return explained(
        f"The {channel} channel has the label {label}, and num_classes is {classes}: labels are 0 to num_classes - 1.",
        (context.hyperparameter("num_classes"), f"Set num_classes to {int(label) + 1} or more, if the data is right."),
        (
            context.channel_field(channel),
            f"Or mend the labels: they begin at 0, so {classes} classes end at {int(classes) - 1}.",
        ),
    )


def _too_few_classes(found: re.Match[str], context: Context) -> Explanation:
    classes = context.member("HyperParameters", "num_classes")
    label = re.search(r"labels? \(?(\d{1,9})\b", found[0], re.IGNORECASE)
    high = f"The label {label[1]}" if label else "A label"
    return explained(
        f"{high} is too high for num_classes{f', {classes}' if isinstance(classes, str) else ''}: "
        "labels are 0 to num_classes - 1.",
        (
            context.hyperparameter("num_classes"),
            f"Set it to {int(label[1]) + 1} or more, if the data is right."
            if label
            else "Set it to the highest label plus one, if the data is right.",
        ),
        (context.channel_field("train"), "Or mend the labels: they begin at 0."),
    )


def _image_size(found: re.Match[str], context: Context) -> Explanation:
    rule = found["rule"].strip()
    return explained(
        f"{rule[0].upper()}{rule[1:]}.",
        (context.hyperparameter("image_shape"), "Write a size that the message allows."),
    )


def _batch(_found: re.Match[str], context: Context) -> Explanation:
    batch = context.member("HyperParameters", "mini_batch_size")
    default = HYPERPARAMETERS["mini_batch_size"].default
    size = batch if isinstance(batch, str) else f"{default}, by default" if context.request else ""
    return explained(
        f"There are fewer images than one batch holds{f' ({size})' if size else ''}.",
        (context.hyperparameter("mini_batch_size"), "Write at most the number of images, of validation too."),
        (context.channel_field("train"), "Or check that the channels find all of the data."),
    )


def _list_file(found: re.Match[str], context: Context) -> Explanation:
    name = _channel(found)
    lists = name if name.endswith("_lst") else f"{name}_lst"
    field = lists if context.channel(lists) or not context.channels else name
    return explained(
        f"The list file of the {name} channel is not as it must be.",
        (
            context.channel_field(field),
            "Each line is: a number of its own, tab, the class from 0, tab, the image's path inside the channel. "
            "One .lst file to a channel.",
        ),
    )


def _empty_records(found: re.Match[str], context: Context) -> Explanation:
    name = _channel(found)
    return explained(
        f"The .rec file in the {name} channel holds no records.",
        (context.channel_field(name), "Make the file again (im2rec), and check its size before uploading."),
    )


def _no_records(found: re.Match[str], context: Context) -> Explanation:
    name = _channel(found)
    return explained(
        f"There is no .rec file in the {name} channel.",
        (context.channel_field(name), "Check the prefix: exactly one .rec file must lie under it."),
        (context.channel_field(name, "content_type"), "Or, if images lie there, say so: application/x-image."),
    )


def _many_records(found: re.Match[str], context: Context) -> Explanation:
    name = _channel(found)
    uri = context.channel_uri(name)
    advice = "Point it at a prefix that holds exactly one .rec file."
    if uri and re.fullmatch(r"s3://[^/]+/?", uri):
        advice += f' "{uri}" is the whole bucket: write its folder, such as "{uri.rstrip("/")}/{name}/".'
    elif uri and not uri.endswith("/"):
        advice += f' Without a slash at its end "{uri}" matches more than that folder: write "{uri}/".'
    return explained(
        f"The {name} channel finds several .rec files{f' under {uri}' if uri else ''}; it must be exactly one.",
        (context.channel_field(name), advice),
    )


def _bad_records(_found: re.Match[str], context: Context) -> Explanation:
    wrapped = context.channel_where("RecordWrapperType", value="RecordIO")
    piped = context.channel_where("InputMode", value="Pipe")
    whole = context.member("AlgorithmSpecification", "TrainingInputMode") == "Pipe"
    if wrapped:
        field, help_ = context.channel_field(wrapped, "record_wrapper"), "Wrap only what is not RecordIO already."
    elif piped:
        field, help_ = (
            context.channel_field(piped, "input_mode"),
            "Check it: in Pipe mode the objects are read as a stream.",
        )
    elif whole:
        field, help_ = "algorithm.input_mode", "Check it: in Pipe mode the objects are read as a stream."
    else:
        field, help_ = (
            context.channel_field("train", "content_type"),
            "Check it: application/x-recordio is for .rec files.",
        )
    return explained(
        "The records could not be read as RecordIO of images.",
        (field, help_),
        (context.channel_field("train"), "Check that the prefix finds .rec files made by im2rec, uploaded whole."),
    )


def _weighted_loss(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "The weighted loss found no class weights: it does not work with augmented manifests.",
        (context.hyperparameter("use_weighted_loss"), "Set it to 0, or train from RecordIO or list files."),
    )


def _small_images(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "An image is smaller than image_shape asks for.",
        (context.hyperparameter("image_shape"), "Write no more than the smallest image's height and width."),
        (context.hyperparameter("resize"), "Or set it to the larger side of image_shape, or more."),
    )


def _missing_channel(found: re.Match[str], context: Context) -> Explanation:
    return explained(
        f"The algorithm needs a channel called {found['channel']}, and there is none.",
        (context.channel_field(found["channel"], ""), f"Add [channels.{found['channel']}]."),
    )


def _multi_label(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "The local engine does not train with several labels to an image.",
        (context.hyperparameter("multi_label"), "Set it to 0 here; on AWS it works."),
    )


def _channel(found: re.Match[str]) -> str:
    return found["channel"] or "train"


_OF_CHANNEL = r"(?:.{0,60}?\b(?:in|of|for|under) (?:the )?['\"]?(?P<channel>[\w.-]+?)['\"]? channel)?"

TRAINING_FAILURES: tuple[Case, ...] = (
    case(r"failed to validate input data configuration", _channels),
    case(
        r"additional (?:hyper-?parameters|properties) are not allowed "
        r"\(?(?P<names>.{0,500}?)(?: (?:was|were) unexpected|$)",
        _unknown_hyperparameters,
    ),
    case(r"no values?\(?s?\)? (?:were|was) specified for (?P<names>.{0,500}?)(?: which|$)", _missing_hyperparameters),
    case(
        r"the value u?['\"](?P<value>.{0,500}?)['\"] is not valid for (?:the )?u?['\"](?P<name>[^'\"]+)['\"] ?"
        r"(?:hyper-?parameter)?(?: ?which (?:accepts|expects) (?P<expected>.{0,400}?)(?: ?\(caused by|$))?",
        _bad_hyperparameter,
    ),
    case(
        rf"mismatch between (?:the )?number of labels(?: in the [\w-]+ data)? ?(?:\({_COUNT}\))?"
        rf".{{0,60}}num_classes(?: parameter)? ?(?:\({_COUNT}\))?",
        _labels,
    ),
    case(
        r"label (?P<label>\d{1,9}) in (?:the )?(?P<channel>[\w.-]+) channel is out of range.{0,120}?"
        r"num_classes is (?P<classes>\d{1,9})",
        _label_range,
    ),
    case(r"number of (?:input |training )?images must be (?:bigger|greater|larger).{0,40}mini_batch_size", _batch),
    case(rf"invalid \.?lst file{_OF_CHANNEL}", _list_file),
    case(rf"empty \.?rec(?:ordio)? files?{_OF_CHANNEL}", _empty_records),
    case(rf"multiple (?:recordio|\.?rec) files?{_OF_CHANNEL}", _many_records),
    case(rf"no \.?rec(?:ordio)? files?{_OF_CHANNEL}", _no_records),
    case(r"invalid recordio format|unable to parse record\b|correct recordio format", _bad_records),
    case(r"pos_cls_weights", _weighted_loss),
    case(
        r"input image size smaller than|image size.{0,40}smaller than (?:the )?(?:input|data|image)[ _]shape",
        _small_images,
    ),
    case(r"the (?P<channel>[\w.-]+) channel is required", _missing_channel),
    case(r"\b(?P<channel>(?!the\b)[\w.-]+) channel is not specified", _missing_channel),
    case(r"labels? .{0,60}(?:greater|larger|bigger|exceeds?).{0,60}num_classes", _too_few_classes),
    case(r"(?P<rule>image size must be .{1,200}?)(?:\.|, exit code: ?\d+)?$", _image_size),
    case(r"several labels: the local engine|does not train with multi_label", _multi_label),
)
