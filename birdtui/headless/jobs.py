"""`--list` and `--stop`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from birdtui.aws.session import Session
from birdtui.headless.connect import connection
from birdtui.headless.output import Output, stamp
from birdtui.settings import Settings
from birdtui.spec.plain_text import plain

PAGE = 100


def list_jobs(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """The newest page of jobs: a table, or the design's JSON document."""
    from birdtui.aws.training_jobs import TrainingJobs

    page = TrainingJobs(Session(connection(options, found))).page(limit=PAGE)
    now = datetime.now(UTC)
    rows = [_facts(job, now) for job in page.jobs]
    if output.as_json:
        output.document({"jobs": rows, "next_token": page.next_token})
        return 0
    if not rows:
        output.talk("no training jobs here yet: birdtui --submit FILE creates one")
    for line in _table(rows):
        output.data(line)
    if page.next_token:
        output.talk(f"older jobs are left out: these are the newest {PAGE}")
    return 0


def stop(options: argparse.Namespace, found: Settings, output: Output) -> int:
    """Stop a job; prints its status after that."""
    from birdtui.aws.training_jobs import TrainingJobs

    jobs = TrainingJobs(Session(connection(options, found)))
    jobs.stop(options.stop)
    status = str(jobs.describe(options.stop)["TrainingJobStatus"])
    if output.as_json:
        output.document({"job": options.stop, "status": status})
    else:
        output.data(f"{options.stop} {status}")
    return 0


def _facts(job: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    created, ended = job.get("CreationTime"), job.get("TrainingEndTime")
    running = job.get("TrainingJobStatus") in {"InProgress", "Stopping"}
    end = ended or (now if running else job.get("LastModifiedTime"))
    return {
        "name": job["TrainingJobName"],
        "arn": job["TrainingJobArn"],
        "status": job["TrainingJobStatus"],
        "secondary": job.get("SecondaryStatus"),
        "created": stamp(created) if created else None,
        "ended": stamp(ended) if ended else None,
        "duration_seconds": int((end - created).total_seconds()) if created and end else None,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a job under a line of titles, columns as wide as they need to be."""
    titles = ("NAME", "STATUS", "CREATED", "SECONDS")
    lines = [titles] + [
        (
            plain(row["name"]),
            row["secondary"] if str(row["secondary"]).startswith("Max") else row["status"],
            datetime.fromisoformat(row["created"]).astimezone().strftime("%Y-%m-%d %H:%M:%S") if row["created"] else "",
            str(row["duration_seconds"]) if row["duration_seconds"] is not None else "",
        )
        for row in rows
    ]
    if len(lines) == 1:
        return []
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
