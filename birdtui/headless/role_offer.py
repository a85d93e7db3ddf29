"""The offer to make an execution role where an account has none: shown whole, made on an explicit yes alone."""

from __future__ import annotations

import argparse
import sys
import threading

from birdtui.aws.errors import AwsProblem
from birdtui.aws.role_creation import buckets_of, create_role, creation_plan, settling_seconds
from birdtui.aws.roles import AUTO, NO_EXECUTION_ROLE, find_execution_role
from birdtui.aws.session import Session
from birdtui.headless.output import Output
from birdtui.spec.job import JobSpec


def may_ask(spec: JobSpec, options: argparse.Namespace, output: Output) -> bool:
    """Whether somebody is there to ask, and the job leaves the role to birdtui."""
    is_silent = output.as_json or output.quiet or options.read_only or options.dry_run
    return spec.role in {"", AUTO} and not is_silent and sys.stdin.isatty()


def role_was_made(spec: JobSpec, session: Session, output: Output) -> bool:
    """Offer a role where the account has none; whether it was made. Raises AwsProblem where making it is refused."""
    try:
        find_execution_role(session)
    except AwsProblem as problem:
        if problem.code != NO_EXECUTION_ROLE:
            return False
        output.talk(f"birdtui: {problem.message}")
    else:
        return False
    plan = creation_plan(buckets_of(spec.request), partition=session.partition)
    output.talk(f"\nbirdtui can make one, as the web console does:\n\n{plan.text()}\n")
    sys.stderr.write("Make this role? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        return False
    output.talk(f"made {create_role(session, plan)}")
    seconds = settling_seconds(session)
    if seconds:
        output.talk(f"waiting {seconds} s until it is known everywhere")
        threading.Event().wait(seconds)
    return True
