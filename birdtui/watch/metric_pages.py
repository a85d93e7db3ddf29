"""Which lines of a page of log events are worth reading for metrics.

Almost no line of a long log is: most say how far a batch is, or are another program's. Looking at a line costs two
searches for a fixed text, less than one for a regex.
"""

from __future__ import annotations

from collections.abc import Sequence

from birdtui.watch.metric_text import LINE_CHARS, without_escapes

FOLLOWING = 6
"""How many lines after an epoch's values can tell that its model was stored or that training ends early."""
USUAL_CHARS = 256
_LAST_BATCH_LINES = 64


def relevant(messages: Sequence[str], following: int) -> tuple[list[int], int]:
    """The places of the lines of one stream that hold an epoch's values or come right after some.

    `following` is how many of the first lines come right after those of the page before; the second answer is the same
    for the page after this one. A log event is one line, so one that tells of a batch tells of nothing else.
    """
    end = len(messages)
    rows: list[int] = []
    start, stop = 0, following
    for hit in [row for row, text in enumerate(messages) if "] Batch" not in text and "Epoch[" in text]:
        if hit > stop:
            rows += range(start, stop)
            start = hit
        stop = hit + FOLLOWING
    rows += range(start, min(stop, end))
    return rows, max(stop - end, 0)


def last_batch_line(messages: Sequence[str]) -> str | None:
    """The last line that tells of a batch, looked for at the page's end only."""
    for text in reversed(messages[-_LAST_BATCH_LINES:]):
        if "] Batch" in text:
            return text[:LINE_CHARS]
    return None


def joined(messages: Sequence[str]) -> str:
    """The messages as one text, a line each: long ones cut, escape sequences and inner newlines taken out."""
    text = "\n".join(messages)
    if len(text) > USUAL_CHARS * len(messages):
        messages = [message[:LINE_CHARS] for message in messages]
        text = "\n".join(messages)
    if "\x1b" in text:
        messages = [without_escapes(message) for message in messages]
        text = "\n".join(messages)
    if text.count("\n") >= len(messages) > 0:
        text = "\n".join(message.replace("\n", "\v") for message in messages)
    return text
