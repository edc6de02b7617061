"""The command line: arguments in, exit code out.

Exit codes: 0 done; 1 duplicates found, where that was asked for; 2 a mistake in usage, an input that cannot be read,
any failure; 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM. A user's mistake is one line on stderr and a hint, never a
traceback.

Nothing heavy is imported here or at the top of a command's module: numpy, pyarrow, datasketch and rich each cost more
than `dedup --help` may take in all. A command imports its work when it runs.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from dedup.cli.commands import STYLE, SUMMARIES, Commands
from dedup.cli.messages import fail, report
from dedup.errors import DedupError

app = typer.Typer(
    name="dedup", cls=Commands, help="Find syndicated copies in a corpus of news articles.", **STYLE
)

_INTERRUPTED = 128 + signal.SIGINT
# ClickException, wherever this version of typer takes it from: click, or a copy of its own.
_CLICK_ERROR = cast(type[Exception], typer.BadParameter.__mro__[2])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: What stands after `dedup`; those of the process by default.
    """
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if (
            number is not None and signal.getsignal(number) is not signal.SIG_IGN
        ):  # nohup ignores it: so do we
            signal.signal(number, _terminate)
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a title that a terminal cannot show is no reason to fail
    sys.exit(_run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    group = typer.main.get_command(app)
    try:
        with group.make_context("dedup", arguments, obj=arguments) as context:
            group.invoke(context)
        sys.stdout.flush()
    except typer.Exit as done:
        return done.exit_code
    except DedupError as error:
        return report(error)
    except _CLICK_ERROR as error:
        return fail(*_explain(error, arguments))
    except BrokenPipeError:
        # Whoever read our output has seen enough. What is still buffered must not fail again at exit.
        sys.stdout = None
        return 0
    except OSError as error:
        hint = "check that it is there, its permissions, and the space left"
        return fail(f"{error.filename or 'cannot write'}: {error.strerror or error}", hint)
    except KeyboardInterrupt:
        fail("interrupted")
        return _INTERRUPTED
    except MemoryError:
        return fail("out of memory", "split the input, or try a machine with more memory")
    return 0


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from dedup.version import version as installed

        typer.echo(f"dedup {installed()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    if {"-h", "--help"} & set(context.obj or ()):
        return  # the help is what somebody with a mistake in a settings file needs
    from dedup.cli.settings import Kind, defaults, find

    if find(Path.cwd()) is None:
        return  # without a look at the options of every command
    commands = context.command.commands  # type: ignore[attr-defined]  # a group has commands
    inner = {f"index {name}": command for name, command in commands["index"].commands.items()}
    options = {
        name: {
            option.name: Kind(option.type.name, option.multiple)
            for option in command.params
            if option.param_type_name == "option"
        }
        for name, command in {**commands, **inner}.items()
    }
    values = defaults(options, Path.cwd())
    of_index = {name.removeprefix("index "): values.pop(name) for name in inner if name in values}
    context.default_map = {**values, "index": of_index}


def _explain(error: Exception, arguments: list[str]) -> tuple[str, str]:
    """Message and hint of an error in the arguments."""
    context = getattr(error, "ctx", None)
    command = (
        context.command_path if context else " ".join(["dedup", *(set(arguments[:1]) & SUMMARIES.keys())])
    )
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    # Versions of typer differ in where they put what was perhaps meant: in the message, in a list, in both.
    message, _, meant = message.partition(" Did you mean")
    possible = sorted(getattr(error, "possibilities", None) or ())
    if possible:
        message = getattr(error, "message", message).partition(" Did you mean")[0]
        hint = f"did you mean {' or '.join(possible)}?"
    elif meant:
        hint = f"did you mean{meant}"
    else:
        hint = f"see `{command} --help`"
    return message[:1].lower() + message[1:].rstrip("."), hint


def _terminate(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _open_closed_streams() -> None:
    """Let what is printed vanish where a stream was closed (`>&-`): Python has None in its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # open until the process ends
