"""The log view in a small app: what is in sight, following, filtering, hostile text."""

from __future__ import annotations

import pytest

from tests.ui.conftest import shown, until

EPOCHS = [f"[10/21/2018 16:12:{n:02} INFO 139701434767168] Epoch[{n}] Validation-accuracy=0.{n:06}" for n in range(40)]


async def test_the_last_line_is_in_sight_where_long_lines_bring_a_scrollbar() -> None:
    async with shown([f"line {n} " + "x" * 200 for n in range(30)]) as (app, pilot):
        await until(pilot, lambda: app.view.show_horizontal_scrollbar and app.in_sight()[-1].startswith("line 29"))


async def test_new_lines_are_followed() -> None:
    async with shown([f"line {n}" for n in range(30)]) as (app, pilot):
        app.grow(["the newest"])
        await until(pilot, lambda: app.in_sight()[-1] == "the newest")


async def test_scrolling_up_pauses_and_counts_what_is_new() -> None:
    async with shown([f"line {n}" for n in range(30)]) as (app, pilot):
        await pilot.press("k")
        await until(pilot, lambda: "paused" in app.state())
        before = app.in_sight()
        app.grow(["new"] * 3)
        await until(pilot, lambda: "+3 new" in app.state())
        assert app.in_sight() == before


async def test_older_lines_that_come_in_before_leave_the_lines_in_sight_where_they_are() -> None:
    async with shown(["the first line"]) as (app, pilot):
        app.buffer.append("algo-1", range(1000, 1100), [f"line {n}" for n in range(100)])
        app.panel.lines_came()
        await until(pilot, lambda: "line 99" in app.in_sight())
        await pilot.press("g", "pagedown")
        before = app.in_sight()
        app.buffer.append("algo-1", range(500), [f"older {n}" for n in range(500)])
        app.panel.lines_came()
        await until(pilot, lambda: "601 lines" in app.state())
        assert app.in_sight() == before


async def test_following_begins_again_at_the_end() -> None:
    async with shown([f"line {n}" for n in range(30)]) as (app, pilot):
        await pilot.press("g")
        await until(pilot, lambda: app.in_sight()[0] == "line 0")
        await pilot.press("G")
        await until(pilot, lambda: "following" in app.state() and app.in_sight()[-1] == "line 29")


async def test_the_labs_filter_works_with_its_quotes() -> None:
    async with shown([*EPOCHS, "something else"]) as (app, pilot):
        await pilot.press("slash", *'"Validation-accuracy"')
        await until(pilot, lambda: "40/41 lines" in app.state())


async def test_accuracy_only_and_wrap_do_not_reset_each_other() -> None:
    async with shown([*EPOCHS, "something else"]) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "40/41 lines" in app.state())
        await pilot.press("w")
        await until(pilot, lambda: "wrap" in app.state())
        assert "40/41 lines" in app.state()
        await pilot.press("a")
        await until(pilot, lambda: "41 lines" in app.state() and "wrap" in app.state())


async def test_errors_only() -> None:
    async with shown([*EPOCHS, "[10/21/2018 16:12:53 ERROR 139701434767168] Customer Error: x"]) as (app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "1/41 lines" in app.state())
        assert "Customer Error" in app.in_sight()[0]


async def test_context_shows_the_lines_around_a_match() -> None:
    async with shown([f"line {n}" for n in range(30)]) as (app, pilot):
        await pilot.press("slash", *'"line 17"', "enter", "plus")
        await until(pilot, lambda: app.in_sight() == ["line 16", "line 17", "line 18"])


async def test_searching_goes_from_hit_to_hit_with_a_count() -> None:
    async with shown([f"line {n}" for n in range(200)]) as (app, pilot):
        await pilot.press("ctrl+f", *'"line 15"', "enter")
        await until(pilot, lambda: "/11" in app.state())
        await pilot.press("n")
        await until(pilot, lambda: "1/11" in app.state() and "line 15" in app.in_sight())


async def test_the_time_is_shown_in_utc() -> None:
    async with shown(["a line"]) as (app, pilot):
        await pilot.press("t")
        await until(pilot, lambda: app.in_sight() == ["00:00:00 a line"])


HOSTILE = [
    "[/red] [bold [link=x]",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[10;10H moved",
    "progress 1%\rprogress 50%\rprogress 100%",
    "tab\there",
    "wide 宽字符 and combining e\u0301\u0301",
    "\u202eright to left",
    "\x9b31m eight bit",
    "y" * 100_000,
]


@pytest.mark.parametrize("wrap", [False, True])
async def test_hostile_text_is_plain_on_the_screen(wrap: bool) -> None:
    async with shown(HOSTILE, (100, 30)) as (app, pilot):
        app.view.wrap = wrap
        await pilot.press("g")
        await until(pilot, lambda: bool(app.in_sight()) and app.in_sight()[0].startswith("[/red] [bold [link=x]"))
        text = "\n".join(app.in_sight())
        assert not any(character < " " and character != "\n" for character in text)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "progress 100%" in text
        assert "progress 50%" not in text
        assert "宽字符" in text


async def test_escape_drops_the_search_first_and_the_filter_then() -> None:
    async with shown([f"line {n}" for n in range(30)]) as (app, pilot):
        await pilot.press("slash", *"line", "enter", "ctrl+f", *'"line 7"', "enter")
        await until(pilot, lambda: "search" in app.state() and "filter" in app.state())
        await pilot.press("escape")
        await until(pilot, lambda: "search" not in app.state() and "filter" in app.state())
        await pilot.press("escape")
        await until(pilot, lambda: "filter" not in app.state())
