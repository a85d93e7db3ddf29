"""One made-up run, saved in every way that training logs are kept: each must tell the same."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdtui.watch.saved_log import read_saved

START = datetime(2021, 3, 4, 11, 59, 30, tzinfo=UTC)


@dataclass
class Line:
    """A line of one host at its time; text without the prefix."""

    moment: datetime
    host: str
    text: str
    level: str = "INFO"
    prefixed: bool = True

    @property
    def raw(self) -> str:
        return f"[{self.moment:%m/%d/%Y %H:%M:%S} {self.level} {self.host}] {self.text}" if self.prefixed else self.text


@dataclass
class Run:
    """What a job logged: `epochs[host][epoch]` are train accuracy, top-k accuracy, time cost, validation accuracy."""

    epochs: dict[str, dict[int, tuple[float, float, float, float]]]
    configured: int = 30
    saved: list[int] = field(default_factory=list)
    early_stopped: bool = False

    def lines(self) -> list[Line]:
        found = [Line(START, "0", "Docker entrypoint called with argument(s): train", prefixed=False)]
        for number, (host, epochs) in enumerate(self.epochs.items()):
            found += self._head(host)
            for epoch, values in epochs.items():
                moment = START + timedelta(seconds=60 + 7 * epoch + number)
                found += self._epoch(host, epoch, moment, values, saves=number == 0)
        last = max(line.moment for line in found)
        if self.early_stopped:
            found.append(Line(last, next(iter(self.epochs)), "Early stopping criteria met."))
        found.sort(key=lambda line: line.moment)
        return found

    def _head(self, host: str) -> Iterator[Line]:
        moment = START + timedelta(seconds=20)
        asked = f"{{u'top_k': u'2', u'epochs': u'{self.configured}', u'image_shape': u'3,32,32'}}"
        for text in (
            "Reading default configuration from /opt/amazon/default-input.json: {u'epochs': 30, u'momentum': 0}",
            f"Merging with provided configuration from /opt/ml/input/config/hyperparameters.json: {asked}",
            f"Final configuration: {asked}",
            "Searching for .rec files in /opt/ml/input/data/train.",
            "---- Parameters ----",
            "num_layers: 18",
            "data type: <type 'numpy.float32'>",
            f"epochs: {self.configured}",
            "Early stopping minimum epochs: 10",
            "checkpoint_frequency not set, will store the best model",
            "--------------------",
        ):
            yield Line(moment, host, text)
        yield Line(
            moment,
            host,
            "[11:59:52] /opt/brazil-pkg-cache/src/operator.cc:97: Running performance tests",
            prefixed=False,
        )

    def _epoch(
        self, host: str, epoch: int, moment: datetime, values: tuple[float, float, float, float], *, saves: bool
    ) -> Iterator[Line]:
        train, top, cost, validation = values
        yield Line(moment, host, f"Epoch[{epoch}] Batch [20]#011Speed: 150.123 samples/sec#011accuracy=0.111111")
        yield Line(moment, host, f"Epoch[{epoch}] Train-accuracy={train:.6f}")
        yield Line(moment, host, f"Epoch[{epoch}] Train-top_k_accuracy_2={top:.6f}")
        yield Line(moment, host, f"Epoch[{epoch}] Time cost={cost:.3f}")
        yield Line(moment, host, f"Epoch[{epoch}] Validation-accuracy={validation:.6f}")
        if saves and epoch in self.saved:
            yield Line(moment, host, f"Storing the best model with validation accuracy: {validation:.6f}")
            path = f"/opt/ml/model/image-classification-{epoch + 1:04}.params"
            yield Line(moment, host, f'Saved checkpoint to "{path}"')

    def summary(self, *, host: str | None = None) -> dict[str, Any]:
        hosts = {}
        for name, epochs in self.epochs.items():
            columns = list(zip(*epochs.values(), strict=True))
            best = max(columns[3])
            hosts[host or name] = {
                "epochs": list(epochs),
                "series": {
                    "train:accuracy": list(columns[0]),
                    "train:top_k_accuracy_2": list(columns[1]),
                    "time_cost": list(columns[2]),
                    "validation:accuracy": list(columns[3]),
                },
                "best_epoch": next(epoch for epoch, values in epochs.items() if values[3] == best),
                "best_validation_accuracy": best,
            }
        return {
            "hosts": hosts,
            "saved_checkpoint_epochs": self.saved,
            "early_stopped": self.early_stopped,
            "configured_epochs": self.configured,
        }


def raw(run: Run) -> str:
    return "".join(line.raw + "\n" for line in run.lines())


def indented(run: Run) -> str:
    return "".join("    " + line.raw + "\n" for line in run.lines())


def windows(run: Run) -> str:
    return raw(run).replace("\n", "\r\n")


def console(run: Run) -> str:
    return "".join(f"{line.moment + timedelta(seconds=1):%H:%M:%S} {line.raw}\n" for line in run.lines())


def console_without_newlines(run: Run) -> str:
    return console(run).replace("\n", "")


def sdk(run: Run) -> str:
    colours = dict(zip(run.epochs, ("34", "35", "32", "36"), strict=False))
    text = "2021-03-04 11:55:00 Starting - Launching requested ML instances.........\n"
    text += "2021-03-04 11:57:00 Downloading - Downloading input data...ProfilerReport-1614858900: InProgress\n"
    text += "2021-03-04 11:59:00 Training - Training image download completed. Training in progress..."
    for line in run.lines():
        text += f"\x1b[{colours.get(line.host, '34')}m{line.raw}\x1b[0m\n"
    return (
        text
        + "\n2021-03-04 12:30:00 Completed - Training job completed\nTraining seconds: 175\nBillable seconds: 175\n"
    )


def sdk_glued(run: Run) -> str:
    chance = random.Random(7)
    text = "2021-03-04 11:59:00 Training - Training image download completed. Training in progress."
    for line in run.lines():
        colour = f"\x1b[38;2;{chance.randrange(256)};10;200m"
        text += f"{colour}{line.raw}\x1b[0m" + chance.choice(
            (
                "\n",
                "",
                "2021-03-04 12:21:21 Uploading - Uploading generated training model",
                "ProfilerReport-1614858900: InProgress\n",
                "......",
                "2021-03-04 12:21:21 Uploading - Uploading generated training model\n",
            )
        )
        text = text if (line.prefixed and "Parameters" not in text[-400:]) or text.endswith("\n") else text + "\n"
    return text


def kubectl(run: Run) -> str:
    instance = {host: number for number, host in enumerate(run.epochs, start=1)}
    return "".join(
        f"birds-4b1a/algo-{instance.get(line.host, 1)}-1614858900 {line.moment:%Y-%m-%d %H:%M:%S}.215 +0000 UTC "
        f"{line.raw}\n"
        for line in run.lines()
    )


def exported_to_s3(run: Run) -> bytes:
    return gzip.compress("".join(f"{line.moment:%Y-%m-%dT%H:%M:%S}.000Z {line.raw}\n" for line in run.lines()).encode())


def csv_export(run: Run) -> str:
    rows = [f'{line.moment.timestamp() * 1000:.0f},"{line.raw.replace(chr(34), chr(34) * 2)}"' for line in run.lines()]
    return "timestamp,message\n" + "\n".join(rows)


def json_events(run: Run) -> str:
    events = [{"timestamp": int(line.moment.timestamp() * 1000), "message": line.raw} for line in run.lines()]
    return json.dumps({"events": events, "nextForwardToken": "f/1"})


def json_lines(run: Run) -> str:
    return "\n".join(json.dumps({"message": line.raw.replace("#011", "\t")}) for line in run.lines())


def notebook(run: Run) -> str:
    text = sdk(run).splitlines(keepends=True)
    half = len(text) // 2
    source = ["# a cell that shows what a line looks like:\n", "# Epoch[3] Validation-accuracy=0.999999"]
    cell = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": text[:half]},
            {"output_type": "stream", "name": "stdout", "text": "".join(text[half:])},
        ],
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=1)


def cut_notebook(run: Run) -> str:
    """The middle of a notebook file: no longer JSON, escapes still written out."""
    return "\n".join(f'      "\\u001b[34m{line.raw}\\u001b[0m\\n",' for line in run.lines())


def notebook_as_html(run: Run) -> str:
    return "<pre>" + "\n".join(f'<span class="ansi-blue-fg">{line.raw}</span>' for line in run.lines()) + "</pre>"


def markdown(run: Run) -> str:
    return raw(run).replace("[", "\\[").replace("]", "\\]").replace("_", "\\_")


def doubled_2019(run: Run) -> str:
    text = ""
    for line in run.lines():
        text += f"{line.moment:%Y-%m-%d %H:%M:%S} {line.text}\n" + (line.raw + "\n" if line.prefixed else "")
    return text


def run_twice_interleaved(run: Run) -> str:
    lines = [line.raw for line in run.lines()]
    chance = random.Random(3)
    first, second, text = list(lines), list(lines), ""
    while first or second:
        source = first if first and (not second or chance.random() < 0.6) else second
        text += source.pop(0) + "\n"
    return text


def run_twice_one_after_the_other(run: Run) -> str:
    return raw(run) + "\n\n" + raw(run)


def printed_at_once(run: Run) -> bytes:
    """What `> log.txt` writes in PowerShell."""
    return raw(run).encode("utf-16")


def with_byte_order_mark(run: Run) -> bytes:
    return raw(run).encode("utf-8-sig")


def progress_bars(run: Run) -> str:
    return "".join(f"downloading 10%\rdownloading 90%\r{line.raw}\n" for line in run.lines())


FLAVOURS: list[Callable[[Run], str | bytes]] = [
    raw,
    indented,
    windows,
    console,
    console_without_newlines,
    sdk,
    sdk_glued,
    kubectl,
    exported_to_s3,
    csv_export,
    json_events,
    json_lines,
    notebook,
    cut_notebook,
    notebook_as_html,
    markdown,
    doubled_2019,
    run_twice_interleaved,
    run_twice_one_after_the_other,
    printed_at_once,
    with_byte_order_mark,
    progress_bars,
]

ONE_HOST = Run(
    {
        "140123456789012": {
            epoch: (epoch / 16, epoch / 8, 3.25, value) for epoch, value in enumerate((0.25, 0.5, 0.75, 0.5))
        }
    },
    configured=12,
    saved=[0, 1, 2],
)
GAPS = Run(
    {"139701434767": {2: (0.5, 0.75, 4.5, 0.375), 5: (0.625, 0.8125, 4.125, 0.875), 11: (0.75, 1.0, 4.0, 0.875)}},
    saved=[2, 5],
    early_stopped=True,
)
THREE_HOSTS = Run(
    {
        "140123456789012": {0: (0.1, 0.2, 9.5, 0.3), 1: (0.2, 0.3, 9.25, 0.4)},
        "140575449093952": {0: (0.15, 0.25, 9.5, 0.3), 1: (0.25, 0.35, 9.75, 0.45)},
        "139941932451648": {0: (0.1, 0.2, 9.5, 0.3), 1: (0.2, 0.3, 9.0, 0.35)},
    },
    configured=2,
    saved=[1],
)


def as_bytes(saved: str | bytes) -> bytes:
    return saved.encode() if isinstance(saved, str) else saved


@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.__name__)
@pytest.mark.parametrize("run", [ONE_HOST, GAPS, THREE_HOSTS], ids=["one host", "gaps", "three hosts"])
def test_every_flavour_of_a_log_tells_the_same(flavour: Callable[[Run], str | bytes], run: Run) -> None:
    assert read_saved(as_bytes(flavour(run))).summary() == run.summary()


def without_ids(run: Run) -> str:
    return "".join(f"{line.moment:%Y-%m-%d %H:%M:%S} {line.text}\n" for line in run.lines())


def plain_mxnet(run: Run) -> str:
    return "".join(f"INFO:root:{line.text}\n".replace("#011", "\t").replace("[20]", "[0-20]") for line in run.lines())


def bare(run: Run) -> str:
    return "".join(line.text + "\n" for line in run.lines())


@pytest.mark.parametrize("flavour", [without_ids, plain_mxnet, bare], ids=lambda flavour: flavour.__name__)
@pytest.mark.parametrize("run", [ONE_HOST, GAPS], ids=["one host", "gaps"])
def test_a_log_without_thread_ids_has_one_host_named_by_a_dash(flavour: Callable[[Run], str], run: Run) -> None:
    assert read_saved(flavour(run).encode()).summary() == run.summary(host="-")


six_figures = st.integers(0, 1_000_000).map(lambda number: number / 1_000_000)
three_figures = st.integers(0, 10_000_000).map(lambda number: number / 1_000)
epoch_values = st.tuples(six_figures, six_figures, three_figures, six_figures)
thread_ids = st.integers(10**11, 10**16 - 1).map(str)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    hosts = draw(st.lists(thread_ids, min_size=1, max_size=3, unique=True))
    epochs = sorted(draw(st.sets(st.integers(0, 200), min_size=1, max_size=6)))
    values = {host: {epoch: draw(epoch_values) for epoch in epochs} for host in hosts}
    saved = [epoch for epoch in epochs if draw(st.booleans())]
    return Run(values, draw(st.integers(1, 500)), saved, draw(st.booleans()))


@settings(max_examples=60)
@given(runs(), st.sampled_from(FLAVOURS))
def test_any_run_survives_any_flavour(run: Run, flavour: Callable[[Run], str | bytes]) -> None:
    assert read_saved(as_bytes(flavour(run))).summary() == run.summary()
