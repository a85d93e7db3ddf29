"""The log panel's keys that move, choose instances, and take lines away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import Static

from birdtui.ui.widgets import log_panel
from tests.ui.conftest import shown, until

NUMBERED = [f"line {number}" for number in range(200)]


async def test_the_match_before_is_gone_to() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("ctrl+f", *'"line 15"', "enter")
        await until(pilot, lambda: "11/11" in app.state())
        await pilot.press("N")
        await until(pilot, lambda: "10/11" in app.state() and "line 158" in app.in_sight())


async def test_context_is_taken_away_again() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("slash", *'"line 150"', "enter", "plus", "plus")
        await until(pilot, lambda: "±2 context" in app.state())
        await pilot.press("minus")
        await until(pilot, lambda: app.in_sight() == ["line 149", "line 150", "line 151"])


async def test_one_instance_is_shown_alone_and_all_again() -> None:
    async with shown(["from one"]) as (app, pilot):
        app.buffer.append("algo-2", [1], ["from two"])
        app.panel.lines_came()
        await until(pilot, lambda: app.in_sight() == ["algo-1 from one", "algo-2 from two"])
        await pilot.press("h", "h")
        await until(pilot, lambda: app.in_sight() == ["algo-2 from two"] and "algo-2" in app.state())
        await pilot.press("h")
        await until(pilot, lambda: len(app.in_sight()) == 2 and "2 instances" in app.state())


async def test_the_time_goes_round_to_local_and_none() -> None:
    async with shown(["a line"]) as (app, pilot):
        await pilot.press("t", "t")
        await until(pilot, lambda: "time local" in app.state())
        assert re.fullmatch(r"\d\d:\d\d:\d\d a line", app.in_sight()[0])
        await pilot.press("t")
        await until(pilot, lambda: app.in_sight() == ["a line"])


async def test_the_lines_in_sight_are_copied() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await until(pilot, lambda: "line 199" in app.in_sight())
        await pilot.press("Y")
        assert app.clipboard.splitlines() == app.in_sight()


async def test_the_first_line_is_gone_to_and_following_pauses() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("g")
        await until(pilot, lambda: app.in_sight()[0] == "line 0" and "paused" in app.state())


async def test_pages_and_lines_are_gone_through() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("g")
        await until(pilot, lambda: app.in_sight()[0] == "line 0")
        page = len(app.in_sight())
        await pilot.press("pagedown")
        await until(pilot, lambda: app.in_sight()[0] == f"line {page}")
        await pilot.press("j")
        await until(pilot, lambda: app.in_sight()[0] == f"line {page + 1}")
        await pilot.press("k", "pageup")
        await until(pilot, lambda: app.in_sight()[0] == "line 0")


async def test_other_keys_move_the_same_way() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("home")
        await until(pilot, lambda: app.in_sight()[0] == "line 0")
        page = len(app.in_sight())
        await pilot.press("ctrl+d", "down")
        await until(pilot, lambda: app.in_sight()[0] == f"line {page + 1}")
        await pilot.press("up", "ctrl+u")
        await until(pilot, lambda: app.in_sight()[0] == "line 0")


async def test_following_is_put_off_and_on_by_one_key() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await until(pilot, lambda: "following" in app.state())
        await pilot.press("f")
        await until(pilot, lambda: "paused" in app.state())
        await pilot.press("f")
        await until(pilot, lambda: "following" in app.state())


async def test_equals_adds_context_without_shift() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await pilot.press("slash", *'"line 150"', "enter", "equals_sign")
        await until(pilot, lambda: app.in_sight() == ["line 149", "line 150", "line 151"])


async def test_a_long_line_is_scrolled_along() -> None:
    async with shown(["0123456789" * 20]) as (app, pilot):
        await until(pilot, lambda: app.view.show_horizontal_scrollbar and app.view.max_scroll_x > 0)
        await pilot.pause()
        await pilot.press("right")
        await until(pilot, lambda: app.view.scroll_offset.x > 0)
        await pilot.press("left")
        await until(pilot, lambda: app.view.scroll_offset.x == 0)


async def test_a_regular_expression_that_takes_too_long_is_let_go_and_all_lines_are_shown() -> None:
    async with shown(["a" * 60] * 5) as (app, pilot):
        await pilot.press("slash", *"/((a|aa)+)!?b/", "enter")
        await until(pilot, lambda: "takes too long" in app.state() and len(app.in_sight()) == 5)


async def test_context_reaches_over_both_ends_of_a_log() -> None:
    async with shown(["one", "match", "three"]) as (app, pilot):
        await pilot.press("slash", *"match", "enter", *["plus"] * 5)
        await until(pilot, lambda: app.in_sight() == ["one", "match", "three"])


async def test_an_arrow_moves_the_window_at_once() -> None:
    async with shown(NUMBERED) as (app, pilot):
        await until(pilot, lambda: "line 199" in app.in_sight())
        before = app.view.scroll_y
        app.panel.action_up()
        assert app.view.scroll_y == before - 1


async def test_the_keys_of_the_log_are_its_commands_alone() -> None:
    async with shown(NUMBERED) as (app, pilot):
        assert not app.view._bindings.key_to_bindings
        await pilot.press("up")
        await until(pilot, lambda: app.in_sight()[-1] == "line 198")


async def test_saving_writes_every_row_on_show_and_leaves_nothing_else(tmp_path: Path) -> None:
    async with shown(NUMBERED) as (app, _pilot):
        target = tmp_path / "saved.log"
        target.write_text("before")
        assert app.panel.saving(target)() == 200
        assert target.read_text().splitlines() == NUMBERED
        assert list(tmp_path.iterdir()) == [target]


async def test_saving_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    async with shown(["a line"]) as (app, _pilot):
        (tmp_path / "link").symlink_to(tmp_path / "real")
        app.panel.saving(tmp_path / "link")()
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real").read_text() == "a line\n"


async def test_saving_to_a_device_does_not_take_its_place() -> None:
    async with shown(["a line"]) as (app, _pilot):
        app.panel.saving(Path("/dev/null"))()
        assert Path("/dev/null").is_char_device()


async def test_the_first_lines_do_not_wait_for_the_clock_that_counts_the_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_panel, "CLOCK_SECONDS", 60.0)
    async with shown([]) as (app, pilot):
        app.panel.waiting("no log yet", datetime.now(UTC))
        await until(pilot, lambda: "no log yet" in str(app.query_one("#log-waiting", Static).render()))
        app.grow(["first"])
        await until(pilot, lambda: app.in_sight() == ["first"])
