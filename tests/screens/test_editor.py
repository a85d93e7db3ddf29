"""The editor on a real engine: files, clones, checks, choices, and that a job is created once."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, OptionList

from birdtui.aws.session import Connection
from birdtui.ui.screens.choose import ChooseScreen
from birdtui.ui.screens.confirm import ConfirmScreen
from birdtui.ui.screens.editor import EditorScreen
from birdtui.ui.screens.job import JobScreen
from birdtui.ui.widgets.form_row import FieldInput, FormRow
from birdtui.ui.widgets.job_form import JobForm

if TYPE_CHECKING:
    from tests.screens.conftest import Account, Opener, Seen

JOB = """\
# Birds of the garden.
[job]
name = "{name}"
role = "auto"
{more}
[algorithm]
name = "image-classification"
input_mode = "File"

[resources]
instance_type = "ml.p3.2xlarge"
instance_count = 1
volume_gb = 1

[limits]
max_runtime = "1h"

[hyperparameters]
num_classes = 2          # two shades
num_training_samples = 8
epochs = {epochs}
mini_batch_size = 4
image_shape = "3,16,16"

[channels.train]
s3_uri = "s3://screen-pictures/train/"
content_type = "application/x-recordio"

[channels.validation]
s3_uri = "s3://screen-pictures/validation/"
content_type = "application/x-recordio"

[output]
s3_uri = "s3://{bucket}/"
"""


def job_text(name: str = "birds", *, epochs: str = "3", bucket: str = "screen-pictures", more: str = "") -> str:
    return JOB.format(name=name, epochs=epochs, bucket=bucket, more=more)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a job file."""

    def write(text: str | None = None, **how: str) -> Path:
        path = tmp_path / "garden.toml"
        path.write_text(text or job_text(**how), encoding="utf-8")
        return path

    return write


@pytest.fixture
def stem(account: Account) -> str:
    """A job name that only this test uses."""
    return f"editor-{uuid.uuid4().hex[:8]}"


def editor(seen: Seen) -> EditorScreen:
    return next(screen for screen in seen.app.screen_stack if isinstance(screen, EditorScreen))


def form(seen: Seen) -> JobForm:
    return editor(seen).query_one(JobForm)


def row(seen: Seen, path: str) -> FormRow:
    return next(each for each in form(seen).rows() if each.field.path == path)


def field_with_keys(seen: Seen) -> str:
    """The path of the field that has the keys; empty where none has."""
    focused = seen.app.focused
    return focused.query_ancestor(FormRow).field.path if isinstance(focused, FieldInput) else ""


async def at(seen: Seen, path: str) -> None:
    """Waits until a field has the keys."""
    await seen.until(lambda: field_with_keys(seen) == path)


async def go(seen: Seen, path: str) -> None:
    await seen.until(lambda: field_with_keys(seen) != "")
    form(seen).go_to(path)
    await at(seen, path)


async def put(seen: Seen, path: str, text: str) -> None:
    """Goes to a field and types another value in place of the one that is there."""
    await go(seen, path)
    await seen.press("end", "ctrl+u")
    await seen.types(text)


def created(account: Account, stem: str) -> list[str]:
    jobs = account.client("sagemaker").list_training_jobs(NameContains=stem)["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in jobs]


# opening


async def test_a_file_is_opened_with_its_values(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file(name="garden"))) as seen:
        await seen.sees("birdtui › garden.toml", "garden", "ml.p3.2xlarge", "Changes against garden.toml")
        await at(seen, "job.name")


async def test_a_broken_file_tells_every_fault(open_app: Opener, file: Callable[..., Path]) -> None:
    text = job_text().replace("instance_count = 1", 'instance_count = "one"').replace("max_runtime", "max_run")
    async with open_app(target=str(file(text))) as seen:
        await seen.sees("Cannot be opened", "instance_count", "max_run", "esc goes back")
        await seen.press("ctrl+s", "ctrl+w", "ctrl+z", "ctrl+a", "ctrl+f", "ctrl+e")
        assert isinstance(seen.app.screen, EditorScreen)
        await seen.press("escape")
        await seen.until(lambda: not isinstance(seen.app.screen, EditorScreen))


