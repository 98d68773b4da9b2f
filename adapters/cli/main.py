"""`custody`: the group, and how errors become exit codes.

0 done    1 a check found a problem    2 usage    3 some input was refused (and recorded)
4 the ledger cannot be opened, read or written    130 interrupted    141 the reader of the output went away
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from adapters.cli.output import print_json
from adapters.collector import look_seldom
from domain.errors import InputRefused, IntegrityProblem, LedgerError, LedgerUnavailable

FOUND_PROBLEM, USAGE, UNAVAILABLE, INTERRUPTED, OUTPUT_CLOSED = 1, 2, 4, 130, 141


# Name and module of every command, imported when it is called: most of a short command's time went into imports, and
# each process that `simulate` starts imports this module again.
COMMANDS = {
    "init": "record",
    "import": "imports",
    "simulate": "imports",
    "facilities": "custody",
    "state": "custody",
    "handoffs": "custody",
    "pickups": "custody",
    "notices": "custody",
    "detainers": "detainers",
    "overholds": "overholds",
    "duties": "duties",
    "projections": "projections",
    "counts": "counts",
    "claims": "claims",
    "findings": "findings",
    "trail": "trail",
    "explain": "explain",
    "determinations": "determinations",
    "history": "history",
    "diff": "history",
    "since": "history",
    "late": "late",
    "hindsight": "hindsight",
    "agreements": "agreements",
    "access": "access",
    "agency": "agency",
    "rules": "rules",
    "kafka": "kafka",
    "dlq": "dlq",
    "export": "export",
    "log": "record",
    "replay": "record",
    "verify": "record",
    "whatif": "whatif",
    "serve": "serve",
    "submit": "submit",
}


class Commands(click.Group):
    """The commands, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return every name, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's too
        """Return a command, or None if there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"adapters.cli.{COMMANDS[cmd_name]}")
        found: click.Command = next(command for command in module.COMMANDS if command.name == cmd_name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--ledger",
    envvar="CUSTODY_LEDGER",
    default="custody.db",
    show_default=True,
    metavar="PLACE",
    help="The ledger: a file, or postgresql://USER@HOST/DATABASE; also CUSTODY_LEDGER.",
)
@click.version_option(package_name="custody-ledger", prog_name="custody")
@click.pass_context
def main(context: click.Context, ledger: str) -> None:
    """One ordered log of custody handoffs, and which cooperation rule applied."""
    from adapters.composition import services
    from adapters.store.place import ledger_place

    context.obj = services(ledger_place(ledger))


def run() -> None:
    """Run the command line as a program."""
    look_seldom()
    _open_what_is_closed()
    sys.exit(status(sys.argv[1:]))


def _open_what_is_closed() -> None:
    """Let what is written to an output that whoever began this has closed (`>&-`) go nowhere."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the program ends
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - same


def status(arguments: list[str]) -> int:
    """Run one command line and return its exit status; never a traceback for what a user can cause."""
    if "--json" in arguments:  # it may stand anywhere, also before the command
        arguments = [*(word for word in arguments if word != "--json"), "--json"]
    try:
        code = _status(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # the reader of our output went away, as `head` does; click exits there
        _drop_output()
        return OUTPUT_CLOSED
    except OSError as error:
        _drop_output()
        failed = LedgerUnavailable(
            "output_failed", f"the output cannot be written: {error}", mend="look where it goes, and run this again"
        )
        return _report(failed, as_json=False)
    return code


def _drop_output() -> None:
    """Let what is left in the buffer go nowhere, or Python would complain again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _status(arguments: list[str]) -> int:
    try:
        _check_text(arguments)
        result = main(args=arguments, prog_name="custody", standalone_mode=False)
    except LedgerError as error:
        return _report(error, as_json="--json" in arguments)
    except click.ClickException as error:
        return _report_usage(error, as_json="--json" in arguments)
    except click.Abort:
        click.echo("custody: stopped; what was reported as stored is stored", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _check_text(arguments: list[str]) -> None:
    """Refuse bytes that are no text, which Python hands on as lone surrogates, unless they are the name of a file."""
    for argument in arguments:
        shown = argument.encode("utf-8", "backslashreplace").decode()
        if shown != argument and not os.path.lexists(argument):
            what = "the argument is not UTF-8, and no file has that name"
            raise InputRefused("usage", what, where=shown[:80], mend="write it in UTF-8")


def _report(error: LedgerError, *, as_json: bool) -> int:
    click.echo(f"custody: {error}", err=True)
    if as_json:
        print_json({"error": error.as_json()})
    if isinstance(error, InputRefused):
        return USAGE
    return FOUND_PROBLEM if isinstance(error, IntegrityProblem) else UNAVAILABLE


def _report_usage(error: click.ClickException, *, as_json: bool) -> int:
    error.show()
    if as_json:
        usage = InputRefused("usage", error.format_message(), mend="`custody --help` lists the commands")
        print_json({"error": usage.as_json()})
    return error.exit_code
