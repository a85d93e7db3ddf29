"""A designed state instead of content: loading, empty, no credentials, no network, refused. Each says what to press."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.content import Content
from textual.widgets import Static

from birdtui.aws.errors import CREDENTIALS, UNREACHABLE, AwsProblem
from birdtui.spec.plain_text import plain


class Notice(Vertical):
    """A title, what it means, and the way out, in the middle of its room."""

    DEFAULT_CSS = """
    Notice { align: center middle; height: 1fr; padding: 1 2; background: $surface; }
    Notice Static { width: auto; max-width: 100%; height: auto; }
    Notice Center { height: auto; }
    Notice #notice-title { text-style: bold; margin-bottom: 1; }
    Notice #notice-way { margin-top: 1; color: $text-muted; }
    """

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Three texts."""
        for part, words in (("title", self._title), ("text", ""), ("way", "")):
            with Center():
                yield Static(Content(words), id=f"notice-{part}")

    def say(self, title: str, text: str = "", way: str = "") -> None:
        """Show a state."""
        for part, words in (("title", title), ("text", text), ("way", way)):
            self.query_one(f"#notice-{part}", Static).update(Content(plain(words)))

    def say_problem(self, problem: AwsProblem) -> None:
        """Show why AWS did not answer, and the way out."""
        title = problem_title(problem)
        advice = "\n".join(dict.fromkeys(each.text for each in problem.advice))
        self.say(
            title, plain(problem.message), f"{advice}\n\nr tries again · ^r another profile or region · q quits".strip()
        )


def problem_title(problem: AwsProblem) -> str:
    """A problem in two or three words."""
    code = problem.code
    titles = (
        (problem.expired, "Credentials have expired"),
        (code == "NoRegionError", "No region is set"),
        (problem.exit_code == CREDENTIALS, "No usable credentials"),
        (code == "EngineUnavailable", "The local engine does not run"),
        (problem.exit_code == UNREACHABLE, "AWS cannot be reached"),
        (any(word in code for word in ("AccessDenied", "NotAuthorized", "Forbidden")), "Access denied"),
        (problem.throttled, "AWS asks to slow down"),
    )
    return next((title for holds, title in titles if holds), f"AWS refused: {code}")
