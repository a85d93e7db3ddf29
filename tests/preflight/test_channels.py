"""What lies under the channels' prefixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from birdtui.spec.findings import Level
from tests.preflight.conftest import World, even, only, records


def test_count_and_size_are_told(world: World) -> None:
    finding = next(each for each in world.check() if each.check == "channel")
    assert (finding.level, finding.text) == (Level.OK, "1 object, 12.9 kB")


@pytest.mark.parametrize(
    ("prefix", "remedy"),
    [
        ("nothing/", "check the prefix"),
        ("Train/", "did you mean s3://{bucket}/train/?"),
        ("/train/", "a second slash is part of the key"),
    ],
)
def test_an_empty_prefix_is_an_error(world: World, prefix: str, remedy: str) -> None:
    finding = only(world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/{prefix}"))
    assert (finding.check, finding.field, finding.level) == ("channel", "channels.train.s3_uri", Level.ERROR)
    assert remedy.format(bucket=world.bucket) in finding.remedy


def test_an_empty_bucket_is_told_as_one(world: World, client: Callable[..., Any]) -> None:
    empty = world.bucket + "-empty"
    client("s3").create_bucket(Bucket=empty)
    finding = only(world.wrong(f"channels.train.s3_uri=s3://{empty}/"))
    assert finding.text == f"the bucket {empty} is empty"


def test_a_folder_marker_is_no_data(bare: World) -> None:
    bare.put("train/", b"")
    bare.put("validation/v.rec", records(even(8)))
    assert only(bare.wrong()).check == "channel"


def test_a_prefix_without_its_slash_that_matches_two_folders_is_told(world: World) -> None:
    world.put("train_lst/a.lst", "0\t1\ta.jpg\n")
    finding = only(world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/train"))
    assert (finding.check, finding.level) == ("channel-prefix", Level.WARNING)
    assert "train/, train_lst/" in finding.text
    assert finding.remedy == f"write s3://{world.bucket}/train/"


def test_a_prefix_without_its_slash_that_matches_one_folder_is_well(world: World) -> None:
    assert world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/train") == []


def test_two_rec_files_in_a_channel_are_an_error(world: World) -> None:
    world.put("train/second.rec", records([0.0, 1.0]))
    finding = only(world.wrong())
    assert (finding.check, finding.field, finding.level) == ("channel-records", "channels.train.s3_uri", Level.ERROR)
    assert "2 RecordIO files" in finding.text


def test_a_bucket_root_finds_both_files_and_is_told_the_folder(world: World) -> None:
    finding = next(
        each for each in world.wrong(f"channels.train.s3_uri=s3://{world.bucket}/") if each.check == "channel-records"
    )
    assert finding.remedy == f"write s3://{world.bucket}/train/"


def test_a_record_channel_without_a_rec_file_is_an_error(bare: World) -> None:
    bare.put("train/a.jpg", b"x")
    bare.put("validation/v.rec", records(even(8)))
    finding = only(each for each in bare.wrong() if each.check == "channel-records")
    assert (finding.level, ".jpg" in finding.text) == (Level.ERROR, True)


@pytest.mark.parametrize(
    ("content_type", "key", "remedy"),
    [
        ("text/csv", "train/part-0.parquet", 'write "application/x-parquet"'),
        ("application/x-parquet", "train/part-0.csv", 'write "text/csv"'),
        ("text/libsvm", "train/a.rec", 'write "application/x-recordio"'),
    ],
)
def test_a_content_type_that_belies_the_suffixes_is_a_warning_for_any_algorithm(
    bare: World, content_type: str, key: str, remedy: str
) -> None:
    bare.put(key, b"x")
    bare.put("validation/" + key.rpartition("/")[2], b"xx")
    found = bare.wrong(
        "algorithm.name=xgboost", "algorithm.version=1.7-1", f"channels.train.content_type={content_type}"
    )
    finding = next(each for each in found if each.field == "channels.train.content_type")
    assert (finding.check, finding.level) == ("channel-content", Level.WARNING)
    assert finding.remedy.startswith(remedy)


def test_images_where_rec_files_lie_are_a_warning(world: World) -> None:
    found = world.wrong("channels.train.content_type=application/x-image")
    assert only(each for each in found if each.check == "channel-content").field == "channels.train.content_type"


@pytest.mark.parametrize("key", ["train/part-0", "train/part-0.csv", "train/part-0.csv.gz", "train/data.unheard-of"])
def test_unknown_and_fitting_suffixes_are_no_matter(bare: World, key: str) -> None:
    bare.put(key, b"x")
    bare.put("validation/v.csv", b"")
    found = bare.wrong(
        "algorithm.name=xgboost",
        "algorithm.version=1.7-1",
        "channels.train.content_type=text/csv",
        "channels.validation.content_type=text/csv",
    )
    assert [each for each in found if each.check == "channel-content"] == []


def test_the_same_data_in_train_and_validation_is_a_warning(bare: World) -> None:
    for key in ("train/t.rec", "validation/v.rec"):
        bare.put(key, records(even(322)))
    finding = only(bare.wrong())
    assert (finding.check, finding.level, finding.field) == (
        "channel-same",
        Level.WARNING,
        "channels.validation.s3_uri",
    )


def test_a_validation_channel_larger_than_train_may_be_swapped(world: World) -> None:
    swapped = [
        f"channels.train.s3_uri=s3://{world.bucket}/validation/",
        f"channels.validation.s3_uri=s3://{world.bucket}/train/",
    ]
    found = world.wrong(*swapped, "hyperparameters.num_training_samples=104")
    finding = only(found)
    assert (finding.check, finding.level) == ("channel-swapped", Level.WARNING)
    assert "swapped" in finding.remedy


def test_a_file_system_channel_is_not_looked_at(world: World) -> None:
    spec = world.spec()
    source = {"FileSystemDataSource": {"FileSystemId": "fs-1", "DirectoryPath": "/x", "FileSystemType": "FSxLustre"}}
    channels = [{"ChannelName": "train", "DataSource": source}, *list(spec.request["InputDataConfig"])[1:]]
    from birdtui.preflight import preflight

    found = preflight(spec.with_members(InputDataConfig=channels), world.session)
    assert [each for each in found if each.field.startswith("channels.train")] == []
