"""What a job's JSON may look like: with comments, within something else, printed by Python, or no job at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from birdtui.spec.convert import load
from birdtui.spec.toml_file import SpecFileError

REQUEST: dict[str, Any] = {
    "TrainingJobName": "birds",
    "RoleArn": "arn:aws:iam::000000000000:role/birds",
    "OutputDataConfig": {"S3OutputPath": "s3://birds/"},
}
DESCRIPTION: dict[str, Any] = {
    **REQUEST,
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/birds",
    "TrainingJobStatus": "Completed",
}


def test_comments_are_read_over_and_text_that_looks_like_one_is_kept() -> None:
    text = """{
        // the name; see http://birds
        "TrainingJobName": "birds", /* two
        lines */ "Environment": {"A": "// kept", "B": "\\"/* kept */"}
    }"""

    source = load(text, "birds.json")

    assert dict(source.spec.request) == {
        "TrainingJobName": "birds",
        "Environment": {"A": "// kept", "B": '"/* kept */'},
    }


def test_a_fault_behind_a_comment_is_told_with_its_own_place() -> None:
    with pytest.raises(SpecFileError) as told:
        load('{\n  // a comment\n  "TrainingJobName": "birds",\n}', "birds.json")

    assert told.value.problems[0].line in {3, 4}
    assert "comment" not in told.value.problems[0].text


WRAPPED: list[tuple[Any, str, str]] = [
    ({"TrainingJob": DESCRIPTION}, "TrainingJob", "description"),
    ({"Results": [{"TrainingJob": DESCRIPTION}], "ResponseMetadata": {}}, "Results.0.TrainingJob", "description"),
    ({"version": "0", "detail": DESCRIPTION}, "detail", "description"),
    ({"Type": "Task", "Parameters": REQUEST, "Next": "Done"}, "Parameters", "request"),
    ([REQUEST], "0", "request"),
]


@pytest.mark.parametrize(("value", "path", "form"), WRAPPED)
def test_a_job_within_something_else_is_found_and_its_place_told(value: Any, path: str, form: str) -> None:
    source = load(json.dumps(value), "birds.json")

    assert source.form == form
    assert dict(source.spec.request) == REQUEST
    assert source.notes[0] == f"the job was found at {path}; what stands around it is left out"


def test_of_several_jobs_none_is_chosen() -> None:
    with pytest.raises(SpecFileError, match=r"2 jobs: Results\.0, Results\.1"):
        load(json.dumps({"Results": [REQUEST, REQUEST]}), "birds.json")


def test_an_entry_of_a_list_of_jobs_is_no_job_to_be_made_again() -> None:
    entry = {name: DESCRIPTION[name] for name in ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus")}

    with pytest.raises(SpecFileError) as told:
        load(json.dumps(entry), "birds.json")

    assert told.value.problems[0].remedy == "--clone birds asks for it"


def test_names_that_begin_small_are_told() -> None:
    with pytest.raises(SpecFileError) as told:
        load('{"trainingJobName": "birds"}', "birds.json")

    assert "capital" in told.value.problems[0].remedy


@pytest.mark.parametrize(
    "text",
    [
        "{'TrainingJobName': 'birds', 'RoleArn': role}",
        "{'TrainingJobName': 'birds', 'OutputDataConfig': {'S3OutputPath': 's3://{}/'.format(bucket)}}",
        "params = {'TrainingJobName': 'birds'}",
    ],
)
def test_python_that_only_its_program_can_fill_in_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(SpecFileError) as told:
        load(text, "birds.json")

    assert "json.dumps" in told.value.problems[0].remedy


@pytest.mark.parametrize("tags", [[{"Key": "team", "Value": "a"}, {"Key": "aws:x", "Value": "b"}], {"team": "a"}])
def test_tags_within_a_description_come_along_but_for_the_services_own(tags: Any) -> None:
    source = load(json.dumps({**DESCRIPTION, "Tags": tags}), "birds.json")

    assert source.spec.request["Tags"] == [{"Key": "team", "Value": "a"}]
    assert not any("holds no tags" in note for note in source.notes)


def test_an_empty_network_of_an_event_is_dropped() -> None:
    source = load(json.dumps({**DESCRIPTION, "VpcConfig": {}}), "birds.json")

    assert "VpcConfig" not in source.spec.request
    assert any(note.startswith("VpcConfig is left out") for note in source.notes)
