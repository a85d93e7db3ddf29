"""Every command of the screen, once: key bindings, palette, footer, help and the docs' key table are made from here.

A command's id is `scope.name`; the screen or widget with that `COMMAND_SCOPE` has the method `action_name` (hyphens as
underscores). Users give a command other keys in the settings file under `[keys]`, by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do: `keys` in Textual's names, with commas; `writes` hides it in read-only mode."""

    id: str
    keys: str
    title: str
    help: str
    footer: bool = False
    writes: bool = False
    shown_as: str = ""

    @property
    def scope(self) -> str:
        """The screen or widget it belongs to."""
        return self.id.partition(".")[0]

    @property
    def action(self) -> str:
        """The action's name on that screen or widget."""
        return self.id.partition(".")[2].replace("-", "_")


SCOPES = {
    "app": "Everywhere",
    "jobs": "Jobs",
    "job": "Job",
    "log": "Log",
    "chart": "Accuracy chart",
    "editor": "Editor",
    "compare": "Compare",
}
"""The scopes, as headings of help and docs, in their order."""

COMMANDS: tuple[Command, ...] = (
    Command("app.help", "question_mark", "Help", "Show every key of this screen.", footer=True, shown_as="?"),
    Command("app.new-job", "ctrl+n", "New job", "Open the editor on a new training job.", writes=True, shown_as="^n"),
    Command("app.open-file", "ctrl+o", "Open file", "Open a TOML job file in the editor.", shown_as="^o"),
    Command("app.connection", "ctrl+r", "Profile and region", "Switch to another profile or region.", shown_as="^r"),
    Command("app.theme", "ctrl+t", "Theme", "Choose a theme; it is remembered.", shown_as="^t"),
    Command("app.quit", "q,ctrl+q", "Quit", "Leave at once; jobs go on running.", footer=True, shown_as="q"),
    Command("jobs.open", "enter", "Open", "Open the job under the cursor.", footer=True),
    Command("jobs.clone", "c", "Clone", "Clone the job into the editor.", footer=True, writes=True),
    Command("jobs.stop", "x", "Stop", "Stop the job, after asking.", footer=True, writes=True),
    Command("jobs.filter", "slash", "Filter", "Filter by name and status as you type.", footer=True, shown_as="/"),
    Command("jobs.clear-filter", "escape", "Clear filter", "Show all jobs again."),
    Command("jobs.sort", "s", "Sort", "Sort by the next column."),
    Command("jobs.reverse", "S", "Reverse", "Turn the order round."),
    Command("jobs.mark", "space", "Mark", "Mark the job for comparing."),
    Command("jobs.compare", "v", "Compare", "Compare the marked jobs.", footer=True),
    Command("jobs.more", "L", "Load more", "Load the next page of older jobs."),
    Command("jobs.refresh", "r", "Refresh", "Ask AWS for the list now."),
    Command("jobs.copy-arn", "Y", "Copy ARN", "Copy the job's ARN."),
    Command("jobs.copy-artifact", "y", "Copy artifact URI", "Copy the S3 URI of the model artifact."),
    Command("jobs.console", "o", "Web console", "Open the job in the AWS web console."),
    Command("jobs.down", "j", "Down", "Move the cursor down."),
    Command("jobs.up", "k", "Up", "Move the cursor up."),
    Command("jobs.first", "g,home", "First", "Go to the first job."),
    Command("jobs.last", "G,end", "Last", "Go to the last job loaded."),
    Command("job.back", "escape", "Back", "Go back to the jobs.", footer=True, shown_as="esc"),
    Command("job.clone", "c", "Clone", "Clone this job into the editor.", footer=True, writes=True),
    Command("job.stop", "x", "Stop", "Stop this job, after asking.", footer=True, writes=True),
    Command("job.maximise", "z", "Maximise", "Give the panel the whole screen, or put it back.", footer=True),
    Command("job.panel-config", "1", "Configuration", "Go to the job configuration."),
    Command("job.panel-channels", "2", "Channels", "Go to the channels."),
    Command("job.panel-chart", "3", "Chart", "Go to the accuracy chart."),
    Command("job.panel-log", "4", "Log", "Go to the live log."),
    Command("job.copy-artifact", "y", "Copy artifact URI", "Copy the S3 URI of the model artifact."),
    Command("job.copy-arn", "Y", "Copy ARN", "Copy the job's ARN."),
    Command(
        "job.copy-command", "ctrl+y", "Copy aws command", "Copy the aws command that creates this job.", shown_as="^y"
    ),
    Command("job.download", "d", "Download artifact", "Download the model artifact to a folder."),
    Command("job.console", "o", "Web console", "Open the job in the AWS web console."),
    Command("log.follow", "f", "Follow", "Follow the newest lines, or stop following.", footer=True),
    Command("log.filter", "slash", "Filter", "Show only lines that match.", footer=True, shown_as="/"),
    Command("log.search", "ctrl+f", "Search", "Search without hiding lines.", shown_as="^f"),
    Command("log.next", "n", "Next match", "Go to the next match."),
    Command("log.previous", "N", "Previous match", "Go to the match before."),
    Command("log.context", "plus,equals_sign", "More context", "Show one more line around each match.", shown_as="+"),
    Command("log.less-context", "minus", "Less context", "Show one line less around each match.", shown_as="-"),
    Command("log.wrap", "w", "Wrap", "Wrap long lines.", footer=True),
    Command("log.time", "t", "Time", "Change the time shown: none, UTC, local."),
    Command("log.errors", "e", "Errors only", "Show only errors."),
    Command("log.accuracy", "a", "Accuracy only", "Show only Validation-accuracy lines."),
    Command("log.host", "h", "Host", "Show all instances, or the next one alone."),
    Command("log.copy", "Y", "Copy", "Copy the selected lines, or those in sight."),
    Command("log.save", "ctrl+s", "Save", "Save the lines to a file.", shown_as="^s"),
    Command("log.down", "j,down", "Down", "One line down."),
    Command("log.up", "k,up", "Up", "One line up."),
    Command("log.top", "g,home", "Top", "Go to the first line."),
    Command("log.bottom", "G,end", "Bottom", "Go to the last line and follow."),
    Command("log.page-down", "pagedown,ctrl+d", "Page down", "One page down."),
    Command("log.page-up", "pageup,ctrl+u", "Page up", "One page up."),
    Command("log.left", "left", "Left", "Scroll left."),
    Command("log.right", "right", "Right", "Scroll right."),
    Command("chart.series", "s", "Series", "Choose which series are drawn.", footer=True),
    Command("chart.smooth", "m", "Smooth", "Smooth the curves more, or not at all.", footer=True),
    Command("chart.zoom-in", "plus,equals_sign", "Zoom in", "Show fewer epochs.", footer=True, shown_as="+"),
    Command("chart.zoom-out", "minus", "Zoom out", "Show more epochs.", shown_as="-"),
    Command("chart.left", "left,h", "Cursor left", "Move the cursor one epoch back."),
    Command("chart.right", "right,l", "Cursor right", "Move the cursor one epoch on."),
    Command("chart.pan-left", "shift+left,H", "Pan left", "Move the window back."),
    Command("chart.pan-right", "shift+right,L", "Pan right", "Move the window on."),
    Command("chart.reset", "0", "Whole run", "Show the whole run again."),
    Command("chart.log-scale", "ctrl+l", "Log scale", "Draw on a logarithmic scale.", shown_as="^l"),
    Command("chart.host", "i", "Instance", "Show the mean, each instance, or one of them."),
    Command("chart.table", "e", "Epoch table", "Show a table of epochs beside the chart.", footer=True),
    Command(
        "editor.create",
        "ctrl+s",
        "Create",
        "Create the job, after one confirmation.",
        footer=True,
        writes=True,
        shown_as="^s",
    ),
    Command("editor.save", "ctrl+w", "Save as TOML", "Save as a TOML file, comments kept.", footer=True, shown_as="^w"),
    Command("editor.undo", "ctrl+z", "Undo", "Take the last change back.", footer=True, shown_as="^z"),
    Command("editor.redo", "ctrl+shift+z", "Redo", "Do the change again."),
    Command("editor.add-channel", "ctrl+a", "Add channel", "Add a channel, a copy of the first.", shown_as="^a"),
    Command("editor.find", "ctrl+f", "Find field", "Go to a field by its name.", shown_as="^f"),
    Command("editor.fill-in", "ctrl+g", "Fill in", "Fill in the value that a finding suggests.", shown_as="^g"),
    Command("editor.findings", "ctrl+e", "Findings", "Go to the findings.", shown_as="^e"),
    Command(
        "editor.back", "escape", "Back", "Leave the editor; asks if something changed.", footer=True, shown_as="esc"
    ),
    Command("compare.back", "escape", "Back", "Go back to the jobs.", footer=True, shown_as="esc"),
    Command("compare.metric", "m", "Metric", "Compare by the next metric.", footer=True),
    Command("compare.all-settings", "a", "All settings", "Show all settings, or only those that differ.", footer=True),
)


