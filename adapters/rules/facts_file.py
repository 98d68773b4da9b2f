"""A file of facts for a what-if, YAML or JSON, read as strictly as a pack.

judicial_warrant_recorded: false           # at every decision
mn-cass-jail: {agreement_wso: true}        # at this facility's
episode/mn-cass-jail.17: {detainer_form: I-247G, detainer_box: null}    # in this case; null: not known
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from adapters.rules.strict_yaml import parse_strict_yaml, yaml_text
from domain.errors import InputRefused
from domain.rules.vocabulary import VOCABULARY, fact_problem
from projections.whatif import Edits


def load_edits(path: Path, facilities: Collection[str]) -> Edits:
    """Read the file; raise InputRefused (unreadable, bad_encoding, bad_facts and those of strict YAML)."""
    text = yaml_text(path, mend="name a file of facts: docs/rules.md")
    document = parse_strict_yaml(text, path.name).value
    if not isinstance(document, dict):
        raise _refused(path, "it is no mapping of facts to values")
    everywhere = {name: value for name, value in document.items() if not isinstance(value, dict)}
    narrower = {name: facts for name, facts in document.items() if isinstance(facts, dict)}
    for name in narrower:
        if name not in facilities and "/" not in name:
            raise _refused(path, f"{name!r} is neither a facility nor a case such as episode/ID")
    for facts in (everywhere, *narrower.values()):
        _check(path, facts)
    return Edits(everywhere, narrower)


def _check(path: Path, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        problem = None if value is None and name in VOCABULARY else fact_problem(name, value)
        if problem:
            raise _refused(path, problem)


def _refused(path: Path, what: str) -> InputRefused:
    return InputRefused("bad_facts", what, where=path.name, mend="`docs/rules.md` lists the facts and draws the file")