async def test_a_new_job_says_what_is_missing(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.press("ctrl+n")
        await seen.sees("birdtui › New job", "OutputDataConfig is missing")


async def test_a_clone_of_a_failed_job_begins_at_the_culprit(open_app: Opener) -> None:
    async with open_app() as seen:
        await seen.sees("bad-epochs")
        seen.app.clone_job("bad-epochs")
        await seen.sees("The failure points to hyperparameters.epochs")
        await at(seen, "hyperparameters.epochs")
        await seen.sees("many")


# editing


async def test_an_edit_shows_at_once_what_changed_and_what_is_wrong(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "hyperparameters.epochs", "many")
        await seen.sees("hyperparameters.epochs  3 → many", "1 error", "garden.toml ●")


async def test_emptying_a_field_takes_it_out(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "hyperparameters.image_shape", "")
        await seen.sees("- hyperparameters.image_shape")


async def test_a_number_takes_only_digits(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "resources.volume_gb", "1x2-0")
        await seen.until(lambda: row(seen, "resources.volume_gb").input.value == "120")
        assert editor(seen).model.spec.request["ResourceConfig"]["VolumeSizeInGB"] == 120


async def test_a_value_that_cannot_be_taken_stays_told_and_is_not_created(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "limits.max_runtime", "soon")
        await seen.sees("✘ expected a duration such as 24h", "1 error")
        await go(seen, "job.name")
        await seen.press("ctrl+s")
        await seen.sees("Mend this first")
        await at(seen, "limits.max_runtime")


async def test_choosing_a_finding_goes_to_its_field(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file(epochs='"many"'))) as seen:
        await at(seen, "job.name")
        await seen.press("ctrl+e", "enter")
        await at(seen, "hyperparameters.epochs")


async def test_the_findings_key_leads_back_to_the_field(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "output.s3_uri")
        await seen.press("ctrl+e")
        await seen.until(lambda: isinstance(seen.app.focused, OptionList))
        await seen.press("ctrl+e")
        await at(seen, "output.s3_uri")


async def test_undo_and_redo_are_a_key_each(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "hyperparameters.epochs", "42")
        await seen.sees("3 → 42")
        await seen.press("ctrl+z")
        await seen.misses("3 → 42")
        assert row(seen, "hyperparameters.epochs").input.value == "3"
        await seen.press("ctrl+shift+z")
        await seen.sees("3 → 42")


async def test_an_image_takes_the_algorithms_place_in_the_form_too(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "algorithm.image", "012345678901.dkr.ecr.us-east-1.amazonaws.com/own:1")
        await seen.until(lambda: row(seen, "algorithm.name").input.value == "")
        await at(seen, "algorithm.image")


