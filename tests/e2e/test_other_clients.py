"""Two more independent judges: SageMaker's own SDK core runs a job, awslogs reads its log.

They run as programs of their own, told of the engine only by what `birdtui --local --env` prints.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from birdtui.spec.images import image_uri

GROUP = "/aws/sagemaker/TrainingJobs"
# The SDK's own way to train: create, wait, look. A short poll, for this is not AWS.
TRAIN = """
import sys
from sagemaker.core.resources import TrainingJob
from sagemaker.core.shapes import (
    AlgorithmSpecification, Channel, DataSource, OutputDataConfig, ResourceConfig, S3DataSource, StoppingCondition,
)

def channel(name):
    uri = f"s3://birdtui-sample/{name}/"
    source = S3DataSource(s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated")
    data = DataSource(s3_data_source=source)
    return Channel(channel_name=name, data_source=data, content_type="application/x-recordio")

name, role, image = sys.argv[1:]
job = TrainingJob.create(
    training_job_name=name,
    role_arn=role,
    algorithm_specification=AlgorithmSpecification(training_image=image, training_input_mode="File"),
    hyper_parameters={"num_classes": "4", "num_training_samples": "322", "epochs": "2", "mini_batch_size": "24"},
    input_data_config=[channel("train"), channel("validation")],
    output_data_config=OutputDataConfig(s3_output_path="s3://birdtui-sample/"),
    resource_config=ResourceConfig(instance_type="ml.p3.2xlarge", instance_count=1, volume_size_in_gb=50),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
)
job.wait(poll=1)
print(job.training_job_status, job.model_artifacts.s3_model_artifacts)
print([found.training_job_name for found in TrainingJob.get_all(name_contains=name)])
"""


def test_the_sdk_trains_a_model(client: Callable[..., Any], engine_environment: dict[str, str]) -> None:
    role = client("iam").list_roles(PathPrefix="/service-role/")["Roles"][0]["Arn"]
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, "sdk-trains", role, image_uri("image-classification", "us-east-1")],
        env=engine_environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Completed s3://birdtui-sample/sdk-trains/output/model.tar.gz" in done.stdout
    assert "['sdk-trains']" in done.stdout


def test_awslogs_reads_a_jobs_log(
    client: Callable[..., Any],
    lab_request: Callable[..., dict[str, Any]],
    ended: Callable[[str], None],
    engine_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    client("sagemaker").create_training_job(**lab_request("awslogs-reads", epochs="2", checkpoint_frequency="2"))
    ended("awslogs-reads")
    program = "from awslogs.bin import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "get", GROUP, "awslogs-reads.*", "--no-color", "--start", "10m"],
        env=engine_environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "Validation-accuracy" in line]
    assert len(lines) == 2
    assert all(line.startswith(f"{GROUP} awslogs-reads/algo-1-") for line in lines)
