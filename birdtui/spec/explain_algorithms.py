"""Why other built-in algorithms, or a user's own script, ended: XGBoost's files, annotations, arguments, modules."""

from __future__ import annotations

import re

from birdtui.spec.explain_text import Case, Context, Explanation, case, explained


def _libsvm(found: re.Match[str], context: Context) -> Explanation:
    file = found["file"]
    return explained(
        f"The data{f' ({file})' if file else ''} could not be read as libsvm.",
        (
            context.channel_field(_first(context), "content_type"),
            "Set it to what lies there, such as text/csv: without one, the algorithm reads libsvm.",
        ),
        (
            context.channel_field(_first(context)),
            "Or check that nothing but libsvm files lies there: <label> <index>:<value> …",
        ),
    )


def _hidden(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "Among the data lies a hidden file, which the algorithm refuses.",
        (
            context.channel_field(_first(context)),
            "Remove the object whose name begins with a dot or an underscore, or write a narrower prefix.",
        ),
    )


def _annotation(_found: re.Match[str], context: Context) -> Explanation:
    return explained(
        "The annotations in the list file or the RecordIO file are too short: an object takes at least five numbers, "
        "its label and the four edges of its box.",
        (
            context.channel_field(_first(context)),
            "Write a list file again as the algorithm's format has it, header width 2 and object width 5 included, "
            "and pack the RecordIO files from it.",
        ),
    )


def _parameter(found: re.Match[str], context: Context) -> Explanation:
    name, rest = found["name"], found["rest"].strip(" .")
    return explained(
        f"The algorithm does not take the value of {name}{f': {rest}' if rest else ''}.",
        (context.hyperparameter(name), "Write another value, as the message says." if rest else "Write another value."),
    )


def _wrong_type(found: re.Match[str], context: Context) -> Explanation | None:
    value, wanted = found["value"], found["wanted"]
    values = context.member("HyperParameters")
    names = [name for name, text in values.items() if text == value] if isinstance(values, dict) else []
    name = found["name"] or (names[0] if len(names) == 1 else "")
    if not name:
        return None
    return explained(
        f'The algorithm does not take "{value}" for {name}: it is no {wanted}.',
        (context.hyperparameter(name), f"Write a {wanted}."),
    )


def _unknown_arguments(found: re.Match[str], context: Context) -> Explanation | None:
    names = list(dict.fromkeys(re.findall(r"(?:^|\s)--?([\w.-]+)", found["arguments"])))
    if not names:
        return None
    return explained(
        f"The training script knows no argument {', '.join(f'--{name}' for name in names)}.",
        *(
            (context.hyperparameter(name), "Take it out, or let the script take it: each hyperparameter is passed on.")
            for name in names
        ),
    )


def _missing_arguments(found: re.Match[str], context: Context) -> Explanation | None:
    names = re.findall(r"--([\w.-]+)", found["arguments"])
    if not names:
        return None
    return explained(
        f"The training script needs the argument{'s' if len(names) > 1 else ''} "
        f"{', '.join(f'--{name}' for name in names)}.",
        *((context.hyperparameter(name), "Set it.") for name in names),
    )


def _module(found: re.Match[str], _context: Context) -> Explanation:
    return explained(
        f'The training program needs the Python module "{found["module"]}", which the image does not have.',
        ("", "Name its package in a requirements.txt beside the script, if the image installs from one."),
        ("algorithm.image", "Or use an image that has it."),
    )


def _first(context: Context) -> str:
    """The training channel, or the first where none has a usual name."""
    names = context.channel_names
    return next((name for name in ("train", "training") if name in names), names[0] if names else "train")


ALGORITHM_FAILURES: tuple[Case, ...] = (
    case(r"of file ['\"](?P<file>[^'\"]{1,200})['\"].{0,40}contenttype by defaul+t is in libsvm", _libsvm),
    case(r"(?P<file>)(?:contenttype by defaul+t is in libsvm|failed to load libsvm data)", _libsvm),
    case(r"hidden files? found in (?:the )?data path", _hidden),
    case(r"not enough (?:annotation|label) packed in", _annotation),
    case(
        r"invalid parameter value u?['\"](?P<name>\w+)['\"]\.?(?P<rest>.{0,300}?)(?:, exit code: ?\d+)?$",
        _parameter,
    ),
    case(
        r"caused by: u?['\"](?P<value>[^'\"]*)['\"] is not of type u?['\"](?P<wanted>\w+)['\"]"
        r"(?:.{0,300}?(?:on instance|properties['\"]\])\[u?['\"](?P<name>\w+)['\"]\])?",
        _wrong_type,
    ),
)

SCRIPT_FAILURES: tuple[Case, ...] = (
    case(r"error: unrecognized arguments: (?P<arguments>[^\"]{1,400})", _unknown_arguments),
    case(r"error: the following arguments are required: (?P<arguments>[^\"]{1,400})", _missing_arguments),
    case(r"(?:ModuleNotFoundError|ImportError): no module named ['\"]?(?P<module>[\w.-]+)", _module),
)
