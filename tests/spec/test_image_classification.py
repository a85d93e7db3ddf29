"""What the image classification container takes, and the words it refuses the rest with."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdtui.spec.image_classification import (
    CIFAR_LAYERS,
    HYPERPARAMETERS,
    IMAGENET_LAYERS,
    REMOVED,
    UNDOCUMENTED,
    container_error,
    effective,
    gpu_count,
    known,
    schema_problem,
)

LAB = {
    "checkpoint_frequency": "25",
    "epochs": "25",
    "mini_batch_size": "24",
    "num_classes": "4",
    "num_training_samples": "322",
    "augmentation_type": "crop",
    "top_k": "2",
}
CONSOLE_FORM = {
    **LAB,
    "beta_1": "0.9",
    "beta_2": "0.999",
    "eps": "1e-8",
    "gamma": "0.9",
    "image_shape": "3,224,224",
    "learning_rate": "0.1",
    "lr_scheduler_factor": "0.1",
    "momentum": "0.9",
    "multi_label": "0",
    "num_layers": "152",
    "optimizer": "sgd",
    "precision_dtype": "float32",
    "use_pretrained_model": "0",
    "use_weighted_loss": "0",
    "weight_decay": "0.0001",
}
WHOLE_NUMBERS = [name for name, one in HYPERPARAMETERS.items() if one.kind == "whole number"]
OPEN = ["learning_rate", "lr_scheduler_factor", "weight_decay", "beta_1", "beta_2", "eps", "gamma"]


def test_there_are_29_documented_hyperparameters() -> None:
    assert len(HYPERPARAMETERS) == 29


@pytest.mark.parametrize("name", [*HYPERPARAMETERS, *UNDOCUMENTED])
def test_every_hyperparameter_says_what_it_is_and_takes(name: str) -> None:
    one = known(name)

    assert one is not None
    assert one.help.endswith(".")
    assert one.allowed
    assert one.kind


@pytest.mark.parametrize("name", [name for name, one in HYPERPARAMETERS.items() if one.default is not None])
def test_every_default_is_a_value_that_the_container_takes(name: str) -> None:
    assert schema_problem(name, HYPERPARAMETERS[name].default or "") is None


def test_only_two_hyperparameters_are_required() -> None:
    assert [name for name, one in HYPERPARAMETERS.items() if one.required] == ["num_classes", "num_training_samples"]


def test_the_lab_and_the_console_form_are_taken() -> None:
    assert container_error(LAB) is None
    assert container_error(CONSOLE_FORM) is None


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
@pytest.mark.parametrize("text", ["1", "25", "1000000"])
def test_whole_numbers_are_taken(name: str, text: str) -> None:
    assert schema_problem(name, text) is None


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
@pytest.mark.parametrize("text", ["0", "-1", "25.0", "+25", " 25", "25 ", "25\n", "2_5", "1e3", "025", "", "٣", "two"])
def test_what_only_looks_like_a_whole_number_is_refused(name: str, text: str) -> None:
    assert schema_problem(name, text) is not None


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("text", ["0.1", "0.5", "1e-8", "1E-8", "0.999", "9e-1", "0.10"])
def test_fractions_are_taken_however_they_are_written(name: str, text: str) -> None:
    assert schema_problem(name, text) is None


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize(
    "text",
    [
        "0",
        "1",
        "0.0",
        "1.0",
        "-0.1",
        "1.5",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "",
        "+0.1",
        "0,1",
        " 0.1",
        "0.1\n",
        "1e-999",
        "0.99999999999999999999999",
        "1e999",
        "0." + "9" * 5000,
    ],
)
def test_both_ends_of_an_open_range_are_refused_although_documented(name: str, text: str) -> None:
    assert schema_problem(name, text) is not None


@pytest.mark.parametrize(
    ("name", "text", "taken"),
    [
        ("momentum", "0", True),
        ("momentum", "0.0", True),
        ("momentum", "1", False),
        ("early_stopping_tolerance", "0", True),
        ("early_stopping_tolerance", "1", True),
        ("early_stopping_tolerance", "1.0", True),
        ("early_stopping_tolerance", "1.01", False),
        ("num_layers", "152", True),
        ("num_layers", "20", True),
        ("num_layers", "19", False),
        ("num_layers", "152.0", False),
        ("optimizer", "nag", True),
        ("optimizer", "SGD", False),
        ("augmentation_type", "crop_color_transform", True),
        ("augmentation_type", "crop_color_transformation", False),
        ("augmentation_type", "", False),
        ("use_pretrained_model", "1", True),
        ("use_pretrained_model", "true", False),
        ("use_pretrained_model", "2", False),
        ("early_stopping", "true", True),
        ("early_stopping", "True", True),
        ("early_stopping", "1", True),
        ("early_stopping", "TRUE", False),
        ("early_stopping", "yes", False),
        ("image_shape", "3,224,224", True),
        ("image_shape", "1,28,28", True),
        ("image_shape", "3, 224, 224", False),
        ("image_shape", "224,224", False),
        ("image_shape", "3,0,224", False),
        ("lr_scheduler_step", "", True),
        ("lr_scheduler_step", "10", True),
        ("lr_scheduler_step", "10,20,30", True),
        ("lr_scheduler_step", "10, 20", False),
        ("lr_scheduler_step", "10,", False),
        ("kv_store", "dist_sync", True),
        ("kv_store", "device", False),
        ("precision_dtype", "float16", True),
        ("precision_dtype", "fp16", False),
        ("top_k", "1", True),
        ("_kvstore", "device", True),
        ("_tuning_objective_metric", "validation:accuracy", True),
    ],
)
def test_the_schema_decides_each_value(name: str, text: str, taken: bool) -> None:
    assert (schema_problem(name, text) is None) is taken


def test_an_unknown_name_fails_in_the_containers_words() -> None:
    error = container_error({**LAB, "num_epochs": "25"})

    assert error is not None
    assert error.splitlines()[0] == (
        "Additional hyperparameters are not allowed ('num_epochs' was unexpected) (caused by ValidationError)"
    )


def test_several_unknown_names_fail_together() -> None:
    error = container_error({**LAB, "num_epochs": "25", "augmentation type": "crop"})

    assert error is not None
    assert "('num_epochs', 'augmentation type' were unexpected)" in error


def test_a_bad_choice_fails_with_the_choices() -> None:
    assert schema_problem("optimizer", "ftrl") == (
        "The value 'ftrl' is not valid for the 'optimizer' hyperparameter which accepts one of the following: "
        "'sgd', 'adam', 'rmsprop', 'nag' (caused by ValidationError)"
    )


def test_a_bad_number_fails_with_what_was_expected() -> None:
    problem = schema_problem("epochs", "0")

    assert problem is not None
    assert problem.startswith("The value '0' is not valid for the 'epochs' hyperparameter which expects one of the")


def test_missing_required_values_are_named() -> None:
    error = container_error({"epochs": "3"})

    assert error is not None
    assert "No value(s) were specified for 'num_classes', 'num_training_samples' which are required" in error


def test_a_schema_error_is_longer_than_a_failure_reason_may_be() -> None:
    error = container_error({**LAB, "num_epochs": "25"})

    assert error is not None
    assert len(error) > 1024


@pytest.mark.parametrize("name", list(REMOVED))
def test_removed_names_are_unknown_to_the_container(name: str) -> None:
    assert known(name) is None
    assert schema_problem(name, "1") is not None


def test_effective_values_are_the_real_defaults_under_what_was_sent() -> None:
    values = effective({"epochs": "3", "own": "x"})

    assert values["epochs"] == "3"
    assert values["mini_batch_size"] == "32"
    assert values["early_stopping_patience"] == "10"
    assert values["early_stopping_tolerance"] == "0.01"
    assert values["own"] == "x"
    assert "resize" not in values


def test_documented_and_real_defaults_of_early_stopping_are_both_kept() -> None:
    assert HYPERPARAMETERS["early_stopping_patience"].documented_default == "5"
    assert HYPERPARAMETERS["early_stopping_tolerance"].documented_default == "0.0"


def test_the_depths_are_told_apart_by_their_images() -> None:
    assert {*IMAGENET_LAYERS, *CIFAR_LAYERS} == set(HYPERPARAMETERS["num_layers"].choices)


def test_optimizer_parameters_name_their_optimizers() -> None:
    assert HYPERPARAMETERS["eps"].optimizers == ("adam", "rmsprop")
    assert HYPERPARAMETERS["momentum"].optimizers == ("sgd", "nag")


@pytest.mark.parametrize(
    ("instance_type", "gpus"),
    [
        ("ml.p2.xlarge", 1),
        ("ml.p2.8xlarge", 8),
        ("ml.p2.16xlarge", 16),
        ("ml.p3.2xlarge", 1),
        ("ml.p3.8xlarge", 4),
        ("ml.p3.16xlarge", 8),
        ("ml.p3dn.24xlarge", 8),
        ("ml.g4dn.xlarge", 1),
        ("ml.g4dn.8xlarge", 1),
        ("ml.g4dn.12xlarge", 4),
        ("ml.g4dn.16xlarge", 1),
        ("ml.g5.xlarge", 1),
        ("ml.g5.8xlarge", 1),
        ("ml.g5.12xlarge", 4),
        ("ml.g5.24xlarge", 4),
        ("ml.g5.48xlarge", 8),
        ("ml.p4d.24xlarge", 8),
        ("ml.g6.12xlarge", 4),
        ("ml.m5.large", 0),
        ("ml.c5.18xlarge", 0),
        ("ml.trn1.2xlarge", 0),
        ("ml.q9.large", None),
        ("", None),
    ],
)
def test_gpus_of_an_instance_type(instance_type: str, gpus: int | None) -> None:
    assert gpu_count(instance_type) == gpus


@given(st.sampled_from([*HYPERPARAMETERS, *UNDOCUMENTED]), st.text(max_size=40))
def test_any_text_gets_an_answer(name: str, text: str) -> None:
    problem = schema_problem(name, text)

    assert problem is None or problem.startswith("The value '")


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5))
def test_any_hyperparameters_get_an_answer(values: dict[str, str]) -> None:
    assert container_error(values)
    assert set(effective(values)) >= set(values)


def test_the_module_imports_nothing_heavy() -> None:
    code = (
        "import sys, birdtui.spec.image_classification as m; m.gpu_count('ml.p3.2xlarge');"
        "print([n for n in ('boto3', 'botocore', 'sagemaker', 'numpy', 'textual') if n in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert answer.stdout.strip() == "[]"
