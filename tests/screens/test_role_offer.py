"""An execution role made from the editor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import OptionList

from birdtui.ui.screens.confirm import ConfirmScreen
from birdtui.ui.screens.editor import EditorScreen

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener, Seen


def roles(account: Account) -> int:
    return len(account.client("iam").list_roles()["Roles"])


async def ask(seen: Seen) -> None:
    """Choose, for the role, to make one."""
    await seen.press("ctrl+n")
    await seen.sees("num_classes is missing")
    await seen.press("ctrl+f", *"job.role", "enter", "enter")
    await seen.sees("make a new execution role")
    await seen.press("backspace", "backspace", "backspace", "backspace", "plus")
    choices = seen.app.screen.query_one(OptionList)
    await seen.until(lambda: choices.highlighted == choices.option_count - 1)
    await seen.press("enter")


async def test_a_yes_makes_the_role_and_takes_it(open_app: Opener, account: Account) -> None:
    before = roles(account)
    async with open_app() as seen:
        await ask(seen)
        await seen.sees("Make an execution role", "sagemaker.amazonaws.com")
        await seen.press("y")
        await seen.sees("Role made")
        editor = next(screen for screen in seen.app.screen_stack if isinstance(screen, EditorScreen))
        await seen.until(lambda: ":role/service-role/AmazonSageMaker-ExecutionRole-" in editor.model.spec.role)
    assert roles(account) == before + 1


async def test_enter_alone_makes_none(open_app: Opener, account: Account) -> None:
    before = roles(account)
    async with open_app() as seen:
        await ask(seen)
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmScreen))
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, EditorScreen))
    assert roles(account) == before


async def test_read_only_makes_none(open_app: Opener, account: Account, tmp_path: Path) -> None:
    before = roles(account)
    path = tmp_path / "job.toml"
    path.write_text('[job]\nname = "birds"\n')
    async with open_app(read_only=True, target=str(path)) as seen:
        editor = seen.app.screen
        assert isinstance(editor, EditorScreen)
        await seen.sees("Changes against job.toml")
        editor.plan_role(editor.model.spec)
        await seen.sees("read-only")
    assert roles(account) == before
