"""docs/checks.md names every check there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKERS = {"Finding", "Check", "ok", "error", "warning", "note", "finding", "_Right"}


def names(folder: str, pattern: str) -> Iterator[str]:
    """The first argument of every call that makes a finding, where it is written out."""
    for path in sorted((ROOT / folder).glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            made = node.func.id in MAKERS if isinstance(node.func, ast.Name) else isinstance(node.func, ast.IfExp)
            if made and isinstance(node.args[0].value, str):
                yield node.args[0].value


def test_every_check_stands_in_the_documentation() -> None:
    documented = set(re.findall(r"`([a-z][a-z0-9-]+)`", (ROOT / "docs/checks.md").read_text(encoding="utf-8")))
    known = {*names("birdtui/preflight", "*.py"), *names("birdtui/spec", "rules*.py")}
    assert len(known) > 80
    assert known - documented == set()
