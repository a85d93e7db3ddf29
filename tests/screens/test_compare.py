"""Comparing jobs: their curves on one chart, over the settings that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from birdtui.ui.screens.compare import CompareScreen
from birdtui.ui.screens.jobs import JobsScreen
from birdtui.ui.widgets.accuracy_chart import AccuracyChart

if TYPE_CHECKING:
    from tests.screens.conftest import Opener, Seen


async def compare(seen: Seen) -> CompareScreen:
    await seen.sees("good-alpha", "good-beta")
    await seen.press("slash", *"good", "enter", "space", "space", "v")
    await seen.until(lambda: isinstance(seen.app.screen, CompareScreen))
    return cast(CompareScreen, seen.app.screen)


async def test_marked_jobs_are_compared_by_the_settings_that_differ(open_app: Opener) -> None:
    async with open_app() as seen:
        await compare(seen)
        await seen.sees("Compare 2 jobs", "best accuracy", "duration", "billable", "hyperparameters.learning_rate")
        assert "hyperparameters.num_classes" not in seen.text


async def test_all_settings_are_shown_when_asked_for(open_app: Opener) -> None:
    async with open_app((140, 70)) as seen:
        await compare(seen)
        await seen.sees("hyperparameters.learning_rate")
        await seen.press("a")
        await seen.sees("hyperparameters.num_classes", "resources.instance_type")
        await seen.press("a")
        await seen.misses("hyperparameters.num_classes")


async def test_each_job_has_its_curve_and_the_metric_changes(open_app: Opener) -> None:
    async with open_app() as seen:
        screen = await compare(seen)
        await seen.sees("validation:accuracy good-alpha", "validation:accuracy good-beta")
        await seen.press("m")
        await seen.until(lambda: screen.query_one(AccuracyChart).area.data.names == ("train:accuracy",))


async def test_escape_goes_back_with_the_marks_kept(open_app: Opener) -> None:
    async with open_app() as seen:
        await compare(seen)
        await seen.sees("best accuracy")
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, JobsScreen))
        await seen.sees("2 marked")
