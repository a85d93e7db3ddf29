"""The command table and the classes that carry its commands out agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from birdtui.ui.app import BirdApp
from birdtui.ui.commands import COMMANDS, SCOPES, Command, commands, key_table
from birdtui.ui.scope import CommandScope
from birdtui.ui.screens.compare import CompareScreen
from birdtui.ui.screens.editor import EditorScreen
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.screens.jobs import JobsScreen
from birdtui.ui.widgets.accuracy_chart import AccuracyChart
from birdtui.ui.widgets.log_panel import LogPanel

CLASSES: tuple[type[CommandScope], ...] = (
    BirdApp,
    JobsScreen,
    JobScreen,
    LogPanel,
    AccuracyChart,
    EditorScreen,
    CompareScreen,
)
BY_SCOPE = {each.COMMAND_SCOPE: each for each in CLASSES}
KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_every_scope_has_its_class() -> None:
    assert set(BY_SCOPE) == set(SCOPES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_can_be_carried_out(command: Command) -> None:
    method = getattr(BY_SCOPE[command.scope], f"action_{command.action}", None)
    assert callable(method)
    assert method.__doc__


@pytest.mark.parametrize("scope", SCOPES)
def test_no_key_has_two_meanings_in_one_scope(scope: str) -> None:
    keys = Counter(key for command in commands(scope) for key in command.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_command_has_an_id_of_its_own() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


def test_the_page_of_keys_is_the_command_table() -> None:
    assert key_table().strip() in KEYS_PAGE.read_text(encoding="utf-8")