async def test_a_channel_is_added_as_a_copy_of_the_first(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+a")
        await at(seen, "channels.channel-1.s3_uri")
        await seen.sees("s3://screen-pictures/channel-1/")


async def test_a_hyperparameter_of_ones_own_is_added_by_name_and_value(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "job.name")
        form(seen).query("NewHyperparameter").first().focus()
        await seen.types("depth=7")
        await seen.press("enter")
        await at(seen, "hyperparameters.depth")
        await seen.sees("+ hyperparameters.depth")


async def test_every_field_can_be_reached_by_key_at_80x24(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app((80, 24), target=str(file())) as seen:
        await go(seen, "job.name")
        paths = [each.field.path for each in form(seen).rows()]
        for path in paths[1:]:
            await seen.press("down")
            assert field_with_keys(seen) == path
            assert seen.app.focused is not None
            assert seen.app.focused.region.height == 1
            assert form(seen).region.contains_region(seen.app.focused.region)


async def test_the_changes_are_in_sight_with_the_findings_at_80x24(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app((80, 24), target=str(file())) as seen:
        await put(seen, "hyperparameters.epochs", "42")
        await seen.press("ctrl+e")
        await seen.sees("3 → 42")


# what AWS says


async def test_aws_is_asked_and_what_it_says_comes_to_the_checks(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file(bucket="nobody-has-this-bucket"))) as seen:
        await seen.sees("✘ output.s3_uri", "nobody-has-this-bucket")
        await seen.misses("asking AWS…")


async def test_what_aws_said_of_a_field_goes_when_the_field_changes(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    async with open_app(target=str(file(bucket="nobody-has-this-bucket"))) as seen:
        await seen.sees("✘ output.s3_uri")
        await put(seen, "output.s3_uri", "s3://screen-pictures/")
        await seen.misses("✘ output.s3_uri")


async def test_the_right_number_is_filled_in_by_key_and_can_be_taken_back(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    text = job_text().replace("num_training_samples = 8", "num_training_samples = 5")
    async with open_app(target=str(file(text))) as seen:
        await seen.sees("^g fills in 8")
        await go(seen, "hyperparameters.num_training_samples")
        await seen.press("ctrl+g")
        await seen.sees("hyperparameters.num_training_samples  5 → 8")
        await at(seen, "hyperparameters.num_training_samples")
        await seen.press("ctrl+z")
        await seen.misses("5 → 8")


# creating


async def test_an_error_refuses_and_goes_to_its_field(
    open_app: Opener, file: Callable[..., Path], account: Account, stem: str
) -> None:
    async with open_app(target=str(file(name=stem, epochs='"many"'))) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+s")
        await seen.sees("Mend this first")
        await at(seen, "hyperparameters.epochs")
        assert created(account, stem) == []


async def test_a_job_is_created_once_however_often_the_keys_are_pressed(
    open_app: Opener, file: Callable[..., Path], account: Account, stem: str
) -> None:
    async with open_app(target=str(file(name=stem))) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+s", "ctrl+s")
        await seen.sees("Create the training job", stem, "at most 1 h")
        await seen.press("y", "y")
        await seen.until(lambda: isinstance(seen.app.screen, JobScreen))
        (name,) = created(account, stem)
        account.ended(name)
        assert created(account, stem) == [name]


async def test_enter_alone_does_not_create(
    open_app: Opener, file: Callable[..., Path], account: Account, stem: str
) -> None:
    async with open_app(target=str(file(name=stem))) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+s")
        await seen.sees("Create the training job")
        await seen.press("enter")
        await at(seen, "job.name")
        assert created(account, stem) == []


async def test_the_confirmation_shows_what_changed(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "hyperparameters.epochs", "42")
        await seen.press("ctrl+s")
        await seen.sees("Create the training job", "3 → 42")


async def test_a_refusal_comes_back_to_its_field_and_can_be_tried_again(
    open_app: Opener, file: Callable[..., Path], account: Account, stem: str
) -> None:
    async with open_app(target=str(file(name="good-alpha", more="unique_name = false"))) as seen:
        await go(seen, "output.s3_uri")
        await seen.press("ctrl+s")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmScreen))
        await seen.press("y")
        await seen.sees("Not created")
        await at(seen, "job.name")
        await put(seen, "job.name", stem)
        await seen.press("ctrl+s")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmScreen))
        await seen.press("y")
        await seen.until(lambda: isinstance(seen.app.screen, JobScreen))
        assert created(account, stem) == [stem]
        account.ended(stem)


async def test_keys_pressed_while_aws_is_asked_are_not_typed_into_the_job(
    open_app: Opener, file: Callable[..., Path]
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    nobody = Connection(region="us-east-1", endpoint_url=url, access_key="AKIA0", secret_key="none")
    async with open_app(target=str(file(name="birds")), connect=lambda: nobody) as seen:
        await seen.sees("asking AWS…")
        await go(seen, "job.name")
        await seen.press("ctrl+s")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmScreen))
        await seen.press("y", "y", "y")
        assert seen.app.screen is editor(seen)
        assert editor(seen).model.spec.name == "birds"
        await seen.press("escape")
        await seen.sees("AWS has been asked")
        silent.close()


async def test_read_only_creates_nothing(
    open_app: Opener, file: Callable[..., Path], account: Account, stem: str
) -> None:
    async with open_app(target=str(file(name=stem)), read_only=True) as seen:
        await go(seen, "job.name")
        assert "Create" not in seen.text.splitlines()[-1]
        await seen.press("ctrl+s", "y")
        assert not isinstance(seen.app.screen, ConfirmScreen)
        assert created(account, stem) == []


