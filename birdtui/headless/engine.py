"""`--local` with `--env`, `--serve` or `--shutdown`: the embedded engine itself."""

from __future__ import annotations

import argparse
import sys

from birdtui import collector
from birdtui.headless.output import Output


def env(options: argparse.Namespace, output: Output) -> int:  # noqa: ARG001 - every action takes both
    """Start the engine if need be, and print shell lines that point any client at it."""
    from birdtui.local import daemon

    output.raw(daemon.environment(daemon.ensure()))
    return 0


def serve(options: argparse.Namespace, output: Output) -> int:
    """Run the engine in the foreground until it is interrupted; prints the shell lines first."""
    from birdtui.local import daemon

    try:
        collector.settle()
        daemon.serve(port=options.port, ready=lambda engine: output.raw(daemon.environment(engine)))
    except KeyboardInterrupt:
        output.talk("birdtui: the engine has ended")
    return 0


def shutdown(options: argparse.Namespace, output: Output) -> int:  # noqa: ARG001
    """End the engine; asks where jobs run, and refuses where nobody can be asked."""
    from birdtui.local import daemon

    engine = daemon.find()
    if engine is None:
        return _ended(output, was_running=False)
    running = daemon.running_jobs(engine)
    if running:
        jobs = "1 job runs" if running == 1 else f"{running} jobs run"
        if output.as_json or not sys.stdin.isatty():
            text = f"{jobs} on the engine; stop them first (birdtui --local --stop JOB), or wait for their end"
            return output.error("JobsRunning", text, 2)
        print(f"{jobs} on the engine and will fail. End it all the same? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            return output.error("JobsRunning", "the engine goes on", 2)
    daemon.shutdown(engine)
    return _ended(output, was_running=True)


def _ended(output: Output, *, was_running: bool) -> int:
    if output.as_json:
        output.document({"ended": was_running})
    else:
        output.talk("birdtui: the engine has ended" if was_running else "birdtui: no engine runs")
    return 0
