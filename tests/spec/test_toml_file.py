"""The job file as people write it: every key, every fault with its place, every form of --set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from birdtui.spec.job import JobSpec
from birdtui.spec.toml_file import Problem, SpecFileError, parse, read, rewrite, write

SAMPLE = Path(__file__).parents[2] / "sample.toml"


def problems(text: str, *overrides: str) -> list[Problem]:
    with pytest.raises(SpecFileError) as failed:
        parse(text, "birds.toml", overrides)
    return list(failed.value.problems)


def request(text: str, *overrides: str) -> dict[str, Any]:
    return dict(parse(text, "birds.toml", overrides).request)


def source(uri: str) -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}


def channel(name: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": source(f"s3://birdtui-sample/{name}/"),
        "ContentType": "application/x-recordio",
        "CompressionType": "None",
        "RecordWrapperType": "None",
    }


def test_the_sample_is_the_labs_job() -> None:
    assert read(SAMPLE) == JobSpec(
        {
            "TrainingJobName": "birds",
            "RoleArn": "auto",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
            "HyperParameters": {
                "checkpoint_frequency": "25",
                "epochs": "25",
                "mini_batch_size": "24",
                "num_classes": "4",
                "num_training_samples": "322",
                "augmentation_type": "crop",
                "top_k": "2",
            },
            "InputDataConfig": [channel("train"), channel("validation")],
            "OutputDataConfig": {"S3OutputPath": "s3://birdtui-sample/"},
        },
        algorithm="image-classification",
    )


def test_the_channels_keep_the_files_order() -> None:
    assert [one.name for one in read(SAMPLE).channels] == ["train", "validation"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("x = 25", "25"),
        ("x = 1e-8", "1e-8"),
        ("x = 0.10", "0.10"),
        ("x = 1_000", "1000"),
        ("x = +0.5", "0.5"),
        ("x = true", "true"),
        ("x = False_is_no_toml", None),
        ('x = "0.001"', "0.001"),
        ('x = ""', ""),
        ('x = "3,224,224"', "3,224,224"),
    ],
)
def test_a_hyperparameter_is_the_text_it_is_spelled_as(line: str, text: str | None) -> None:
    if text is None:
        assert "text needs quotes" in problems(f"[hyperparameters]\n{line}\n")[0].remedy
    else:
        assert request(f"[hyperparameters]\n{line}\n") == {"HyperParameters": {"x": text}}


@pytest.mark.parametrize(
    ("value", "hint"),
    [("[3, 224, 224]", '"3,224,224"'), ("{a = 1}", "needs quotes"), ("2018-10-21", '"2018-10-21"')],
)
def test_a_hyperparameter_of_no_one_spelling_is_told_the_way_out(value: str, hint: str) -> None:
    assert hint in problems(f"[hyperparameters]\nx = {value}\n")[0].remedy


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ('"24h"', 86400),
        ('"90m"', 5400),
        ('"1h30m"', 5400),
        ('"2d"', 172800),
        ('"45s"', 45),
        ("3600", 3600),
        ('"7200"', 7200),
    ],
)
def test_durations(written: str, seconds: int) -> None:
    assert request(f"[limits]\nmax_runtime = {written}") == {"StoppingCondition": {"MaxRuntimeInSeconds": seconds}}


@pytest.mark.parametrize("written", ['"soon"', '""', '"1.5h"', "1.5", "true", '"30m1h"'])
def test_what_is_no_duration_is_told(written: str) -> None:
    assert "expected a duration" in problems(f"[limits]\nmax_runtime = {written}")[0].text


def test_every_short_key_stands_for_its_member() -> None:
    text = """
