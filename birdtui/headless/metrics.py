"""`--metrics LOG`: the per-epoch series of a saved log."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from birdtui.headless.output import Output


def metrics(options: argparse.Namespace, output: Output) -> int:
    """Print a table for each host, or the design's JSON document."""
    from birdtui.watch.saved_log import UnreadableLog, read_saved

    try:
        data = sys.stdin.buffer.read() if options.metrics == "-" else Path(options.metrics).read_bytes()
    except OSError as error:
        return output.error("UnreadableFile", f"{options.metrics}: {error.strerror or error}", 2)
    try:
        summary = read_saved(data).summary()
    except UnreadableLog as error:
        return output.error("UnreadableFile", f"{options.metrics}: {error}", 2)
    if output.as_json:
        output.document(summary)
        return 0
    hosts: Mapping[str, Any] = summary["hosts"]
    if not hosts:
        output.talk("no metrics were found in this log")
    for host, found in hosts.items():
        _table(host, found, output, several=len(hosts) > 1)
    if summary["saved_checkpoint_epochs"]:
        output.data(f"saved checkpoints of epochs: {', '.join(map(str, summary['saved_checkpoint_epochs']))}")
    if summary["early_stopped"]:
        output.data("stopped early")
    return 0


def _table(host: str, found: Mapping[str, Any], output: Output, *, several: bool) -> None:
    if several:
        output.data(f"host {host}")
    names = list(found["series"])
    lines = [("epoch", *names)]
    for at, epoch in enumerate(found["epochs"]):
        values = [found["series"][name][at] for name in names]
        lines.append((str(epoch), *("" if value is None else f"{value:g}" for value in values)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    for line in lines:
        output.data("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    if found["best_epoch"] is not None:
        output.data(f"best epoch: {found['best_epoch']} (validation accuracy {found['best_validation_accuracy']})")
