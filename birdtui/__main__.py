"""`python -m birdtui` and the `birdtui` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the process's exit code."""
    from birdtui import collector

    collector.begin()
    from birdtui.cli import main as run

    code = run(sys.argv[1:])
    collector.end()
    return code


if __name__ == "__main__":
    sys.exit(main())
