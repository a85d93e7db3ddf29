"""The editor: a new job, a clone, or a file: the form on the left, the checks and what changed on the right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from birdtui.aws.errors import AwsProblem
from birdtui.spec import toml_file
from birdtui.spec.findings import Finding, Level, has_errors
from birdtui.spec.job import JobSpec, unique_job_name
from birdtui.spec.plain_text import plain
from birdtui.spec.toml_problems import SpecFileError
from birdtui.ui import background, remote_choices
from birdtui.ui.commands import bindings
from birdtui.ui.editor_model import EditorModel
from birdtui.ui.editor_start import Opened, cloned, from_file, new_job
from birdtui.ui.form_fields import Choice
from birdtui.ui.live_checks import WHAT as LIVE
from birdtui.ui.live_checks import LiveChecks
from birdtui.ui.role_offer import WHAT as MAKE_ROLE
from birdtui.ui.role_offer import RoleOffer
from birdtui.ui.scope import CommandScope
from birdtui.ui.widgets.field_help import FieldHelp
from birdtui.ui.widgets.form_row import FormRow
from birdtui.ui.widgets.job_form import JobForm
from birdtui.ui.widgets.key_bar import KeyBar
from birdtui.ui.widgets.notice import Notice
from birdtui.ui.widgets.review import Review, confirmation
from birdtui.ui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from birdtui.ui.app import BirdApp

REVIEW_SECONDS = 0.1


class EditorScreen(RoleOffer, CommandScope, Screen[None]):
    """Edits one job. It creates once: a second create needs another editor."""

    COMMAND_SCOPE = "editor"
    # before the input's own: ^a, ^e, ^f and ^w edit text there
    BINDINGS: ClassVar[list[BindingType]] = [replace(each, priority=True) for each in bindings("editor")]
    DEFAULT_CSS = """
    EditorScreen Horizontal#editor-body { height: 1fr; }
    EditorScreen JobForm { width: 3fr; }
    EditorScreen Review { width: 2fr; border-left: solid $panel; }
    EditorScreen.-narrow Horizontal#editor-body { layout: vertical; }
    EditorScreen.-narrow JobForm { width: 100%; height: 2fr; }
    EditorScreen.-narrow Review { width: 100%; height: 1fr; border-left: none; }
    EditorScreen.-narrow Review VerticalScroll, EditorScreen.-narrow Review #review-title { display: none; }
    EditorScreen.-narrow Review.-has-keys { height: 4fr; }
    EditorScreen.-narrow Review.-has-keys VerticalScroll { display: block; }
    EditorScreen.-narrow Review.-has-keys #review-title { display: block; }
    """

    @dataclass
    class Ready(Message):
        """What to edit is here."""

        opened: Opened

    @dataclass
    class Created(Message):
        """The job was created."""

        name: str

    def __init__(self, title: str, load: Callable[[BirdApp], Opened]) -> None:
        super().__init__()
        self._title = title
        self._load = load
        self._opened: Opened | None = None
        self._model: EditorModel | None = None
        self._creating = False
        self._review_timer: Timer | None = None
        self._live: LiveChecks | None = None

    @classmethod
    def for_new_job(cls) -> EditorScreen:
        """An editor on a new job: the least that the service asks for, empty where only the author knows."""
        return cls("New job", lambda _app: Opened("New job", new_job()))

    @classmethod
    def for_file(cls, path: Path) -> EditorScreen:
        """An editor on a job file."""

        return cls(path.name, lambda _app: from_file(path))

    @classmethod
    def for_clone(cls, name: str) -> EditorScreen:
        """An editor on a clone of a job, at the field that its failure points to."""
        return cls(f"Clone of {name}", lambda app: cloned(app.backend.training_jobs(), name))

    @property
    def bird(self) -> BirdApp:
        """The app."""
        return cast("BirdApp", self.app)

    @property
    def model(self) -> EditorModel:
        """What is being edited."""
        if self._model is None:
            raise RuntimeError("nothing is open yet")
        return self._model

    def compose(self) -> ComposeResult:
        """Title, a notice until what to edit is here, keys."""
        yield TitleBar(self._title)
        yield Horizontal(id="editor-body")
        yield Notice()
        yield FieldHelp()
        yield KeyBar()

    def on_mount(self) -> None:
        """Load what to edit, away from the screen."""
        self.query_one("#editor-body").display = False
        self.query_one(Notice).say("Loading…")

        def work() -> Message:
            try:
                return self.Ready(self._load(self.bird))
            except SpecFileError as error:
                raise AwsProblem("InvalidSpec", str(error), exit_code=2) from None

        background.start(self, work, what="open")

    async def on_editor_screen_ready(self, event: Ready) -> None:
        """Show the form."""
        opened = event.opened
        self._opened = opened
        self._model = EditorModel(opened.spec, opened.source)
        self._live = LiveChecks(self, self.bird.backend.session)
        self._live.edited(opened.spec)
        self.query_one(Notice).display = False
        body = self.query_one("#editor-body")
        body.display = True
        await body.mount(JobForm(self._model), Review())
        self._review()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        form = self.query_one(JobForm)
        culprit = self._opened.culprit if self._opened else ""
        if culprit and form.go_to(culprit):
            self.notify(f"The failure points to {plain(culprit)}", title="Clone", markup=False)
        elif self.focused is None:  # whoever has gone somewhere already stays there
            form.go_to("job.name")

    def on_failed(self, event: background.Failed) -> None:
        """A refusal comes back to the field it names."""
        event.stop()
        problem = event.problem
        if event.what == "open":
            self.query_one(Notice).say("Cannot be opened", problem.message, "esc goes back")
            return
        if event.what == LIVE:
            if self._live is not None:
                self._live.failed()
            return
        title = "Role not made" if event.what == MAKE_ROLE else "Not created"
        self._creating = False
        self.query_one(JobForm).disabled = False
        told = "\n".join(each.text for each in problem.advice)
        self.notify(plain(f"{problem.message}\n{told}"), title=title, severity="error", timeout=20, markup=False)
        for advice in problem.advice:
            if advice.field and self.query_one(JobForm).go_to(advice.field):
                break

    # review

    def on_job_form_edited(self, event: JobForm.Edited) -> None:
        """Review soon after the last change."""
        event.stop()
        if self._review_timer is not None:
            self._review_timer.stop()
        self._review_timer = self.set_timer(REVIEW_SECONDS, self._review)
        if self._live is not None:
            self._live.edited(self.model.spec)

    def on_live_checks_answered(self, event: LiveChecks.Answered) -> None:
        """Show what AWS says beside what the rules say."""
        event.stop()
        if self._live is not None:
            self._live.answered(event)
        self._review()

    def _findings(self) -> tuple[list[Finding], list[Finding]]:
        """What the form and the offline rules say, and what AWS says besides."""
        sure = [*self.query_one(JobForm).problems(), *self.model.findings()]
        said = {(each.field, each.text) for each in sure}
        live = self._live.findings(self.model.spec) if self._live is not None else []
        return sure, [each for each in live if (each.field, each.text) not in said]

    def _review(self) -> None:
        try:
            form, review = self.query_one(JobForm), self.query_one(Review)
        except NoMatches:
            return
        sure, live = self._findings()
        form.tell([*sure, *live])
        opened = self._opened
        notes, source = (opened.notes, opened.source_name) if opened else ((), "")
        review.show([*sure, *live], self.model.changes(), notes, source)
        review.say_waiting(self._live is not None and self._live.is_waiting(self.model.spec))
        changed = " ●" if self.model.is_changed else ""
        self.query_one(TitleBar).set_title(self._title + changed)

    def on_review_chosen(self, event: Review.Chosen) -> None:
        """Go to a finding's field."""
        event.stop()
        if event.field and not self.query_one(JobForm).go_to(event.field):
            way = "^a adds a channel" if event.field.startswith("channels") else "edit it in the file"
            self.notify(f"{plain(event.field)} has no field here; {way}", markup=False)

    def on_job_form_entered(self, event: JobForm.Entered) -> None:
        """Say what the field is about."""
        event.stop()
        self.query_one(FieldHelp).show(event.field)

    # choices

    def on_form_row_choice_wanted(self, event: FormRow.ChoiceWanted) -> None:
        """Open a field's choices."""
        event.stop()
        from birdtui.ui.screens.choose import ChooseScreen

        row = event.row

        def chosen(value: str | None) -> None:
            if value == remote_choices.NEW_ROLE and row.field.remote == "roles":
                self.plan_role(self.model.spec)
            elif value is not None:
                row.input.value = value
                row.input.focus()

        choices = list(row.field.choices()) if row.field.choices is not None else []
        if row.field.is_closed:
            choices = [*choices, Choice("", "leave it out")]
        backend, spot = self.bird.backend, self.model.spec.spot
        ask = {"roles": remote_choices.roles, "objects": remote_choices.objects}.get(row.field.remote)
        more = partial(ask, backend) if ask else None
        notes = partial(remote_choices.quota_notes, backend, spot=spot) if row.field.remote == "quotas" else None
        self.app.push_screen(
            ChooseScreen(row.field.label, row.input.value, choices, free=row.field.free, more=more, notes=notes), chosen
        )

    def take_role(self, arn: str) -> None:
        """Use a role that was made here."""
        self.query_one(JobForm).fill_in("job.role", arn)

    # commands

    def action_create(self) -> None:
        """Create the job, after one confirmation."""
        if self._model is None or self._creating or self.bird.read_only:
            return
        findings, live = self._findings()
        if has_errors(findings):
            first = next(each for each in findings if each.level is Level.ERROR)
            self.notify(plain(f"{first.field}: {first.text}"), title="Mend this first", severity="error", markup=False)
            self.query_one(JobForm).go_to(first.field)
            return
        from birdtui.ui.screens.confirm import ConfirmScreen

        spec = self.model.spec
        name = unique_job_name(spec.name, datetime.now(UTC)) if spec.unique_name else spec.name

        def answered(yes: bool | None) -> None:
            if yes and not self._creating:
                self._creating = True
                self.query_one(JobForm).disabled = True
                background.start(self, lambda: self._create(spec, name), what="create job")

        body = confirmation(spec, name, self.model, [*findings, *live])
        yes = "Create all the same" if has_errors(live) else "Create"
        self.app.push_screen(ConfirmScreen("Create the training job", body, yes=yes), answered)

    def _create(self, spec: JobSpec, name: str) -> Message:
        from birdtui.aws.requests import resolved

        backend = self.bird.backend
        backend.training_jobs().create(resolved(spec, backend.session(), name))
        return self.Created(name)

    def on_editor_screen_created(self, event: Created) -> None:
        """Watch the new job in place of the editor."""
        self.notify(plain(event.name), title="Created", markup=False)
        app = self.bird
        self.dismiss()
        app.open_job(event.name)

    def action_save(self) -> None:
        """Save as a TOML file, comments kept."""
        if self._model is None:
            return
        from birdtui.ui.screens.ask_path import AskPathScreen

        opened = self._opened
        proposal = opened.path if opened and opened.path else Path(f"{self.model.spec.name or 'job'}.toml")

        def chosen(path: Path | None) -> None:
            if path is None:
                return
            text = opened.text if opened else None
            spec = self.model.spec
            try:
                path.write_text(toml_file.rewrite(text, spec) if text else toml_file.write(spec), encoding="utf-8")
            except (OSError, SpecFileError) as error:
                self.notify(plain(str(error)), title="Not saved", severity="error", markup=False)
                return
            self.model.saved()
            self._review()
            self.notify(plain(str(path)), title="Saved", markup=False)

        self.app.push_screen(AskPathScreen("Save the job as", proposal), chosen)

    def action_undo(self) -> None:
        """Take the last change back."""
        self._travel(self.model.undo if self._model else None)

    def action_redo(self) -> None:
        """Do the change again."""
        self._travel(self.model.redo if self._model else None)

    def _travel(self, step: Callable[[], bool] | None) -> None:
        if step is None or not step():
            self.app.bell()
            return
        self.query_one(JobForm).show_values()
        self._review()

    def action_add_channel(self) -> None:
        """Add a channel, a copy of the first."""
        if self._model is not None:
            name = self.model.add_channel()
            self.query_one(JobForm).rebuild(f"channels.{name}.s3_uri")

    def action_find(self) -> None:
        """Go to a field by its name."""
        from birdtui.ui.screens.choose import ChooseScreen

        if self._model is None:
            return
        form = self.query_one(JobForm)
        choices = [Choice(row.field.path, row.field.label) for row in form.rows()]

        def chosen(path: str | None) -> None:
            if path:
                form.go_to(path)

        self.app.push_screen(ChooseScreen("Find a field", "", choices, free=False), chosen)

    def action_fill_in(self) -> None:
        """Fill in the value that a finding suggests: the marked one, or one on the field with the keys."""
        form = self.query(JobForm).first() if self._model is not None else None
        finding = self.query_one(Review).suggestion(form.current_field) if form else None
        if form is None or finding is None or not form.fill_in(finding.field, finding.suggestion):
            self.app.bell()

    def action_findings(self) -> None:
        """Go to the findings, and from there back to the field."""
        if self._model is None:
            return
        review = self.query_one(Review)
        if review.has_focus_within:
            self.query_one(JobForm).go_back()
        else:
            self.query_one("#review-findings").focus()

    def action_back(self) -> None:
        """Leave, after asking when something was changed and not saved."""
        if self._creating:
            self.notify("AWS has been asked to create the job; its answer is awaited", markup=False)
            return
        if self._model is None or not self.model.is_changed:
            self.dismiss()
            return
        from birdtui.ui.screens.confirm import ConfirmScreen

        body = Content("What you changed is not saved: ^w saves it as a TOML file. Leave all the same?")

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss()

        self.app.push_screen(ConfirmScreen("Leave the editor", body, yes="Leave"), answered)
