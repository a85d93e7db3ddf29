"""`--watch` and `--follow`: status, log lines and metrics as they happen, then the outcome."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from birdtui import collector
from birdtui.aws.session import Session
from birdtui.headless.connect import connection
from birdtui.headless.output import Output, advice_list, stamp
from birdtui.settings import Settings
from birdtui.spec.plain_text import plain
from birdtui.watch.events import (
    AnyLines,
    Event,
    JobEnded,
    LogLines,
    MergedLines,
    MetricPoint,
    Recovered,
    StatusChanged,
    Trouble,
    Waiting,
)
from birdtui.watch.job_state import JobState


def watch(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """Follow a job that exists."""
    return follow(Session(connection(options, found)), options.watch, output)


def follow(session: Session, name: str, output: Output) -> int:
    """Follow a job to its end; the exit code is the job's: 0 Completed, 1 Failed, 5 Stopped. Raises AwsProblem."""
    from birdtui.aws.logs import Logs
    from birdtui.aws.training_jobs import TrainingJobs
    from birdtui.headless import Interrupted
    from birdtui.watch.watcher import Watcher

    collector.settle()
    stop = threading.Event()
    watcher = Watcher(TrainingJobs(session), Logs(session), name, stop=stop)
    teller: Teller = JsonTeller(name, output) if output.as_json else PlainTeller(name, output)
    try:
        for event in watcher.events():
            teller.tell(event)
            if isinstance(event, JobEnded):
                return event.exit_code
    except KeyboardInterrupt:
        stop.set()
        teller.leave()
        again = f"birdtui {'--local ' if session.connection.is_local else ''}--watch {name}"
        raise Interrupted(f"stopped watching; {name} goes on. `{again}` watches it again.") from None
    finally:
        teller.leave()
    raise RuntimeError("the watcher ended before the job did")


class Teller:
    """Says what happens to a job; one way for people, one for programs."""

    def __init__(self, name: str, output: Output) -> None:
        self.state = JobState(name)
        self.output = output

    def tell(self, event: Event) -> None:
        """Say one event."""
        raise NotImplementedError  # pragma: no cover - each way has its own

    def leave(self) -> None:
        """Take away what was drawn to be drawn over."""


class JsonTeller(Teller):
    """One JSON object a line, as the design's table of events says."""

    def tell(self, event: Event) -> None:
        """Print the event, if it is one for programs."""
        if isinstance(event, LogLines | MergedLines):
            self.output.events(_log_events(event))
            return
        if isinstance(event, Trouble):
            self.output.talk(trouble_text(event))
        told = self._content(event)
        if told is not None:
            self.output.event({**told, "time": stamp(event.time)})  # type: ignore[union-attr]

    @staticmethod
    def _content(event: Event) -> Mapping[str, Any] | None:
        match event:
            case StatusChanged():
                facts = {"status": event.status, "secondary": event.secondary, "message": event.message}
                return {"event": "status", "time": None, **facts}
            case MetricPoint():
                value = event.value if math.isfinite(event.value) else None
                point = {"host": event.host, "epoch": event.epoch, "name": event.name, "value": value}
                return {"event": "metric", "time": None, **point}
            case JobEnded():
                return {"event": "end", "time": None, **end_facts(event)}
        return None


def _log_events(lines: AnyLines) -> Iterator[Mapping[str, Any]]:
    """The `log` event of each line."""
    streams = ((lines.stream, lines.host),) if isinstance(lines, LogLines) else lines.streams
    for source, timestamp, message in zip(lines.sources, lines.timestamps, lines.messages, strict=True):
        stream, host = streams[source]
        moment = stamp(datetime.fromtimestamp(timestamp / 1000, UTC))
        facts = {"stream": stream, "host": host, "timestamp": timestamp, "message": message}
        yield {"event": "log", "time": moment, **facts}


def end_facts(ended: JobEnded) -> dict[str, Any]:
    """The `end` event's keys."""
    return {
        "status": ended.status,
        "secondary": ended.secondary,
        "exit_code": ended.exit_code,
        "artifact": ended.artifact,
        "best_epoch": ended.best_epoch,
        "best_validation_accuracy": ended.best_validation_accuracy,
        "artifact_epoch": ended.artifact_epoch,
        "billable_seconds": ended.billable_seconds,
        "failure_reason": ended.failure_reason,
        "advice": advice_list(ended.advice),
    }