# saving and leaving


async def test_saving_keeps_the_comments(open_app: Opener, file: Callable[..., Path]) -> None:
    path = file()
    async with open_app(target=str(path)) as seen:
        await put(seen, "hyperparameters.epochs", "42")
        await seen.press("ctrl+w", "enter")
        await seen.sees("Enter again overwrites it")
        await seen.press("enter")
        await seen.sees("Saved")
        await seen.misses("garden.toml ●")
    text = path.read_text(encoding="utf-8")
    assert text == job_text(epochs="42")


async def test_saving_where_nothing_can_be_written_says_so(
    open_app: Opener, file: Callable[..., Path], tmp_path: Path
) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+w")
        await seen.sees("Save the job as")
        seen.app.screen.query_one(Input).value = str(tmp_path / "none" / "job.toml")
        await seen.press("enter")
        await seen.sees("Not saved")


async def test_leaving_asks_only_when_something_changed(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "hyperparameters.epochs", "42")
        await seen.press("escape")
        await seen.sees("not saved")
        await seen.press("n")
        await at(seen, "hyperparameters.epochs")
        await seen.press("ctrl+z", "escape")
        await seen.until(lambda: not isinstance(seen.app.screen, EditorScreen))


# choices


async def test_the_instance_types_are_searched_and_one_is_taken(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "resources.instance_type")
        await seen.press("enter")
        await seen.sees("instance type", "type to search")
        await seen.types("p3 8 GPU")
        await seen.sees("ml.p3dn.24xlarge  8 GPUs")
        await seen.misses("ml.m5.large")
        await seen.press("enter")
        await seen.until(lambda: row(seen, "resources.instance_type").input.value == "ml.p3.16xlarge")
        await at(seen, "resources.instance_type")


async def test_the_accounts_quota_stands_beside_an_instance_type(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "resources.instance_type")
        await seen.press("enter")
        await seen.types("p3.2xlarge")
        await seen.sees("ml.p3.2xlarge  1 GPU · quota ")


async def test_escape_leaves_the_value_as_it_was(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "algorithm.input_mode")
        await seen.press("enter", "down", "escape")
        await at(seen, "algorithm.input_mode")
        assert row(seen, "algorithm.input_mode").input.value == "File"


async def test_a_closed_choice_can_be_left_out(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "algorithm.input_mode")
        await seen.press("enter")
        await seen.types("leave")
        await seen.sees("leave it out")
        await seen.press("enter")
        await seen.sees("- algorithm.input_mode")


async def test_s3_locations_complete_from_what_is_there(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await put(seen, "channels.train.s3_uri", "s3://screen-p")
        await seen.press("enter")
        await seen.sees("s3://screen-pictures/")
        await seen.press("down", "tab")
        await seen.sees("s3://screen-pictures/validation/")
        await seen.types("v")
        await seen.until(lambda: _listed(seen) == 1)
        await seen.press("down", "enter")
        await seen.until(lambda: row(seen, "channels.train.s3_uri").input.value == "s3://screen-pictures/validation/")


def _listed(seen: Seen) -> int:
    return seen.app.screen.query_one(OptionList).option_count if isinstance(seen.app.screen, ChooseScreen) else -1


async def test_the_accounts_roles_are_chosen_from(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "job.role")
        await seen.press("enter")
        await seen.sees("the account's own execution role", "AmazonSageMaker-ExecutionRole")
        await seen.press("down", "enter")
        await seen.until(lambda: row(seen, "job.role").input.value.startswith("arn:aws:iam::"))


async def test_a_field_is_found_by_its_name(open_app: Opener, file: Callable[..., Path]) -> None:
    async with open_app(target=str(file())) as seen:
        await go(seen, "job.name")
        await seen.press("ctrl+f")
        await seen.types("weight_decay")
        await seen.sees("hyperparameters.weight_decay")
        await seen.press("enter")
        await at(seen, "hyperparameters.weight_decay")
