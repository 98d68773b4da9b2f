"""`custody rules`: the rules of the pack, one rule, and the tests that ship with the pack.

    rules list --json     [{"id","citation","decision_point","decision_points","modality","bindingness",
                            "in_force"}]
    rules show ID --json  the same keys and everything else the pack says of the rule
    rules test --json     the keys of `rules list`, and for each rule "ok" and "tests":[{"name","ok","problems"}]

`in_force` is `{"from","to"}`, each an instant or null: a start that was not found, an end that is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from adapters.cli.output import json_option, print_json
from adapters.questions.rules import points_of, rule_summary, rule_whole
from adapters.rules.packs import load_pack, minnesota_rules
from domain.rules.pack import Rule
from domain.rules.packtests import TestOutcome, run_pack_tests
from domain.rules.rulebook import Rulebook
from projections.explained.wording import spaced

PACK = click.option(
    "--pack",
    "pack_file",
    type=click.Path(path_type=Path),
    help="A rule pack file, or the name of one that ships (us-mn, us-tx, ...); without it, us-mn.",
)
TITLE_WIDTH = 48

# Those that open a ledger, and the module of each, imported when it is called.
MORE = {
    "coverage": "rules_coverage",
    "diff": "rules_diff",
    "history": "rules_publish",
    "publish": "rules_publish",
}


class RuleCommands(click.Group):
    """The commands below, and those of other modules by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, in the order of the alphabet."""
        return sorted({*super().list_commands(ctx), *MORE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is no such name."""
        if cmd_name not in MORE:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(f"adapters.cli.{MORE[cmd_name]}"), cmd_name)
        return found


@click.group(cls=RuleCommands)
def rules() -> None:
    """Show, test, compare and publish the rules at each decision point."""


@rules.command("list")
@PACK
@json_option
def list_rules(pack_file: Path | None, *, as_json: bool) -> None:
    """List every rule of the pack."""
    rulebook = _rulebook(pack_file)
    if as_json:
        print_json([rule_summary(rule, rulebook.period(rule.id)) for rule in rulebook.rules])
        return
    widths = [
        max(len(rule.id) for rule in rulebook.rules),
        max(len(r.first_point) for r in rulebook.rules),
    ]
    for rule in rulebook.rules:
        more = f" +{len(rule.decision_points) - 1}" if len(rule.decision_points) > 1 else ""
        click.echo(
            f"{rule.id:<{widths[0]}}  {rule.first_point + more:<{widths[1] + 3}}  {rule.modality.value:<11}  "
            f"{_period(rule):<27}  {_short(rule.citation)}"
        )


@rules.command("show")
@click.argument("rule_id", metavar="ID")
@PACK
@json_option
def show_rule(rule_id: str, pack_file: Path | None, *, as_json: bool) -> None:
    """Show one rule: its source, its words, its conditions."""
    rulebook = _rulebook(pack_file)
    rule = rulebook.rule(rule_id)
    if as_json:
        print_json(rule_whole(rule, rulebook.period(rule.id)))
        return
    for label, value in _lines(rule):
        click.echo(f"{label:<23}{value}")


@rules.command("test")
@PACK
@json_option
@click.pass_context
def test_rules(context: click.Context, pack_file: Path | None, *, as_json: bool) -> None:
    """Run the tests that ship with the pack; exit status 1 if one fails."""
    rulebook = _rulebook(pack_file)
    outcomes = run_pack_tests(rulebook)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if as_json:
        print_json([_tested(rule, rulebook, outcomes) for rule in rulebook.rules])
    else:
        for outcome in failed:
            click.echo(f"FAILED  {outcome.name}: {'; '.join(outcome.problems)}")
        click.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed ({rulebook.pack.pack})")
    context.exit(1 if failed else 0)


def _rulebook(pack_file: Path | None) -> Rulebook:
    return load_pack(pack_file) if pack_file else minnesota_rules()


def _tested(rule: Rule, rulebook: Rulebook, outcomes: Iterable[TestOutcome]) -> dict[str, Any]:
    about = [outcome for outcome in outcomes if rule.id in outcome.rules]
    return {
        **rule_summary(rule, rulebook.period(rule.id)),
        "ok": all(outcome.ok for outcome in about),
        "tests": [outcome.as_json() for outcome in about],
    }


def _lines(rule: Rule) -> list[tuple[str, str]]:
    lines = [
        ("rule", rule.id),
        ("citation", rule.citation),
        ("authority", rule.authority),
        ("binds as", spaced(rule.bindingness.value)),
        ("applies to", rule.scope.applies_to),
        ("in force", _printed(rule)),
        ("says", f"{rule.modality.value}: {rule.effect}"),
        ("speaks at", ", ".join(points_of(rule))),
    ]
    lines += [("while in force", f"{model.value} agreement") for model in (rule.force.models if rule.force else ())]
    lines += [("if", atom.says) for atom in rule.when]
    for point, speech in rule.at.items():
        words = f"{rule.modality_at(point).value}: {rule.effect_at(point)}"
        conditions = "".join(f"; if {atom.says}" for atom in speech.when)
        lines.append((f"at {point.value}", words + conditions))
    lines += [(f"reading {reading.id}", f"{reading.says} ({reading.held_by})") for reading in rule.readings]
    if rule.clock:
        lines.append(("clock", f"{rule.clock.hours} h from {rule.clock.start}, {rule.clock.calendar.value}"))
    lines += [("also", duty.says) for duty in rule.duties]
    lines += [("overrides", beaten) for beaten in rule.beats]
    lines.append(("verified", rule.verified.value))
    return lines + ([("note", rule.note)] if rule.note else [])


def _period(rule: Rule) -> str:
    return "by agreement" if rule.force else _printed(rule)


def _printed(rule: Rule) -> str:
    return f"{rule.in_force.from_ or 'not found'} - {rule.in_force.to or ''}".rstrip()


def _short(text: str) -> str:
    return text if len(text) <= TITLE_WIDTH else text[: TITLE_WIDTH - 1] + "…"


COMMANDS = (rules,)
