"""What can be done with a job from any screen: open, clone, stop, compare, copy, download, show in the web console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.content import Content
from textual.message import Message

from birdtui.spec.plain_text import plain
from birdtui.ui import background
from birdtui.ui.backend import Backend


@dataclass
class Did(Message):
    """Something asked for is done: `text` says what."""

    title: str
    text: str


class JobActions(App[int]):
    """The part of the app that acts on jobs; each action asks first where it cannot be taken back."""

    backend: Backend
    read_only: bool

    def open_job(self, name: str) -> None:
        """Show one training job."""
        from birdtui.ui.screens.job import JobScreen

        self.push_screen(JobScreen(name))

    def compare_jobs(self, names: Sequence[str]) -> None:
        """Show several jobs side by side."""
        from birdtui.ui.screens.compare import CompareScreen

        self.push_screen(CompareScreen(names))

    def stop_job(self, name: str) -> None:
        """Stop a job, after asking."""
        if self.read_only:
            return
        from birdtui.ui.screens.confirm import ConfirmScreen

        body = Content(
            f"Stop {plain(name)}?\n\nIt gets up to two minutes to end in order. What it has stored in its model folder "
            "so far is uploaded as the artifact; where it stored nothing, there will be none. A stopped job cannot go "
            "on; it can be cloned."
        )

        def answered(yes: bool | None) -> None:
            if yes:
                background.start(self, lambda: self._stop(name), what="stop job")

        self.push_screen(ConfirmScreen("Stop the job", body, yes="Stop it"), answered)

    def _stop(self, name: str) -> Message:
        self.backend.training_jobs().stop(name)
        return Did("Stop", f"{name} is being stopped")

    def copy(self, what: str, text: str) -> None:
        """Copy a text and say so."""
        if not text:
            self.notify(f"There is no {what} yet.", title="Copy")
            return
        self.copy_to_clipboard(text)
        self.notify(plain(text), title=f"{what} copied", markup=False)

    def copy_artifact(self, description: Mapping[str, Any]) -> None:
        """Copy the artifact's URI."""
        self.copy("artifact", artifact(description))

    def copy_command(self, description: Mapping[str, Any]) -> None:
        """Copy the aws command that creates a job like this."""
        if not description:
            return
        from birdtui.spec.clone import clone
        from birdtui.spec.convert import to_aws_command

        spec, _ = clone(description)[:2]
        self.copy("aws command", to_aws_command(spec))

    def download_artifact(self, description: Mapping[str, Any]) -> None:
        """Download the artifact to a file that is asked for, with a progress bar."""
        uri = artifact(description)
        if not uri:
            self.notify("There is no artifact yet.", title="Download")
            return
        from birdtui.ui.screens.ask_path import AskPathScreen
        from birdtui.ui.screens.download import DownloadScreen

        name = str(description.get("TrainingJobName", "model"))

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.push_screen(DownloadScreen(uri, path))

        self.push_screen(AskPathScreen("Download the artifact to", Path(f"{name}-model.tar.gz")), chosen)

    def open_console(self, name: str) -> None:
        """Open the job in the AWS web console."""
        if self.backend.is_local:
            self.notify("The embedded engine has no web console.", title="Web console")
            return

        def work() -> Message:
            region = self.backend.session().region
            self.call_from_thread(self.open_url, console_url(region, name))
            return Did("Web console", console_url(region, name))

        background.start(self, work, what="open console")

    def on_did(self, event: Did) -> None:
        """Say that it is done."""
        self.notify(plain(event.text), title=event.title, markup=False)

    def on_failed(self, event: background.Failed) -> None:
        """Say what failed where no screen says it."""
        advice = " ".join(each.text for each in event.problem.advice)
        self.notify(plain(f"{event.problem.message} {advice}"), title=event.what, severity="error", markup=False)


def artifact(description: Mapping[str, Any]) -> str:
    """The S3 URI of a job's model artifact, empty while there is none."""
    return str((description.get("ModelArtifacts") or {}).get("S3ModelArtifacts") or "")


def console_url(region: str, name: str) -> str:
    """Where the web console shows a training job."""
    domain = "console.amazonaws.cn" if region.startswith("cn-") else "console.aws.amazon.com"
    if region.startswith("us-gov-"):
        domain = "console.amazonaws-us-gov.com"
    return f"https://{region}.{domain}/sagemaker/home?region={region}#/jobs/{name}"