[job]
name = "birds"
role = "birds-role"
unique_name = false
tags = { owner = "me", "cost.center" = 7 }
environment = { LOG = "debug", N = 1 }
[algorithm]
image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/own:1"
input_mode = "Pipe"
metrics = { "train:loss" = 'loss=(\\S+)' }
[resources]
instance_type = "ml.g5.xlarge"
instance_count = 2
volume_gb = 5
volume_kms_key = "alias/birds"
keep_alive = "30m"
[limits]
max_runtime = "1h"
max_wait = "2h"
spot = true
[channels."a.b"]
s3_uri = "s3://birds/a"
s3_data_type = "AugmentedManifestFile"
distribution = "ShardedByS3Key"
content_type = "application/x-image"
compression = "Gzip"
record_wrapper = "RecordIO"
input_mode = "FastFile"
attribute_names = ["source-ref", "class"]
shuffle_seed = 7
[output]
s3_uri = "s3://birds/out"
kms_key = "alias/out"
compression = "NONE"
[network]
subnets = ["subnet-1"]
security_groups = ["sg-1", "sg-2"]
isolation = true
encrypt_traffic = false
[checkpoints]
s3_uri = "s3://birds/checkpoints"
local_path = "/opt/ml/checkpoints"
[request]
RetryStrategy = { MaximumRetryAttempts = 3 }
"""
    assert parse(text, "birds.toml") == JobSpec(
        {
            "TrainingJobName": "birds",
            "RoleArn": "birds-role",
            "Tags": [{"Key": "owner", "Value": "me"}, {"Key": "cost.center", "Value": "7"}],
            "Environment": {"LOG": "debug", "N": "1"},
            "AlgorithmSpecification": {
                "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/own:1",
                "TrainingInputMode": "Pipe",
                "MetricDefinitions": [{"Name": "train:loss", "Regex": r"loss=(\S+)"}],
            },
            "ResourceConfig": {
                "InstanceType": "ml.g5.xlarge",
                "InstanceCount": 2,
                "VolumeSizeInGB": 5,
                "VolumeKmsKeyId": "alias/birds",
                "KeepAlivePeriodInSeconds": 1800,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
            "EnableManagedSpotTraining": True,
            "InputDataConfig": [
                {
                    "ChannelName": "a.b",
                    "DataSource": {
                        "S3DataSource": {
                            "S3Uri": "s3://birds/a",
                            "S3DataType": "AugmentedManifestFile",
                            "S3DataDistributionType": "ShardedByS3Key",
                            "AttributeNames": ["source-ref", "class"],
                        }
                    },
                    "ContentType": "application/x-image",
                    "CompressionType": "Gzip",
                    "RecordWrapperType": "RecordIO",
                    "InputMode": "FastFile",
                    "ShuffleConfig": {"Seed": 7},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://birds/out", "KmsKeyId": "alias/out", "CompressionType": "NONE"},
            "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1", "sg-2"]},
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": False,
            "CheckpointConfig": {"S3Uri": "s3://birds/checkpoints", "LocalPath": "/opt/ml/checkpoints"},
            "RetryStrategy": {"MaximumRetryAttempts": 3},
        },
        unique_name=False,
    )


def test_every_table_takes_the_services_own_names() -> None:
    text = """
