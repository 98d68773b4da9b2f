"""Conditions on a second CEL engine, `common-expression-language` (Rust), as a second opinion on the first."""

from __future__ import annotations

from collections.abc import Mapping

import cel

from domain.rules.truth import Truth
from domain.rules.vocabulary import BadExpressionError, Condition, Facts, FactType


class SecondEngine:
    """The port `domain.rules.vocabulary.Engine`. This engine checks no types: what fits is what the first one says."""

    def compile(self, expression: str, vocabulary: Mapping[str, FactType]) -> Condition:
        """Compile once; a fact that is absent is an error, which `&&` and `||` absorb as Kleene's unknown."""
        try:
            program = cel.compile(expression)
        except ValueError as error:
            raise BadExpressionError(str(error)) from None
        strangers = [name for name in program.variables() if name not in vocabulary]
        if strangers:
            raise BadExpressionError(f"undeclared: {', '.join(strangers)}")

        def condition(facts: Facts) -> Truth:
            try:
                value = program.execute(dict(facts))
            except RuntimeError as error:
                if "Undefined variable" not in str(error):
                    raise
                return None
            if not isinstance(value, bool):
                raise BadExpressionError(f"{expression!r} gives {value!r}, not a boolean")
            return value

        return condition
