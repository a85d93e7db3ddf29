"""One job in every form, and back."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from birdtui.spec import convert as converting
from birdtui.spec.convert import convert, load, load_file
from birdtui.spec.convert_python import snake
from birdtui.spec.service_model import Shape, create_shape
from birdtui.spec.toml_file import SpecFileError

SAMPLE = Path(__file__).parents[2] / "sample.toml"
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-20180926T21970"
MINIMAL = {"TrainingJobName": "birds", "RoleArn": ROLE, "OutputDataConfig": {"S3OutputPath": "s3://birds/"}}
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
Requests = st.SearchStrategy[dict[str, Any]]


def again(request: dict[str, Any], target: str) -> str:
    return convert(load(json.dumps(request), "birds.json"), target).text


@QUICK
@given(st.data())
def test_request_to_toml_to_request_is_equal(legal_requests: Requests, data: st.DataObject) -> None:
    request = data.draw(legal_requests)
    assert json.loads(convert(load(again(request, "toml"), "birds.toml"), "request").text) == request


@QUICK
@given(st.data())
def test_the_aws_command_holds_the_whole_request(legal_requests: Requests, data: st.DataObject) -> None:
    request = data.draw(legal_requests)
    words = shlex.split(again(request, "aws").replace("\\\n", " "))
    assert words[:3] == ["aws", "sagemaker", "create-training-job"]
    assert from_options(words[3:]) == request


def from_options(words: list[str]) -> dict[str, Any]:
    members = {xform_name(name, "-"): (name, shape) for name, shape in create_shape().members.items()}
    found: dict[str, Any] = {}
    while words:
        option = words.pop(0).removeprefix("--")
        if option.startswith("no-"):
            found[members[option[3:]][0]] = False
            continue
        name, shape = members[option]
        if shape.type_name == "boolean":
            found[name] = True
        else:
            text = words.pop(0)
            found[name] = text if shape.type_name == "string" else json.loads(text)
    return found


@QUICK
@given(st.data())
def test_the_boto3_script_holds_the_whole_request(legal_requests: Requests, data: st.DataObject) -> None:
    request = data.draw(legal_requests)
    tree = ast.parse(again(request, "boto3"))
    (assigned,) = [node for node in tree.body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(assigned.value) == request


def test_the_sagemaker_script_makes_the_same_call_with_the_sdks_own_shapes() -> None:
    """Every structure of the request exists in the SDK, under the name the script uses, with the same members."""
    shapes = pytest.importorskip("sagemaker.core.shapes")
    from sagemaker.core.utils.utils import snake_to_pascal

    def compare(shape: Shape, seen: set[str]) -> None:
        if shape.name in seen:
            return
        seen.add(shape.name)
        if shape.type_name == "structure":
            for name, member in shape.members.items():
                assert snake_to_pascal(snake(name)) == name
                if shape is not create_shape():
                    assert snake(name) in getattr(shapes, shape.name).model_fields
                compare(member, seen)
        elif shape.type_name in {"list", "map"}:
            compare(shape.member if shape.type_name == "list" else shape.value, seen)

    compare(create_shape(), set())


@QUICK
@given(st.data())
def test_the_sagemaker_script_is_python(legal_requests: Requests, data: st.DataObject) -> None:
    request = data.draw(legal_requests)
    tree = ast.parse(again(request, "sagemaker"))
    (call,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "TrainingJob.create"
    ]
    given = {keyword.arg for keyword in call.keywords}
    hooked = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "exact"
    ]
    exact = ast.literal_eval(hooked[0]) if hooked else {}
    assert {name for name in request if snake(name) in given} | set(exact) == set(request)


@pytest.mark.parametrize("target", ["boto3", "sagemaker"])
@pytest.mark.parametrize("override", ["job.tags.owner=me", "request.RemoteDebugConfig.EnableRemoteDebug=false"])
def test_a_linter_and_a_formatter_like_the_scripts(target: str, override: str, tmp_path: Path) -> None:
    text = convert(load_file(SAMPLE, [override]), target, region="eu-west-1", role_arn=ROLE).text
    script = tmp_path / "create.py"
    script.write_text(text)
    for arguments in (["check", "--select", "E4,E7,E9,F,I,UP,B"], ["format", "--check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--isolated", str(script)],
            check=True,
            timeout=60,
        )


def test_what_the_sdk_would_leave_out_is_sent_by_a_hook() -> None:
    request = MINIMAL | {"RemoteDebugConfig": {"EnableRemoteDebug": False}, "EnableNetworkIsolation": False}
    text = again(request, "sagemaker")
    assert '"EnableRemoteDebug": False' in text
    assert "enable_network_isolation=False" in text
    assert "send_exactly" not in again(MINIMAL, "sagemaker")


def test_a_file_keeps_its_comments_on_the_way_to_a_file() -> None:
    source = load_file(SAMPLE, ["hyperparameters.epochs=50"])
    assert convert(source, "toml").text == SAMPLE.read_text().replace("epochs = 25 ", "epochs = 50 ")


def test_a_named_algorithm_becomes_the_image_of_the_region() -> None:
    request = json.loads(convert(load_file(SAMPLE), "request", region="eu-west-1").text)
    image = "685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1"
    assert request["AlgorithmSpecification"]["TrainingImage"] == image


def test_an_unknown_algorithm_is_a_note_and_no_refusal() -> None:
    source = load_file(SAMPLE, ["algorithm.name=bird-watching"])
    assert [note for note in convert(source, "request").notes if "image is missing" in note]


def test_role_and_name_can_be_filled_in() -> None:
    request = json.loads(convert(load_file(SAMPLE), "request", role_arn=ROLE, name="birds-7").text)
    assert (request["RoleArn"], request["TrainingJobName"]) == (ROLE, "birds-7")


def test_a_role_that_is_no_arn_is_told() -> None:
    assert [note for note in convert(load_file(SAMPLE), "aws").notes if note.startswith("RoleArn is")]


def test_a_request_keeps_its_exact_name() -> None:
    assert "unique_name = false" in again(MINIMAL, "toml")


def test_overrides_change_a_request_too() -> None:
    source = load(json.dumps(MINIMAL), "birds.json", ["hyperparameters.epochs=3"])
    assert source.spec.hyperparameters == {"epochs": "3"}
    assert not source.spec.unique_name


def test_a_fault_of_a_request_that_is_changed_has_no_line() -> None:
    with pytest.raises(SpecFileError) as failed:
        load(json.dumps(MINIMAL | {"VpcConfig": {"Subnets": 5}}), "birds.json", ["hyperparameters.epochs=3"])
    assert [(problem.line, problem.field) for problem in failed.value.problems] == [(0, "network.subnets")]


def test_a_description_is_cloned() -> None:
    source = load(
        json.dumps(MINIMAL | {"TrainingJobStatus": "Failed", "CreationTime": "2018-10-21T12:00:00Z"}), "d.json"
    )
    assert (source.form, source.spec.unique_name, dict(source.spec.request)) == ("description", True, MINIMAL)


def test_a_described_jobs_script_has_a_new_name() -> None:
    source = load(json.dumps(MINIMAL | {"TrainingJobStatus": "Failed"}), "d.json")
    assert json.loads(convert(source, "request").text)["TrainingJobName"].startswith("birds-2")


def test_a_described_job_that_was_given_an_exact_name_keeps_it() -> None:
    source = load(json.dumps({**MINIMAL, "TrainingJobStatus": "Failed"}), "birds.json")
    named = replace(source, spec=replace(source.spec, unique_name=False))

    assert json.loads(convert(named, "request").text)["TrainingJobName"] == "birds"


def test_members_outside_the_model_are_told_and_not_sent() -> None:
    source = load(json.dumps(MINIMAL | {"Colour": "red"}), "birds.json")
    assert "Colour" not in source.spec.request
    assert source.notes == ("Colour is left out: CreateTrainingJob knows no such member",)


def test_numbers_that_should_be_text_become_text_as_they_are_spelled() -> None:
    text = '{"TrainingJobName": "birds", "HyperParameters": {"a": 25, "b": 1e-8, "c": 0.10, "d": true}}'
    assert load(text, "birds.json").spec.hyperparameters == {"a": "25", "b": "1e-8", "c": "0.10", "d": "true"}


def test_a_request_of_wrong_types_is_converted_all_the_same() -> None:
    request = {"TrainingJobName": 5, "Tags": ["a"], "InputDataConfig": {}, "ResourceConfig": "big", "VpcConfig": []}
    assert json.loads(again(request, "request")) == request
    for target in ("toml", "aws", "boto3", "sagemaker"):
        assert again(request, target)


@pytest.mark.parametrize(
    ("text", "place"),
    [('{"TrainingJobName": "birds",\n  "RoleArn": auto}', (2, 14)), ('{"TrainingJobName": "birds"', (1, 28))],
)
def test_a_fault_in_json_is_told_with_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(SpecFileError) as failed:
        load(text, "birds.json")
    (problem,) = failed.value.problems
    assert (problem.file, problem.line, problem.column) == ("birds.json", *place)


@pytest.mark.parametrize("text", ["{}", '{"name": 1}', "[]", '{"RoleArn": 1, "RoleArn": 2}', '{"a":' * 5000])
def test_json_that_is_no_job_is_told(text: str) -> None:
    with pytest.raises(SpecFileError):
        load(text, "birds.json")


def test_an_answer_printed_in_a_notebook_is_read() -> None:
    text = (
        "{'TrainingJobName': 'birds', 'TrainingJobStatus': 'Failed', 'EnableNetworkIsolation': False,\n"
        " 'CreationTime': datetime.datetime(2018, 10, 21, 16, 12, 53, 1000, tzinfo=tzlocal()), 'VpcConfig': None}"
    )
    source = load(text, "answer.txt")
    assert source.form == "description"
    assert dict(source.spec.request) == {"TrainingJobName": "birds", "EnableNetworkIsolation": False}


def test_half_a_character_is_told() -> None:
    with pytest.raises(SpecFileError, match="surrogate"):
        load('{"TrainingJobName": "\\ud800"}', "birds.json")


def test_a_job_file_may_begin_with_a_quoted_key() -> None:
    assert load('"job".name = "birds"\n', "birds.toml").spec.name == "birds"


READERS: list[Callable[[Path], object]] = [load_file, converting.read]


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_told(reader: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(SpecFileError, match="there is no such file"):
        reader(tmp_path / "none.json")