[job]
TrainingJobName = "birds"
[algorithm]
TrainingInputMode = "File"
ContainerEntrypoint = ["python3"]
[limits]
MaxPendingTimeInSeconds = 7200
EnableManagedSpotTraining = false
[channels.train.DataSource.FileSystemDataSource]
FileSystemId = "fs-01234567"
FileSystemType = "FSxLustre"
[[resources.InstanceGroups]]
InstanceType = "ml.c5.xlarge"
InstanceCount = 2
"""
    assert request(text) == {
        "TrainingJobName": "birds",
        "AlgorithmSpecification": {"TrainingInputMode": "File", "ContainerEntrypoint": ["python3"]},
        "StoppingCondition": {"MaxPendingTimeInSeconds": 7200},
        "EnableManagedSpotTraining": False,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"FileSystemDataSource": {"FileSystemId": "fs-01234567", "FileSystemType": "FSxLustre"}},
            }
        ],
        "ResourceConfig": {"InstanceGroups": [{"InstanceType": "ml.c5.xlarge", "InstanceCount": 2}]},
    }


def test_what_is_not_written_is_not_sent() -> None:
    assert request('[job]\nname = "birds"\n[network]\n[resources]\n[hyperparameters]\n') == {"TrainingJobName": "birds"}


def test_an_explicit_false_is_sent() -> None:
    assert request("[network]\nisolation = false") == {"EnableNetworkIsolation": False}


def test_a_prefix_and_file_mode_are_meant_where_the_short_form_says_nothing_else() -> None:
    text = '[algorithm]\nimage = "x"\n[channels.train]\ns3_uri = "s3://birds/"'
    assert request(text) == {
        "AlgorithmSpecification": {"TrainingImage": "x", "TrainingInputMode": "File"},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://birds/"}}}
        ],
    }


@pytest.mark.parametrize(
    "text",
    [
        '[job]\nname = "a"\nTrainingJobName = "b"',
        '[job]\nname = "a"\n[request]\nTrainingJobName = "b"',
        "[network]\nisolation = true\n[request]\nEnableNetworkIsolation = true",
        '[output]\ns3_uri = "s3://a"\n[request.OutputDataConfig]\nS3OutputPath = "s3://b"',
        '[channels.a]\ns3_uri = "s3://a"\n[channels.a.DataSource.S3DataSource]\nS3Uri = "s3://a"',
        '[channels.a]\ns3_uri = "s3://a"\n[request]\nInputDataConfig = []',
        '[job]\ntags = {a = "b"}\n[request]\nTags = []',
        "[hyperparameters]\nepochs = 1\n[request.HyperParameters]\nepochs = '1'",
    ],
)
def test_the_same_member_twice_is_a_fault(text: str) -> None:
    (problem,) = problems(text)
    assert problem.text.startswith("says again what")


def test_two_tables_may_share_a_structure() -> None:
    text = "[output]\ns3_uri = 's3://a'\n[request.OutputDataConfig]\nKmsKeyId = 'k'"
    assert request(text) == {"OutputDataConfig": {"S3OutputPath": "s3://a", "KmsKeyId": "k"}}


def test_every_fault_is_told_with_its_place() -> None:
    text = """\
