"""The accuracy chart in a small app: what each key does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from birdtui.ui.chart_model import ChartData, Curve
from birdtui.ui.screens.series import SeriesScreen
from birdtui.ui.widgets.accuracy_chart import AccuracyChart
from birdtui.ui.widgets.epoch_table import EpochTable

EPOCHS = range(25)


def data(hosts: tuple[str, ...] = ("algo-1",)) -> ChartData:
    curves = [
        Curve(host, name, EPOCHS, [0.3 + epoch / 50 + rank / 10 + number / 20 for epoch in EPOCHS])
        for number, host in enumerate(hosts)
        for rank, name in enumerate(("validation:accuracy", "train:accuracy"))
    ]
    return ChartData(tuple(curves), best=(24, 0.78), saved=20, total_epochs=25)


class ChartApp(App[None]):
    """A chart and nothing else."""

    def compose(self) -> ComposeResult:
        yield AccuracyChart()

    @property
    def chart(self) -> AccuracyChart:
        return self.query_one(AccuracyChart)

    @property
    def drawn(self) -> str:
        return self.chart.area.render().plain

    @property
    def legend(self) -> str:
        return str(self.query_one("#chart-legend", Static).render())


@asynccontextmanager
async def shown(
    found: ChartData | None = None, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[ChartApp, Pilot[None]]]:
    app = ChartApp()
    async with app.run_test(size=size) as pilot:
        app.chart.show(data() if found is None else found)
        app.chart.focus_view()
        await pilot.pause()
        yield app, pilot


async def test_best_and_saved_epoch_are_marked_with_their_values() -> None:
    async with shown() as (app, _):
        assert "◆ best 0.780 @24" in app.drawn
        assert "■ saved 0.700 @20" in app.drawn


async def test_the_legend_names_the_series_with_their_latest_values() -> None:
    async with shown() as (app, _):
        assert "validation:accuracy 0.7800" in app.legend
        assert "train:accuracy 0.8800" in app.legend


@pytest.mark.parametrize("size", [(30, 8), (20, 5), (10, 3), (200, 60)])
async def test_any_size_is_drawn(size: tuple[int, int]) -> None:
    async with shown(size=size) as (app, _):
        assert app.drawn


async def test_without_a_metric_it_says_what_is_missing() -> None:
    async with shown(ChartData()) as (app, _):
        assert "No metric yet" in app.drawn


async def test_without_a_metric_at_its_end_a_job_is_not_waited_for() -> None:
    async with shown(ChartData(is_over=True)) as (app, _):
        assert "logged no metric" in app.drawn


async def test_the_cursor_shows_an_epochs_values() -> None:
    async with shown() as (app, pilot):
        await pilot.press("left", "left", "h")
        assert "epoch 22" in app.legend
        assert "validation:accuracy 0.7400" in app.legend
        await pilot.press("right", "l")
        assert "epoch 24" in app.legend


async def test_smoothing_goes_through_its_steps_and_off_again() -> None:
    async with shown() as (app, pilot):
        seen = []
        for _ in range(5):
            await pilot.press("m")
            seen.append("smooth" in app.legend)
        assert seen == [True, True, True, True, False]


async def test_zooming_panning_and_the_whole_run_again() -> None:
    async with shown() as (app, pilot):
        await pilot.press("plus")
        assert "epochs 6–18" in app.legend
        await pilot.press("shift+right")
        assert "epochs 9–21" in app.legend
        await pilot.press("H")
        assert "epochs 6–18" in app.legend
        await pilot.press("0")
        assert "epochs" not in app.legend


async def test_the_other_keys_zoom_and_pan_the_same_way() -> None:
    async with shown() as (app, pilot):
        await pilot.press("equals_sign", "L")
        assert "epochs 9–21" in app.legend
        await pilot.press("shift+left")
        assert "epochs 6–18" in app.legend


async def test_zooming_out_ends_at_the_whole_run() -> None:
    async with shown() as (app, pilot):
        await pilot.press("plus", "plus", "minus", "minus", "minus")
        assert app.chart.area.view.window is None


async def test_a_logarithmic_scale_and_back() -> None:
    async with shown() as (app, pilot):
        await pilot.press("ctrl+l")
        assert " log" in app.legend
        await pilot.press("ctrl+l")
        assert " log" not in app.legend


async def test_series_are_chosen_from_a_list() -> None:
    async with shown() as (app, pilot):
        await pilot.press("s")
        assert isinstance(app.screen, SeriesScreen)
        await pilot.press("down", "space", "enter")
        await pilot.pause()
        assert app.chart.area.view.hidden == {"train:accuracy"}


async def test_choosing_series_can_be_left_without_a_change() -> None:
    async with shown() as (app, pilot):
        await pilot.press("s", "space", "escape")
        await pilot.pause()
        assert app.chart.area.view.hidden == frozenset()


async def test_a_table_of_epochs_newest_first() -> None:
    async with shown() as (app, pilot):
        await pilot.press("e")
        table = app.query_one(EpochTable)
        assert table.display
        assert table.cells(0) == ["24 ◆", "0.7800", "0.8800"]
        assert table.cells(4)[0] == "20 ■"
        await pilot.press("e")
        assert not table.display


async def test_instances_are_shown_as_mean_each_or_one() -> None:
    async with shown(data(("algo-1", "algo-2"))) as (app, pilot):
        assert "mean of 2" in app.legend
        await pilot.press("i")
        assert "validation:accuracy algo-1" in app.legend
        assert "validation:accuracy algo-2" in app.legend
        await pilot.press("i")
        assert app.legend.endswith("algo-1")
        await pilot.press("i", "i")
        assert "mean of 2" in app.legend


async def test_new_values_leave_the_view_as_it_was() -> None:
    async with shown() as (app, pilot):
        await pilot.press("m", "left", "ctrl+l")
        before = app.chart.area.view
        app.chart.show(ChartData(data().curves[:1]))
        await pilot.pause()
        assert app.chart.area.view == before


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord"])
async def test_every_kind_of_theme_can_be_drawn_in(theme: str) -> None:
    async with shown() as (app, pilot):
        app.theme = theme
        await pilot.pause()
        assert "◆ best" in app.drawn


async def test_the_chart_s_cursor_follows_the_table_s() -> None:
    async with shown() as (app, pilot):
        await pilot.press("e")
        app.query_one(EpochTable).focus()
        await pilot.press("down", "down")
        await pilot.pause()
        assert app.chart.area.view.cursor == 22
        assert "epoch 22" in app.legend


async def test_a_hundred_thousand_epochs_stand_in_the_table() -> None:
    epochs = range(100_000)
    async with shown(ChartData((Curve("algo-1", "validation:accuracy", epochs, [0.5] * len(epochs)),))) as (app, pilot):
        await pilot.press("e")
        table = app.query_one(EpochTable)
        table.cursor_row = len(epochs) - 1
        await pilot.pause()
        assert table.cells(table.cursor_row) == ["0", "0.5000"]
        assert table.cursor_row in table.rows_in_sight


async def test_the_table_of_several_instances_leaves_a_dash_where_one_has_no_value() -> None:
    found = [Curve("algo-1", "loss", (0, 1), (0.5, 0.4)), Curve("algo-2", "loss", (0,), (0.6,))]
    async with shown(ChartData(tuple(found))) as (app, pilot):
        await pilot.press("e", "i")
        assert app.query_one(EpochTable).cells(0) == ["1", "0.4000/–"]