class PlainTeller(Teller):
    """Lines for people: in a pipe one after the other, on a terminal with a live line under them."""

    def __init__(self, name: str, output: Output) -> None:
        super().__init__(name, output)
        self._live = sys.stdout.isatty()
        self._drawn = False

    def tell(self, event: Event) -> None:
        """Print the event and draw the live line anew."""
        if not isinstance(event, LogLines | MergedLines):
            self.state.apply(event)
        lines = self._lines(event)
        if lines:
            self.leave()
            sys.stdout.write("\n".join(lines) + "\n")
        if isinstance(event, Trouble):
            self.leave()
            self.output.talk(trouble_text(event))
        if self._live and not isinstance(event, JobEnded):
            self._draw()
        sys.stdout.flush()

    def _lines(self, event: Event) -> list[str]:
        match event:
            case LogLines() | MergedLines():
                return self._log_lines(event)
            case StatusChanged():
                message = f": {plain(event.message)}" if event.message else ""
                return [f"{event.time.astimezone():%H:%M:%S} {plain(event.secondary)}{message}"]
            case Waiting():
                return [] if self._live else [f"{event.since.astimezone():%H:%M:%S} {plain(event.reason)}"]
            case Recovered():
                return [f"{event.time.astimezone():%H:%M:%S} AWS answers again"]
            case JobEnded():
                return outcome(event)
        return []

    def _log_lines(self, event: AnyLines) -> list[str]:
        several = int(self.state.description.get("ResourceConfig", {}).get("InstanceCount") or 1) > 1
        # nothing to take out of a whole page: quicker to see than line by line
        if not several and " ".join(event.messages).isprintable():
            return list(event.messages)
        before = [f"{host} " if several else "" for host in event.hosts]
        return [
            before[source] + line
            for source, message in zip(event.sources, event.messages, strict=True)
            for line in plain(message).rstrip("\n").split("\n")
        ]

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns
        text = live_line(self.state, datetime.now(UTC))[: width - 1]
        sys.stdout.write(f"\r\x1b[2K{text}")
        self._drawn = True

    def leave(self) -> None:
        """Take the live line away."""
        if self._drawn:
            sys.stdout.write("\r\x1b[2K")
            sys.stdout.flush()
            self._drawn = False


def trouble_text(trouble: Trouble) -> str:
    """What keeps AWS from answering, said once."""
    until = f" Trying again until {trouble.until.astimezone():%H:%M:%S}." if trouble.until else " Trying again."
    advice = " ".join(plain(each.text) for each in trouble.advice)
    return f"birdtui: {plain(trouble.message)} {advice}{until}"


def span_text(span: timedelta) -> str:
    """A span of time: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def live_line(state: JobState, now: datetime) -> str:
    """Status, epoch, best so far, time left: one line."""
    parts = [state.secondary or state.status or "…"]
    if state.waiting is not None and not state.epochs_done:
        parts.append(plain(state.waiting.reason))
    if state.epochs_done:
        total = f"/{state.total_epochs}" if state.total_epochs else ""
        parts.append(f"epoch {state.epochs_done}{total}")
    if state.best is not None:
        parts.append(f"best {state.best[1]:.4f} at epoch {state.best[0]}")
    left = state.time_left(now)
    if left is not None:
        parts.append(f"about {span_text(left)} left")
    return " · ".join(parts)


def outcome(ended: JobEnded) -> list[str]:
    """How the job ended, for people; the artifact's URI is the last line of a job that has one."""
    status = ended.secondary if ended.status == "Stopped" and ended.secondary else ended.status
    lines = ["", f"{plain(ended.status)}" + (f" ({plain(status)})" if status != ended.status else "")]
    if ended.failure_reason:
        lines.append(f"reason: {plain(ended.failure_reason)}")
    if ended.error_lines and ended.exit_code:
        lines += ["the log's last errors:", *(f"  {plain(line)}" for line in ended.error_lines)]
    for advice in ended.advice:
        lines.append(f"→ {advice.field + ': ' if advice.field else ''}{plain(advice.text)}")
    if ended.best_epoch is not None and ended.best_validation_accuracy is not None:
        lines.append(f"best epoch: {ended.best_epoch} (validation accuracy {ended.best_validation_accuracy:.6f})")
    if ended.artifact_epoch is not None:
        note = (
            ""
            if ended.best_epoch is None
            else " (the best)"
            if ended.artifact_epoch == ended.best_epoch
            else " (not the best)"
        )
        lines.append(f"artifact holds epoch: {ended.artifact_epoch}{note}")
    if ended.billable_seconds is not None:
        lines.append(f"billable: {span_text(timedelta(seconds=ended.billable_seconds))}")
    if ended.artifact:
        lines.append(f"artifact: {ended.artifact}")
    return lines
