"""How statuses look: a glyph, a word and a colour, so that colour never carries meaning alone; and how time reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.content import Content

from birdtui.spec.plain_text import plain

MUTED = "$foreground 60%"
"""The style of what matters less; `$text-muted` is for style sheets only, in text it would be as bright as the rest."""

ROOM_BESIDE = 24

_LOOKS = {
    "InProgress": ("▶", "$text-primary"),
    "Completed": ("✔", "$text-success"),
    "Failed": ("✘", "$text-error bold"),
    "Stopping": ("◼", "$text-warning"),
    "Stopped": ("■", "$text-warning"),
    "Deleting": ("…", MUTED),
    "MaxRuntimeExceeded": ("■", "$text-warning"),
    "MaxWaitTimeExceeded": ("■", "$text-warning"),
    "Interrupted": ("‖", "$text-warning"),
}


def status_content(status: str) -> Content:
    """A status as glyph and word; one that birdtui does not know is shown as it is."""
    glyph, style = _LOOKS.get(status, ("•", "$text"))
    return Content.styled(f"{glyph} {plain(status)}", style)


def short_duration(span: timedelta | float | None) -> str:
    """`7s`, `3m20s`, `1h05m`, `2d03h`; `–` for none."""
    if span is None:
        return "–"
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    seconds = max(seconds, 0)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
    return f"{seconds // 86_400}d{seconds % 86_400 // 3600:02}h"


def age(moment: object, now: datetime) -> str:
    """How long ago something was, in one unit."""
    if not isinstance(moment, datetime):
        return "–"
    seconds = max(int((now - moment).total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def job_duration(job: Mapping[str, Any], now: datetime) -> timedelta | None:
    """From creation to end; a job that runs is counted until now."""
    start = job.get("CreationTime")
    end = job.get("TrainingEndTime") or (now if job.get("TrainingJobStatus") in {"InProgress", "Stopping"} else None)
    end = end or job.get("LastModifiedTime")
    return end - start if isinstance(start, datetime) and isinstance(end, datetime) else None


def timeline(transitions: Sequence[Mapping[str, Any]], now: datetime, width: int) -> Content:
    """One line for each secondary status: how long it lasted, and its last message, wrapped beside or under it."""
    lines: list[Content] = []
    for entry in transitions:
        start, end = entry.get("StartTime"), entry.get("EndTime")
        lasted = (end or now) - start if isinstance(start, datetime) else None
        word = status_content(str(entry.get("Status", "")))
        running = "…" if end is None and entry.get("Status") not in {"Completed", "Failed", "Stopped"} else ""
        duration = "" if _is_last(entry) else short_duration(lasted) + running
        line = word.pad_right(max(22 - word.cell_length, 1)) + Content(duration.rjust(7) + "  ")
        message = Content.styled(plain(str(entry.get("StatusMessage") or "")), MUTED)
        indent, room = (
            (line.cell_length, width - line.cell_length) if width - line.cell_length >= 24 else (4, width - 4)
        )
        wrapped = message.wrap(max(room, 10)) if message else []
        beside = bool(wrapped) and indent == line.cell_length
        lines.append(line + wrapped[0] if beside else line)
        lines += [Content(" " * indent) + piece for piece in wrapped[1 if beside else 0 :]]
    return Content("\n").join(lines) if lines else Content.styled("No status yet.", MUTED)


def _with_message(line: Content, message: Content, width: int) -> list[Content]:
    """A line with its message beside it, or under it where that leaves less than `ROOM_BESIDE` cells."""
    indent = line.cell_length if width - line.cell_length >= ROOM_BESIDE else 4
    pieces = message.wrap(max(width - indent, 10))
    if indent == line.cell_length:
        line, pieces = line + pieces[0], pieces[1:]
    return [line, *(Content(" " * indent) + piece for piece in pieces)]


def strip_of_statuses(transitions: Sequence[Mapping[str, Any]], now: datetime) -> Content:
    """The timeline in one line: `Starting 3s › Downloading 1s › Training 12s…`."""
    parts: list[Content] = []
    for number, entry in enumerate(transitions):
        start, end = entry.get("StartTime"), entry.get("EndTime")
        last = number == len(transitions) - 1
        status = str(entry.get("Status", ""))
        text = plain(status)
        if isinstance(start, datetime) and not _is_last(entry):
            text += f" {short_duration((end or now) - start)}{'' if end else '…'}"
        parts.append(
            status_content(status) if last and _is_last(entry) else Content.styled(text, "bold" if last else "")
        )
    return Content(" › ").join(parts)


def _is_last(entry: Mapping[str, Any]) -> bool:
    return entry.get("Status") in {"Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"}


def local_time(moment: object) -> str:
    """A moment in the reader's own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if isinstance(moment, datetime) else "–"


def now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)
