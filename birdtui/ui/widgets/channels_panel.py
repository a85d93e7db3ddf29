"""The channels of a job that exists: where its data comes from and how it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from birdtui.spec.plain_text import plain
from birdtui.ui.status_style import MUTED


class ChannelsPanel(VerticalScroll):
    """Draws InputDataConfig, a block a channel."""

    DEFAULT_CSS = """
    ChannelsPanel { background: $surface; padding: 0 1; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    ChannelsPanel Static { height: auto; }
    ChannelsPanel:focus { background-tint: $foreground 3%; }
    """

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", id="channels-text")

    def show(self, channels: Sequence[Mapping[str, Any]]) -> None:
        """Show a job's channels."""
        lines = [line for channel in channels for line in _channel(channel)]
        empty = Content.styled("This job has no channels.", MUTED)
        self.query_one("#channels-text", Static).update(Content("\n").join(lines) if lines else empty)

    def focus_view(self) -> None:
        """Give the keys to the panel."""
        self.focus()


def _channel(channel: Mapping[str, Any]) -> list[Content]:
    source: Mapping[str, Mapping[str, Any]] = channel.get("DataSource", {})
    kind = next(iter(source), "")
    facts = source.get(kind, {})
    location = facts.get("S3Uri") or facts.get("DirectoryPath") or facts.get("DatasetArn") or ""
    location_details = [
        facts.get("S3DataType") or facts.get("FileSystemType"),
        facts.get("S3DataDistributionType") or facts.get("FileSystemId"),
        kind if kind not in {"S3DataSource", ""} else None,
    ]
    content_details = [
        f"compression {channel.get('CompressionType', 'None')}",
        f"wrapper {channel.get('RecordWrapperType', 'None')}",
        f"mode {channel['InputMode']}" if channel.get("InputMode") else None,
        f"attributes {', '.join(facts['AttributeNames'])}" if facts.get("AttributeNames") else None,
        f"shuffled by {channel['ShuffleConfig'].get('Seed')}" if channel.get("ShuffleConfig") else None,
    ]
    details = (
        " · ".join(str(part) for part in parts if part)
        for parts in (location_details, [channel.get("ContentType")], content_details)
    )
    return [
        Content.styled(plain(str(channel.get("ChannelName", ""))), "bold")
        + Content("  ")
        + Content(plain(str(location))),
        *(Content.styled("  " + plain(line), MUTED) for line in details if line),
    ]
