"""--metrics: a saved log's series as a table and as the contract's document."""

from __future__ import annotations

from pathlib import Path

from tests.headless.conftest import Run

LOG = """\
[10/21/2018 16:12:53 INFO 139701434767168] epochs: 3
16:12:54 [10/21/2018 16:12:53 INFO 139701434767168] Epoch[0] Train-accuracy=0.25
16:12:54 [10/21/2018 16:12:53 INFO 139701434767168] Epoch[0] Validation-accuracy=0.302083
16:12:58 [10/21/2018 16:12:57 INFO 139701434767168] Epoch[1] Validation-accuracy=0.291667
16:12:58 [10/21/2018 16:12:57 INFO 139701434767168] Saved checkpoint to "/opt/ml/model/image-classification-0002.params"
"""


def test_a_log_is_read_into_the_contracts_document(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text(LOG)
    assert run("--metrics", str(path), "--json").json == {
        "hosts": {
            "139701434767168": {
                "epochs": [0, 1],
                "series": {"train:accuracy": [0.25, None], "validation:accuracy": [0.302083, 0.291667]},
                "best_epoch": 0,
                "best_validation_accuracy": 0.302083,
            }
        },
        "saved_checkpoint_epochs": [1],
        "early_stopped": False,
        "configured_epochs": 3,
    }


def test_a_log_is_a_table_for_people(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text(LOG)
    assert run("--metrics", str(path)).out.splitlines() == [
        "epoch  train:accuracy  validation:accuracy",
        "    0            0.25             0.302083",
        "    1                             0.291667",
        "best epoch: 0 (validation accuracy 0.302083)",
        "saved checkpoints of epochs: 1",
    ]


def test_a_log_that_is_not_there_ends_with_2(run: Run, tmp_path: Path) -> None:
    said = run("--metrics", str(tmp_path / "none"))
    assert said.code == 2
    assert "none" in said.err
