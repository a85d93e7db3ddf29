"""The training program by itself: its contract, its log, its failures, and a model that does what its log claims."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from birdtui.local import samples
from birdtui.recordio import ImageHeader, pack_image, read_records, unpack_image, write_records

LAB = {
    "checkpoint_frequency": "25",
    "epochs": "25",
    "mini_batch_size": "24",
    "num_classes": "4",
    "num_training_samples": "322",
    "augmentation_type": "crop",
    "top_k": "2",
}
TINY = {"num_classes": "2", "num_training_samples": "8", "epochs": "2", "mini_batch_size": "4"}


@dataclass(frozen=True)
class Run:
    """What a run left."""

    code: int
    log: str
    folder: Path

    @property
    def failure(self) -> str:
        return (self.folder / "output" / "failure").read_text()

    def values(self, metric: str) -> list[str]:
        return re.findall(rf"{metric}=([\d.]+)", self.log)


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (50, 50), (shade, 255 - shade, 128)).save(buffer, "JPEG")
    return buffer.getvalue()


def records(count: int, classes: int = 2) -> bytes:
    return write_records(
        pack_image(ImageHeader((float(number % classes),)), picture(200 * (number % classes)))
        for number in range(count)
    )


GOOD = {"train/t.rec": records(8), "validation/v.rec": records(6)}


def prepare(folder: Path, sent: dict[str, str], files: dict[str, bytes], host: str = "algo-1", hosts: int = 1) -> Path:
    config = folder / "input" / "config"
    config.mkdir(parents=True)
    names = [f"algo-{number + 1}" for number in range(hosts)]
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": host, "hosts": names}))
    (config / "hyperparameters.json").write_text(json.dumps(sent))
    for name, content in files.items():
        path = folder / "input" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "birdtui.local.container.train", str(folder)]


ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def train(folder: Path, sent: dict[str, str], files: dict[str, bytes] | None = None, **more: Any) -> Run:
    files = files or GOOD
    prepare(folder, sent, files, **more)
    done = subprocess.run(command(folder), capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=120)
    assert not done.stderr
    return Run(done.returncode, done.stdout, folder)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Run:
    files = {"train/t.rec": samples.train_records(), "validation/v.rec": samples.validation_records()}
    return train(tmp_path_factory.mktemp("lab"), LAB, files)


def test_the_lab_trains_to_the_end(lab: Run) -> None:
    assert lab.code == 0
    assert len(lab.values("Validation-accuracy")) == 25


def test_accuracy_rises_from_chance_to_most_birds_right(lab: Run) -> None:
    values = [float(value) for value in lab.values("Validation-accuracy")]
    assert values[0] < 0.65
    assert max(values) > 0.8


def test_training_leaves_out_what_fills_no_batch(lab: Run) -> None:
    assert all(abs(float(value) * 312 - round(float(value) * 312)) < 1e-3 for value in lab.values("Train-accuracy"))


def test_validation_counts_whole_batches_and_carries_the_rest_over(lab: Run) -> None:
    denominators = [96, 96, 120]
    for epoch, value in enumerate(lab.values("Validation-accuracy")):
        right = float(value) * denominators[epoch % 3]
        assert abs(right - round(right)) < 1e-3


def test_top_k_is_logged_for_both_channels(lab: Run) -> None:
    assert len(lab.values("Train-top_k_accuracy_2")) == len(lab.values("Validation-top_k_accuracy_2")) == 25


def test_every_line_of_the_algorithm_has_its_prefix(lab: Run) -> None:
    first, *lines = lab.log.splitlines()
    assert first == "Docker entrypoint called with argument(s): train"
    assert all(re.match(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d INFO \d{15}\] ", line) for line in lines)


def test_the_last_epoch_alone_is_saved_when_the_frequency_is_the_number_of_epochs(lab: Run) -> None:
    assert re.findall(r"Saved checkpoint to \"(.*)\"", lab.log) == ["/opt/ml/model/image-classification-0025.params"]
    assert [path.name for path in lab.folder.glob("model/*.params")] == ["image-classification-0025.params"]


def test_the_documented_lines_load_the_model_and_reach_the_accuracy_the_log_claims(lab: Run, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "model-artifact.md"
    snippet = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert snippet is not None
    scope: dict[str, Any] = {}
    exec(snippet[1], scope)  # noqa: S102 - the page's own lines are what is tested
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in (lab.folder / "model").iterdir():
            tar.add(path, path.name)
    pairs = [unpack_image(record) for record in read_records(samples.validation_records())]
    found = scope["classify"](scope["load"](archive), [Image.open(io.BytesIO(image)) for _, image in pairs[:96]])
    right = sum(int(answer) == int(header.labels[0]) for answer, (header, _) in zip(found, pairs[:96], strict=True))
    assert f"{right / 96:.6f}" == lab.values("Validation-accuracy")[24]


def test_the_best_model_alone_is_kept_without_a_frequency(tmp_path: Path) -> None:
    run = train(tmp_path / "job", {**TINY, "epochs": "4"})
    stored = re.findall(r"Storing the best model with validation accuracy: ([\d.]+)", run.log)
    assert stored
    assert stored == sorted(set(stored))
    assert len(list(run.folder.glob("model/*.params"))) == 1
    assert "checkpoint_frequency not set, will store the best model" in run.log


def test_every_nth_checkpoint_is_kept_with_a_frequency(tmp_path: Path) -> None:
    run = train(tmp_path / "job", {**TINY, "epochs": "4", "checkpoint_frequency": "2"})
    assert sorted(path.name for path in run.folder.glob("model/*.params")) == [
        "image-classification-0002.params",
        "image-classification-0004.params",
    ]


def test_batches_are_logged_only_in_epochs_of_more_than_twenty(tmp_path: Path) -> None:
    files = {"train/t.rec": records(50), "validation/v.rec": records(6)}
    run = train(tmp_path / "job", {**TINY, "mini_batch_size": "2", "num_training_samples": "50", "epochs": "1"}, files)
    assert re.search(r"Epoch\[0\] Batch \[20\]#011Speed: [\d.]+ samples/sec#011accuracy=[\d.]+$", run.log, re.MULTILINE)
    assert "Batch [20]" not in train(tmp_path / "other", TINY).log


def test_the_same_job_gives_the_same_values(tmp_path: Path) -> None:
    first, second = (train(tmp_path / name / "job", TINY).values("accuracy") for name in ("a", "b"))
    assert first == second


def test_hosts_have_their_own_ids_and_only_the_first_stores(tmp_path: Path) -> None:
    first = train(tmp_path / "a" / "job", TINY, host="algo-1", hosts=2)
    second = train(tmp_path / "b" / "job", TINY, host="algo-2", hosts=2)
    ids = [set(re.findall(r"INFO (\d{15})\]", run.log)) for run in (first, second)]
    assert [len(found) for found in ids] == [1, 1]
    assert ids[0] != ids[1]
    assert not list(second.folder.glob("model/*"))


@pytest.mark.parametrize(("least", "patience"), [(1, 2), (6, 3)])
def test_early_stopping_ends_a_run_that_gets_no_better(tmp_path: Path, least: int, patience: int) -> None:
    stop = {
        "early_stopping": "true",
        "early_stopping_min_epochs": str(least),
        "early_stopping_patience": str(patience),
        "early_stopping_tolerance": "0.01",
    }
    run = train(tmp_path / "job", {**TINY, "epochs": "60", **stop})
    assert "Early stopping criteria met." in run.log
    values = [float(value) for value in run.values("Validation-accuracy")]
    reference, at = values[0], 0
    for epoch, value in enumerate(values):
        if value > reference * 1.01 or reference <= 0:
            reference, at = value, epoch
    assert len(values) - 1 == max(at, least) + patience


def test_early_stopping_has_the_algorithms_real_defaults(tmp_path: Path) -> None:
    run = train(tmp_path / "job", {**TINY, "early_stopping": "true"})
    assert "Early stopping patience: 10" in run.log
    assert "Early stopping tolerance: 0.01" in run.log


def test_a_run_that_diverges_says_nothing_else(tmp_path: Path) -> None:
    run = train(
        tmp_path / "job", {**TINY, "epochs": "8", "optimizer": "nag", "learning_rate": "0.99", "momentum": "0.99"}
    )
    assert run.code == 0
    assert "Warning" not in run.log


def packed(model: Path, target: Path) -> bytes:
    with tarfile.open(target, "w:gz") as archive:
        for path in model.iterdir():
            archive.add(path, path.name)
    return target.read_bytes()


def test_training_goes_on_from_an_earlier_model(tmp_path: Path) -> None:
    first = train(tmp_path / "first", {**TINY, "epochs": "12", "learning_rate": "0.05"})
    model = packed(first.folder / "model", tmp_path / "model.tar.gz")
    again = train(
        tmp_path / "again", {**TINY, "epochs": "1", "learning_rate": "0.0001"}, {**GOOD, "model/model.tar.gz": model}
    )
    assert "Loading the model of an earlier job" in again.log
    assert again.values("Validation-accuracy") == [max(first.values("Validation-accuracy"))]


def test_an_earlier_model_must_know_the_same_classes(tmp_path: Path) -> None:
    first = train(tmp_path / "first", {**TINY, "num_classes": "3"})
    model = packed(first.folder / "model", tmp_path / "model.tar.gz")
    again = train(tmp_path / "again", TINY, {**GOOD, "model/model.tar.gz": model})
    assert "knows 3 classes, and num_classes is 2" in again.failure


@pytest.mark.parametrize("content", [b"", b"rubbish"])
def test_a_model_channel_without_a_model(tmp_path: Path, content: bytes) -> None:
    run = train(tmp_path / "job", TINY, {**GOOD, "model/model.tar.gz": content})
    assert "No model of the image classification algorithm was found in the model channel." in run.failure


def test_a_step_without_a_factor_is_ignored_with_a_warning(tmp_path: Path) -> None:
    run = train(tmp_path / "job", {**TINY, "lr_scheduler_step": "1"})
    assert "WARNING" in run.log
    assert "lr_scheduler_step defined without lr_scheduler_factor, will be ignored..." in run.log


def test_what_the_trainer_cannot_honour_is_said(tmp_path: Path) -> None:
    run = train(tmp_path / "job", {**TINY, "num_layers": "18", "precision_dtype": "float16"})
    assert "num_layers is not used by the local engine" in run.log
    assert "precision_dtype is not used by the local engine" in run.log


@pytest.mark.parametrize("optimizer", ["sgd", "nag", "adam", "rmsprop"])
def test_each_optimizer_learns_two_colours(tmp_path: Path, optimizer: str) -> None:
    rate = {"adam": "0.01", "rmsprop": "0.01"}.get(optimizer, "0.05")
    run = train(tmp_path / "job", {**TINY, "epochs": "12", "optimizer": optimizer, "learning_rate": rate})
    assert max(float(value) for value in run.values("Train-accuracy")) == 1.0


@pytest.mark.parametrize("kind", ["crop", "crop_color", "crop_color_transform"])
def test_each_augmentation_trains(tmp_path: Path, kind: str) -> None:
    assert train(tmp_path / "job", {**TINY, "augmentation_type": kind}).code == 0


@pytest.mark.parametrize(
    ("sent", "files", "words"),
    [
        ({**TINY, "num_epochs": "3"}, GOOD, "Additional hyperparameters are not allowed"),
        ({"epochs": "1"}, GOOD, "num_classes"),
        (TINY, {**GOOD, "train/u.rec": records(2)}, "Multiple RecordIO files found in the train channel"),
        (TINY, {"train/t.rec": records(8)}, "The validation channel is required"),
        (TINY, {**GOOD, "train/t.rec": b""}, "Unable to start training. Empty .rec file in train channel."),
        (TINY, {**GOOD, "train/t.rec": b"rubbish, not records"}, "Invalid RecordIO format."),
        (
            TINY,
            {**GOOD, "train/t.rec": write_records([pack_image(ImageHeader((0.0,)), b"x")])},
            "Unable to parse record.",
        ),
        (
            {**TINY, "mini_batch_size": "9", "num_training_samples": "9"},
            GOOD,
            "must be bigger or equal to the mini_batch_size",
        ),
        (TINY, {**GOOD, "train/t.rec": records(8, classes=3)}, "num_classes is 2"),
        ({**TINY, "multi_label": "1"}, GOOD, "multi_label"),
    ],
)
def test_a_fault_of_the_authors_is_told_in_the_log_and_as_the_reason(
    tmp_path: Path, sent: dict[str, str], files: dict[str, bytes], words: str
) -> None:
    run = train(tmp_path / "job", sent, files)
    assert run.code == 2
    assert re.search(r"ERROR \d{15}\] Customer Error: ", run.log)
    assert run.failure.startswith("ClientError: ")
    assert words in run.failure


def test_a_stopped_run_stores_what_it_has_and_ends_in_order(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "job", {**TINY, "epochs": "100000", "checkpoint_frequency": "99999"}, GOOD)
    with subprocess.Popen(command(folder), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Epoch[3]" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "Saved checkpoint" in rest
    assert len(list(folder.glob("model/*.params"))) == 1