def commands(scope: str) -> tuple[Command, ...]:
    """The commands of one scope, in the table's order."""
    return tuple(command for command in COMMANDS if command.scope == scope)


def bindings(scope: str) -> list[Binding]:
    """A scope's key bindings for Textual; the ids let users remap them."""
    from textual.binding import Binding

    return [
        Binding(
            command.keys,
            command.action,
            command.title,
            show=command.footer,
            id=command.id,
            key_display=command.shown_as or None,
            tooltip=command.help,
        )
        for command in commands(scope)
    ]


def is_write(scope: str, action: str) -> bool:
    """Whether an action of a scope creates or stops something, which read-only mode forbids."""
    return any(command.writes and command.action == action for command in commands(scope))


def key_table() -> str:
    """The Markdown table of all keys that docs/keys.md holds."""
    lines: list[str] = []
    for scope, heading in SCOPES.items():
        lines += [f"## {heading}", "", "| key | command | what it does | id |", "| --- | --- | --- | --- |"]
        for command in commands(scope):
            keys = " ".join(f"`{key_name(key)}`" for key in command.keys.split(","))
            lines.append(f"| {keys} | {command.title} | {command.help} | `{command.id}` |")
        lines.append("")
    return "\n".join(lines)


KEY_NAMES = {"question_mark": "?", "slash": "/", "plus": "+", "equals_sign": "=", "minus": "-"}


def key_name(key: str) -> str:
    """A Textual key name as people write it."""
    return KEY_NAMES.get(key, key)