[job]
nmae = "birds"
role = 5
[resource]
instance_count = 1
[resources]
instance_count = "1"
volume_gb = 50.0
[limits]
spot = "true"
[request]
InstanceType = "ml.p3.2xlarge"
EnableNetworkIsolatoin = true
"""
    assert [str(problem) for problem in problems(text)] == [
        'birds.toml:2:1: job.nmae: unknown key "nmae"; did you mean "name"?',
        'birds.toml:3:1: job.role: expected text in quotes, found the number 5; write role = "5"',
        "birds.toml:4:2: resource: unknown table [resource]; did you mean [resources]?",
        'birds.toml:7:1: resources.instance_count: expected a whole number, found the text "1"; '
        "write instance_count = 1, without quotes",
        "birds.toml:8:1: resources.volume_gb: expected a whole number, found the number 50.0",
        'birds.toml:10:1: limits.spot: expected true or false, found the text "true"; '
        "write spot = true, without quotes",
        'birds.toml:12:1: request.InstanceType: unknown key "InstanceType"; it belongs in [resources]',
        'birds.toml:13:1: request.EnableNetworkIsolatoin: unknown key "EnableNetworkIsolatoin"; '
        'did you mean "EnableNetworkIsolation"?',
    ]


def test_a_fault_deep_in_a_list_is_placed() -> None:
    text = "[resources]\nInstanceGroups = [\n  { InstanceType = 'ml.c5.xlarge',\n    InstanceCuont = 1 },\n]\n"
    (problem,) = problems(text)
    assert (problem.line, problem.column, problem.field) == (4, 5, "resources.InstanceGroups.0.InstanceCuont")


def test_a_key_without_a_table_is_told_where_it_belongs() -> None:
    assert "[hyperparameters]" in problems("hyperparameter = 1")[0].remedy
    assert problems("instance_type = 'ml.p3.2xlarge'")[0].remedy == "it belongs in [resources]"


def test_several_faults_of_syntax_are_told_at_once() -> None:
    text = (
        '[job]\nname = birds\nrole = "auto\n[limits]\nmax_runtime = 24h\n[hyperparameters]\nepochs: 25\nepoch = [1]\n'
    )
    assert [(one.line, one.column) for one in problems(text)] == [(2, 8), (3, 13), (5, 17), (7, 7), (8, 1)]


def test_a_key_given_twice_is_told_with_its_first_place() -> None:
    (problem,) = problems("[hyperparameters]\nepochs = 1\ntop_k = 2\nepochs = 3\n")
    assert (problem.line, problem.column, problem.text) == (4, 1, "is given twice, first in line 2")


def test_a_table_given_twice_is_told() -> None:
    (problem,) = problems('[job]\nname = "a"\n[output]\ns3_uri = "s3://a/"\n[job]\nrole = "auto"\n')
    assert (problem.line, problem.field) == (5, "job")


def test_an_open_bracket_ends_the_reading() -> None:
    (problem,) = problems("[network]\nsubnets = ['a',\nisolation = true\n")
    assert "missing" in problem.remedy


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "\ufeff"])
def test_an_empty_file_is_no_job(text: str) -> None:
    assert problems(text)[0].text == "the file holds no job"


def test_json_is_known_for_what_it_is() -> None:
    assert "--convert" in problems('{"TrainingJobName": "birds"}')[0].remedy


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter() -> None:
    assert parse("\ufeff[job]\r\nname = 'birds'\r\n", "birds.toml").name == "birds"


def test_places_are_right_with_windows_line_ends() -> None:
    (problem,) = problems("\ufeff[job]\r\nname = 'birds'\r\nnmae = 1\r\n")
    assert (problem.line, problem.column) == (3, 1)


def test_a_number_of_thousands_of_digits_is_a_fault_and_no_crash() -> None:
    assert "not readable" in problems(f"[hyperparameters]\nx = {'9' * 5000}")[0].text


def test_brackets_within_brackets_are_a_fault_and_no_crash() -> None:
    assert problems(f"[hyperparameters]\nx = {'[' * 5000}{']' * 5000}")


class TestFiles:
    def told(self, path: Path) -> Problem:
        with pytest.raises(SpecFileError) as failed:
            read(path)
        (problem,) = failed.value.problems
        return problem

    def test_no_such_file_names_the_nearest(self, tmp_path: Path) -> None:
        (tmp_path / "sample.toml").write_text("")
        problem = self.told(tmp_path / "smaple.toml")
        assert problem.text == "there is no such file"
        assert "sample.toml" in problem.remedy

    def test_a_directory(self, tmp_path: Path) -> None:
        assert "directory" in self.told(tmp_path).text

    def test_bytes_that_are_no_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.toml"
        path.write_bytes("[job]\nname = 'vögel'\n".encode("latin-1"))
        problem = self.told(path)
        assert (problem.line, problem.column, problem.text) == (2, 10, "byte 0xf6 is not UTF-8")

    def test_utf_16(self, tmp_path: Path) -> None:
        path = tmp_path / "birds.toml"
        path.write_text("[job]\n", encoding="utf-16")
        assert "UTF-16" in self.told(path).text


class TestOverrides:
    FILE = """\
