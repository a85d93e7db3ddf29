"""Text that a user or AWS supplies is text on every screen: never markup, never a control sequence, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from birdtui.ui.screens.editor import EditorScreen

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener, Seen

MARKUP = "[/red] [bold [link=x] $text {}"
ESCAPES = "a\x1b[2J\x1b[31mred\x07"
WIDE = "漢字 é👩\N{ZERO WIDTH JOINER}🔬 ok"
LONG = "x" * 2500
OWN = "012345678901.dkr.ecr.us-east-1.amazonaws.com/own:1"


@pytest.fixture
def hostile(account: Account) -> str:
    """A job whose settings hold whatever the service lets through."""
    name = "hostile-settings"
    if name not in account.made:
        request = account.request(name) | {
            "AlgorithmSpecification": {"TrainingImage": OWN, "TrainingInputMode": "File"},
            "HyperParameters": {"aaa": MARKUP, "bbb": ESCAPES, "ccc": WIDE, "zzz": LONG},
            "Environment": {"NOTE": MARKUP},
            "Tags": [{"Key": "note", "Value": "漢字 tag"}],
        }
        account.client("sagemaker").create_training_job(**request)
        account.made.append(name)
        account.ended(name)
    return name


def is_plain(seen: Seen) -> bool:
    """Whether no control character is on the screen."""
    return not any(character < " " and character != "\n" for character in seen.text)


@pytest.mark.parametrize("size", [(140, 42), (80, 30)])
async def test_the_configuration_shows_it_as_it_is(open_app: Opener, hostile: str, size: tuple[int, int]) -> None:
    async with open_app(size, target=hostile) as seen:
        await seen.press("1", "z")
        await seen.sees("aaa", "[/red] [bold")
        assert is_plain(seen)


async def test_the_editor_takes_a_clone_of_it(open_app: Opener, hostile: str) -> None:
    async with open_app() as seen:
        await seen.sees("good-alpha")
        seen.app.clone_job(hostile)
        await seen.sees("birdtui › Clone of hostile-settings", "Changes against")
        await seen.press("ctrl+f")
        await seen.types("aaa")
        await seen.press("enter")
        await seen.sees("[/red] [bold", "a␛[2J␛[31mred␇")
        assert is_plain(seen)


async def test_editing_a_control_character_keeps_the_others(open_app: Opener, hostile: str) -> None:
    async with open_app() as seen:
        await seen.sees("good-alpha")
        seen.app.clone_job(hostile)
        await seen.sees("Changes against")
        await seen.press("ctrl+f", *"bbb", "enter")
        await seen.press("end", "backspace", "x")
        editor = cast(EditorScreen, seen.app.screen)
        await seen.until(lambda: editor.model.spec.hyperparameters["bbb"] == "a\x1b[2J\x1b[31mredx")


async def test_comparing_shows_it(open_app: Opener, hostile: str) -> None:
    from birdtui.ui.screens.compare import CompareScreen

    async with open_app() as seen:
        await seen.sees("good-alpha")
        seen.app.push_screen(CompareScreen([hostile, "good-alpha"]))
        await seen.sees("hyperparameters.aaa", "[/red] [bold")
        assert is_plain(seen)


async def test_a_filter_may_be_anything(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("good-alpha")
        await seen.press("slash", "left_square_bracket", "slash", "r", "right_square_bracket")
        await seen.sees("filter [/r]")
