"""The command palette, filled from the command table for whatever is on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.widget import Widget

from birdtui.ui.commands import Command, commands, key_name
from birdtui.ui.scope import CommandScope

Node = App[Any] | Widget


class CommandProvider(Provider):
    """Offers each command of the app, the screen and its visible widgets, with its keys."""

    def _offers(self) -> Iterator[tuple[Command, Node]]:
        nodes: list[Node] = [self.app, self.screen, *self.screen.walk_children(Widget)]
        for node in nodes:
            if not isinstance(node, CommandScope) or not isinstance(node, App | Widget):
                continue
            for command in commands(node.COMMAND_SCOPE):
                if node.check_action(command.action, ()) is not False:
                    yield command, node

    @staticmethod
    def _title(command: Command) -> str:
        return f"{command.title} ({' '.join(key_name(key) for key in command.keys.split(','))})"

    async def discover(self) -> Hits:
        """Every command, before anything is typed."""
        for command, node in self._offers():
            yield DiscoveryHit(self._title(command), partial(node.run_action, command.action), help=command.help)

    async def search(self, query: str) -> Hits:
        """The commands that match what is typed."""
        matcher = self.matcher(query)
        for command, node in self._offers():
            title = self._title(command)
            score = matcher.match(f"{title} {command.help}")
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(node.run_action, command.action), help=command.help)