[job]
name = "birds"
tags = { a = "1", b = "2" }
[algorithm]
name = "image-classification"
[hyperparameters]
epochs = 25
[limits]
MaxRuntimeInSeconds = 60
[channels."a.b"]
s3_uri = "s3://birds/a/"
[request]
EnableNetworkIsolation = false
"""

    @pytest.mark.parametrize(
        ("override", "member", "value"),
        [
            ("hyperparameters.epochs=50", "HyperParameters", {"epochs": "50"}),
            ("hyperparameters.eps=1e-8", "HyperParameters", {"epochs": "25", "eps": "1e-8"}),
            ("hyperparameters.x=a=b", "HyperParameters", {"epochs": "25", "x": "a=b"}),
            ("hyperparameters.x=", "HyperParameters", {"epochs": "25", "x": ""}),
            ("hyperparameters.x=2018-10-21", "HyperParameters", {"epochs": "25", "x": "2018-10-21"}),
            ("hyperparameters.x=5 # five", "HyperParameters", {"epochs": "25", "x": "5 # five"}),
            ('hyperparameters.x="5"', "HyperParameters", {"epochs": "25", "x": "5"}),
            ("job.name=birds2", "TrainingJobName", "birds2"),
            ("job.name=2018", "TrainingJobName", "2018"),
            ("limits.max_runtime=2h", "StoppingCondition", {"MaxRuntimeInSeconds": 7200}),
            ("network.isolation=true", "EnableNetworkIsolation", True),
            ("request.EnableNetworkIsolation=true", "EnableNetworkIsolation", True),
            ("job.tags.b=3", "Tags", [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]),
            ('network.subnets=["s-1"]', "VpcConfig", {"Subnets": ["s-1"]}),
            ("request.RetryStrategy.MaximumRetryAttempts=2", "RetryStrategy", {"MaximumRetryAttempts": 2}),
        ],
    )
    def test_a_value_takes_the_place_of_the_files(self, override: str, member: str, value: object) -> None:
        assert request(self.FILE, override)[member] == value

    def test_a_quoted_name(self) -> None:
        spec = parse(self.FILE, "birds.toml", ['channels."a.b".s3_uri=s3://x/'])
        assert [(one.name, one.s3_uri) for one in spec.channels] == [("a.b", "s3://x/")]

    def test_a_new_channel(self) -> None:
        spec = parse(self.FILE, "birds.toml", ["channels.validation.s3_uri=s3://x/"])
        assert [(one.name, one.s3_data_type) for one in spec.channels] == [
            ("a.b", "S3Prefix"),
            ("validation", "S3Prefix"),
        ]

    def test_the_later_one_wins(self) -> None:
        assert parse(self.FILE, "birds.toml", ["job.name=a", "job.name=b"]).name == "b"

    def test_an_image_takes_the_place_of_an_algorithm(self) -> None:
        spec = parse(self.FILE, "birds.toml", ["algorithm.image=own:1"])
        assert (spec.algorithm, spec.image) == (None, "own:1")

    def test_an_algorithm_takes_the_place_of_an_image(self) -> None:
        spec = parse('[algorithm]\nimage = "own:1"\n', "birds.toml", ["algorithm.name=xgboost", "algorithm.version=1"])
        assert (spec.algorithm, spec.algorithm_version, spec.image) == ("xgboost", "1", None)

    def test_a_bare_list_of_channels_is_changed_by_name(self) -> None:
        text = "[[request.InputDataConfig]]\nChannelName = 'train'\nDataSource.S3DataSource.S3Uri = 's3://a/'\n"
        spec = parse(text, "birds.toml", ["channels.train.s3_uri=s3://b/"])
        assert [(one.name, one.s3_uri) for one in spec.channels] == [("train", "s3://b/")]

    def test_all_faults_are_told_at_once_and_name_the_override(self) -> None:
        found = problems(self.FILE, "epochs=5", "nothing", "resources.instance_count=two", "hyperparameters.x=[1]")
        assert [problem.file for problem in found] == [
            "--set epochs=5",
            "--set nothing",
            "--set resources.instance_count=two",
            "--set hyperparameters.x=[1]",
        ]
        assert found[2].text == 'expected a whole number, found the text "two"'


class TestRewriting:
    def test_the_same_job_leaves_the_text_alone(self) -> None:
        text = SAMPLE.read_text()
        assert rewrite(text, read(SAMPLE)) == text

    def test_one_value_changes_one_line(self) -> None:
        text = SAMPLE.read_text()
        spec = parse(text, "sample.toml", ["hyperparameters.epochs=50"])
        assert rewrite(text, spec) == text.replace("epochs = 25 ", "epochs = 50 ")

    def test_a_new_key_goes_to_the_end_of_its_table(self) -> None:
        text = '[job]\nname = "a"  # mine\n\n# where it goes\n[output]\ns3_uri = "s3://a/"\n'
        spec = parse(text, "a.toml", ["job.role=auto"])
        assert rewrite(text, spec) == text.replace("# mine\n", '# mine\nrole = "auto"\n')

    def test_a_new_channel_goes_behind_the_others_and_before_the_next_comment(self) -> None:
        text = '[channels.train]\ns3_uri = "s3://a/"\n\n# where it goes\n[output]\ns3_uri = "s3://a/"\n'
        spec = parse(text, "a.toml", ["channels.validation.s3_uri=s3://b/"])
        assert rewrite(text, spec) == text.replace(
            '"s3://a/"\n\n#',
            '"s3://a/"\n\n[channels.validation]\ns3_uri = "s3://b/"\ns3_data_type = "S3Prefix"\n\n#',
        )

    def test_channels_change_places_with_their_comments(self) -> None:
        text = '# first\n[channels.a]\ns3_uri = "s3://a/"\n\n# second\n[channels.b]\ns3_uri = "s3://b/"\n'
        spec = parse(text, "a.toml")
        turned = spec.with_members(InputDataConfig=list(reversed(spec.request["InputDataConfig"])))
        changed = rewrite(text, turned)
        assert parse(changed, "a.toml") == turned
        assert changed.index("# second") < changed.index("channels.b") < changed.index("# first")

    def test_the_authors_spelling_of_a_key_is_kept(self) -> None:
        text = "[limits]\nMaxRuntimeInSeconds = 60 # a minute\n"
        spec = parse(text, "a.toml", ["limits.max_runtime=2h"])
        assert rewrite(text, spec) == "[limits]\nMaxRuntimeInSeconds = 7200 # a minute\n"

    def test_one_tag_of_a_table_changes_alone(self) -> None:
        text = '[job.tags]\na = "1" # one\nb = "2" # two\n'
        assert rewrite(text, parse(text, "a.toml", ["job.tags.b=3"])) == text.replace('"2"', '"3"')

    def test_dotted_keys_stay_dotted(self) -> None:
        text = 'job.name = "a"\njob.role = "auto"\n[output]\ns3_uri = "s3://a/"\n'
        changed = rewrite(text, parse(text, "a.toml", ["job.unique_name=false"]))
        assert changed == text.replace("[output]", "job.unique_name = false\n[output]")

    def test_a_value_in_an_inline_table_is_changed_there(self) -> None:
        text = 'output = { s3_uri = "s3://a/" } # here\n'
        changed = rewrite(text, parse(text, "a.toml", ["output.s3_uri=s3://b/"]))
        assert changed == 'output = {s3_uri = "s3://b/"} # here\n'

    def test_windows_line_ends_stay(self) -> None:
        text = '\ufeff[job]\r\nname = "a"\r\n'
        assert (
            rewrite(text, parse(text, "a.toml", ["job.role=auto"])) == '\ufeff[job]\r\nname = "a"\r\nrole = "auto"\r\n'
        )


class TestWriting:
    def test_numbers_are_plain_only_where_they_print_identically(self) -> None:
        values = {"a": "25", "b": "0.1", "c": "1e-8", "d": "0.10", "e": "007", "f": "true", "g": "nan", "h": "-3"}
        text = write(JobSpec({"HyperParameters": values}))
        assert text.splitlines()[1:] == [
            "a = 25",
            "b = 0.1",
            'c = "1e-8"',
            'd = "0.10"',
            'e = "007"',
            'f = "true"',
            'g = "nan"',
            "h = -3",
        ]

    def test_an_exact_name_is_said_to_be_exact(self) -> None:
        assert "unique_name = false" in write(JobSpec({"TrainingJobName": "birds"}, unique_name=False))

    def test_two_channels_of_one_name_survive(self) -> None:
        spec = JobSpec({"InputDataConfig": [channel("train"), channel("train")]})
        assert parse(write(spec), "a.toml") == spec

    def test_comments_stand_at_the_top(self) -> None:
        assert write(JobSpec({"RoleArn": "auto"}), ["from birds-1"]).startswith("# from birds-1\n")

    def test_a_comment_is_one_line_whatever_is_in_it(self) -> None:
        assert write(JobSpec({"RoleArn": "auto"}), ["a\nb\x00"]).startswith("# a b\n")

    def test_a_missing_data_type_stays_missing(self) -> None:
        entry = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://a/"}}}
        spec = JobSpec({"InputDataConfig": [entry], "AlgorithmSpecification": {"TrainingImage": "own:1"}})
        assert parse(write(spec), "a.toml") == spec
