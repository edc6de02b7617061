"""The commands by name: what each is for stands here; its module is imported when it is called.

Making the options of a command takes 5 to 10 ms of CPU: all of them took `--help` a third of its time.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

SUMMARIES = {
    "run": "Find the copies in a corpus and keep one article of each story.",
    "filter": "Let new articles pass, as they came.",
    "check": "Fail if a corpus has duplicates that nobody accepted.",
    "strip": "Print articles without their boilerplate.",
    "learn": "Learn which lines of a corpus are boilerplate.",
    "compare": "Say whether two articles are copies, and why.",
    "tune": "Find the settings that suit a corpus.",
    "index": "The persistent index by hand.",
}
"""Every command and the first line of its help: modules with `command` and `EXAMPLES`, or `app` if it has commands."""

STYLE: dict[str, Any] = {
    "rich_markup_mode": None,  # rich help costs more CPU than everything else that --help does
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}


class Commands(TyperGroup):
    """A group that makes its commands when they are asked for.

    Types of click are `Any`: versions of typer differ in whether click is theirs or another package.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": _Made()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # it is called with both
        """Write names and summaries without making the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


class _Made(MutableMapping[str, Any]):
    """Commands by name, each made when it is first looked up."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in SUMMARIES:
            raise KeyError(name)
        if name not in self._made:
            module = import_module(f"dedup.cli.{name}")
            app = getattr(module, "app", None)
            if app is None:
                app = typer.Typer(**STYLE)
                app.command(name, epilog=module.EXAMPLES)(module.command)
            self._made[name] = typer.main.get_command(app)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)
