"""Runs every benchmark and prints one table: ours, the peer's, their ratio, the goal.

Run: python tests/benchmarks/run.py [NAME...]       NAME: a benchmark's, as `log_read`; all of them by default
Each benchmark is a program of its own (`bench_NAME.py`), so that none warms up or burdens another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from figures import Figure, table  # beside this file

HERE = Path(__file__).parent


def measured(name: str) -> list[Figure]:
    """What one benchmark reports; its talk goes to stderr."""
    program = [sys.executable, str(HERE / f"bench_{name}.py"), "--json"]
    answer = subprocess.run(program, stdout=subprocess.PIPE, check=True, text=True)
    return [Figure(**each) for each in json.loads(answer.stdout)]


def main() -> None:
    """Run what is asked for."""
    names = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    found: list[Figure] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found += measured(name)
    print(table(found))


if __name__ == "__main__":
    main()
