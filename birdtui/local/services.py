"""Every service of the engine on one store, and what a new engine holds: a role, a bucket, the bird images."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from birdtui.local import iam, logs, quotas, s3, sagemaker
from birdtui.local.awsjson import JsonService
from birdtui.local.awsquery import QueryService
from birdtui.local.control import ControlService
from birdtui.local.gateway import Routes
from birdtui.local.service import HttpRequest, HttpResponse, Operation, Request
from birdtui.local.store import Store

SAMPLE_BUCKET = "birdtui-sample"
TRAIN_KEY = "train/birds_train.rec"
VALIDATION_KEY = "validation/birds_validation.rec"
FIRST_USE_SECONDS = 60.0

_SCHEMA = "CREATE TABLE IF NOT EXISTS engine_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
_SAMPLES = "samples"

log = logging.getLogger(__name__)


class Services:
    """The services, made in the order in which they need one another."""

    def __init__(self, directory: Path) -> None:
        """Opens the state under `directory`; jobs that an earlier engine left running are ended as failed."""
        schemas = [module.SCHEMA for module in (iam, quotas, s3, logs, sagemaker)]
        self.store = Store(directory, [_SCHEMA, *schemas])
        self.iam = iam.IamService(self.store)
        self.quotas = quotas.QuotaService(self.store, configured_quotas)
        self.s3 = s3.S3Service(self.store)
        self.logs = logs.LogsService(self.store)
        self.jobs = sagemaker.TrainingJobService(self.store, self.s3, self.logs, self.iam, self.quotas)
        self._furnished = threading.Event()
        self.jobs.recover()
        self.iam.ensure_role()

    def routes(self, control: ControlService) -> Routes:
        """The way to each service, by its name in a credential scope."""
        return Routes(
            iam=self.iam,
            json={
                "sagemaker": JsonService("sagemaker", "SageMaker", self._after_first_use(self.jobs.operations)),
                "logs": JsonService("logs", "CloudWatch Logs", self.logs.operations),
                "servicequotas": JsonService("service-quotas", "Service Quotas", self.quotas.operations),
                "birdtui": control,
            },
            query={
                "iam": QueryService("iam", "IAM", self.iam.operations),
                "sts": QueryService("sts", "STS", self.iam.sts_operations),
            },
            s3=_ObjectsAfterFirstUse(self.s3, self._furnished),
        )

    def furnish(self) -> None:
        """Makes the sample bucket and its records where no engine of this directory has yet; takes a moment.

        A bucket that the user deleted later stays deleted. S3 and SageMaker calls wait until this has ended.
        """
        try:
            if self.fact(_SAMPLES) is None:
                from birdtui.local import samples

                self.s3.create_bucket(SAMPLE_BUCKET)
                self.s3.put_bytes(SAMPLE_BUCKET, TRAIN_KEY, samples.train_records())
                self.s3.put_bytes(SAMPLE_BUCKET, VALIDATION_KEY, samples.validation_records())
                with self.store.writing() as connection:
                    connection.execute("INSERT INTO engine_facts VALUES (?, ?)", (_SAMPLES, SAMPLE_BUCKET))
        except Exception:
            log.exception("the sample images could not be made")
        finally:
            self._furnished.set()

    def fact(self, name: str) -> str | None:
        """Something the engine noted about itself."""
        row = self.store.reading().execute("SELECT value FROM engine_facts WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def close(self) -> None:
        """Ends what runs and closes the store; nothing may be asked, and `furnish` not be at work, any more."""
        self.jobs.close()
        self.store.close()

    def _after_first_use(self, operations: Mapping[str, Operation]) -> Mapping[str, Operation]:
        def waiting(operation: Operation) -> Operation:
            def call(request: Request) -> Mapping[str, object]:
                self._furnished.wait(FIRST_USE_SECONDS)
                return operation(request)

            return call

        return {name: waiting(operation) for name, operation in operations.items()}


class _ObjectsAfterFirstUse:
    """S3, once the sample bucket stands: a client that comes first must not find it empty."""

    def __init__(self, service: s3.S3Service, furnished: threading.Event) -> None:
        self._service, self._furnished = service, furnished

    def handle(self, request: HttpRequest, /) -> HttpResponse:
        self._furnished.wait(FIRST_USE_SECONDS)
        return self._service.handle(request)


def configured_quotas() -> Mapping[str, float]:
    """The user's own quotas, read from the settings file at each use; none where it cannot be read."""
    from birdtui import settings

    try:
        return settings.load().quotas
    except settings.SettingsError as error:
        log.warning("quotas of the settings file are not used: %s", error)
        return {}
