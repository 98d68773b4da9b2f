"""Explanations as text: short lines, no boxes, every status a word; the same on a terminal, in a pipe and in a file."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adapters.explain import headings as say
from adapters.visible import visible
from projections.explained.record import Act
from projections.explained.rules import ExplainedRule
from projections.explained.wording import listed, spaced, text_of
from projections.explanation import Explanation

WIDTH = 80
RULE = "="
LABEL_WIDTH = 12
STATUS_STYLE = {"conflict": "bold magenta", "undetermined": "bold yellow"}  # no green, no red: nothing is good or bad


def text_of_explanations(
    explanations: Sequence[Explanation], ref: str, width: int = WIDTH, *, styled: bool = False
) -> str:
    """Return every explanation, or that no decision point arose, in lines no longer than `width`."""
    out = io.StringIO()
    page = _Page(Console(file=out, width=width, force_terminal=styled, highlight=False, markup=False, emoji=False))
    if not explanations:
        page.line(f"{say.NO_POINT} {ref}.")
    for number, explanation in enumerate(explanations):
        if number:
            page.line(RULE * width)
        page.explanation(explanation)
    page.line("")
    page.line(say.NEUTRAL)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


class _Page:
    def __init__(self, console: Console) -> None:
        self._console = console

    def explanation(self, explanation: Explanation) -> None:
        self.line(f"{explanation.title.upper()}: {explanation.status.upper()}", style=_style(explanation))
        self.line(explanation.decision.ref)
        self.line("")
        self.line(text_of(explanation.answer))
        self._rules(explanation)
        self._dispute(explanation)
        self._missing(explanation)
        self._clocks(explanation)
        self._cited_and_done(explanation)
        self._evidence(explanation)

    def line(self, words: str, *, indent: int = 0, style: str = "") -> None:
        self._console.print(Padding(Text(visible(words), style=style), (0, 0, 0, indent)))

    def heading(self, words: str) -> None:
        self.line("")
        self.line(words, style="bold")

    def item(self, words: str, indent: int = 2) -> None:
        """Print `- words`, what wraps set under the words."""
        self._row("-", words, indent, 1)

    def labelled(self, label: str, words: str, indent: int = 4) -> None:
        """Print a label and its words in two columns."""
        self._row(label, words, indent, LABEL_WIDTH)

    def _row(self, label: str, words: str, indent: int, width: int) -> None:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=width)
        grid.add_column(overflow="fold")
        grid.add_row(Text(visible(label), style="dim" if label != "-" else ""), Text(visible(words)))
        self._console.print(Padding(grid, (0, 0, 0, indent)))

    def _rules(self, explanation: Explanation) -> None:
        for standing, title in say.GROUPS.items():
            rules = [rule for rule in explanation.rules if rule.standing is standing]
            if rules:
                self.heading(title)
            for number, rule in enumerate(rules):
                if number:
                    self.line("")
                self._rule(rule)
        if not explanation.rules:
            self.heading("Rules")
            self.line(say.NO_RULES, indent=2)

    def _rule(self, rule: ExplainedRule) -> None:
        self.line(f"{rule.id} {rule.verb}:", indent=2, style="bold")
        self.line(f"“{rule.effect}”", indent=4)
        self.labelled("Source", f"{rule.citation}; {rule.authority}")
        self.labelled("Binds as", rule.binds_as)
        self.labelled("Applies to", rule.applies_to)
        self.labelled("In force", rule.in_force)
        self.labelled("Verified", rule.verified)
        self.labelled("Why", rule.because)
        for says, value, facts in rule.conditions:
            looked_at = f" ({'; '.join(facts)})" if facts else ""
            self.item(f"{value}: {says}{looked_at}", 4 + LABEL_WIDTH + 1)
        for duty in rule.duties:
            self.labelled("Also asks", duty)
        if rule.note:
            self.labelled("Note", rule.note)

    def _dispute(self, explanation: Explanation) -> None:
        prohibiting, allowing = explanation.sides
        if prohibiting:
            self.heading(say.CONFLICT)
            self._side_by_side(prohibiting, allowing)
            self.line("")
            self.line(f"{say.ADVICE}:", indent=2)
            for pair, advice in explanation.advice:
                self.item(f"{pair}: {advice}")
        if explanation.readings:
            self.heading(say.READINGS)
        for found in explanation.readings:
            self.item(f"{found.rule}, reading {found.reading.id}: “{found.reading.says}”")
            self.line(f"held by {found.reading.held_by}", indent=4)
            self.line(f"taken alone, the status would be {spaced(found.status.value)}", indent=4)

    def _side_by_side(self, prohibiting: Sequence[ExplainedRule], allowing: Sequence[ExplainedRule]) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, header_style="bold")
        for side in (prohibiting, allowing):
            table.add_column(listed(sorted({rule.verb for rule in side})).capitalize(), ratio=1, overflow="fold")
        table.add_row(_column(prohibiting), _column(allowing))
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def _missing(self, explanation: Explanation) -> None:
        self.heading(say.MISSING)
        if not explanation.would_be:
            self.line(say.NOTHING_MISSING, indent=2)
        for missing in explanation.would_be:
            self.item(f"{missing.says} [{missing.name}]")
            for values, status in missing.by_status:
                self.item(f"if {values}: {status}", 6)
        if explanation.together:
            self.line(f"{say.TOGETHER}:", indent=2)
        for values, status in (one.words for one in explanation.together):
            self.item(f"if {values}: {status}", 6)
        if explanation.also_unknown:
            self.line(f"{say.ALSO_UNKNOWN}: {listed(explanation.also_unknown)}.", indent=2)

    def _clocks(self, explanation: Explanation) -> None:
        if explanation.clocks:
            self.heading(say.CLOCKS)
        for clock, rules in explanation.clocks_alike:
            self.item(f"{clock.id} of {rules}: {clock.counts}")
            starts, ends = say.CLOCK_LABELS[clock.is_deadline]
            self._row(starts, text_of(clock.starts_words), 6, LABEL_WIDTH)
            self._row(ends, text_of(clock.ends_words), 6, LABEL_WIDTH)

    def _cited_and_done(self, explanation: Explanation) -> None:
        self.heading(say.RECORDED)
        for cited in explanation.citations:
            said = "".join(f"; {label}: {value}" for label, value in cited.said)
            self.item(f"recorded under {cited.rule}, says {cited.by} (position {cited.position:,}){said}")
            self.line(cited.in_this_trace, indent=4)
        if not explanation.citations:
            self.line(say.NO_CITATION, indent=2)
        for act in (*explanation.responded, *explanation.acts):
            self._act(act)
        if not explanation.acts:
            self.line(say.NO_ACT, indent=2)
        if explanation.held:
            self.line(f"{say.HELD}: {explanation.held}.", indent=2)

    def _act(self, act: Act) -> None:
        self.item(f"{act.what} {text_of(act.when)}")
        synthetic = ", synthetic" if act.made_up else ""
        self.line(f"says {act.by}, position {act.position:,}{synthetic}", indent=4)
        told = [
            *([f"basis stated: {act.basis}"] if act.basis else []),
            *(f"{key}: {value}" for key, value in act.details),
        ]
        if told:
            self.line("; ".join(told), indent=4)

    def _evidence(self, explanation: Explanation) -> None:
        self.heading(say.EVIDENCE)
        for name, says, value in explanation.facts:
            self.item(f"{name}: {value} ({says})")
        if explanation.not_considered:
            self.line("")
            self.line(f"{say.NOT_CONSIDERED}: {', '.join(explanation.not_considered)}.", indent=2)
        self.line("")
        interpretation = explanation.rulebook.pack.interpretation
        for label, words in (
            ("Known", f"positions 1 to {explanation.known:,} of the ledger, and nothing after"),
            ("Pack", explanation.pack),
            ("Read by", f"{interpretation.author}; reviewed by {interpretation.reviewed_by or 'nobody'}"),
            ("Basis", interpretation.basis),
            ("Pack digest", explanation.determination.pack_digest),
            ("Facts digest", explanation.determination.facts_digest),
        ):
            self.labelled(label, words, 2)


def _column(side: Sequence[ExplainedRule]) -> Text:
    return Text("\n\n".join(visible(f"{rule.id}: “{rule.effect}” ({rule.citation}; {rule.binds_as})") for rule in side))


def _style(explanation: Explanation) -> str:
    return STATUS_STYLE.get(explanation.decision.status, "bold")
