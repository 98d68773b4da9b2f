"""Conditions in CEL on cel-expr-python, statically typed: a wrong name or type is found at load."""

from __future__ import annotations

from collections.abc import Mapping

from cel_expr_python import cel

from domain.rules.truth import Truth
from domain.rules.vocabulary import BadExpressionError, Condition, Facts, FactType

TYPES = {"string": cel.Type.STRING, "bool": cel.Type.BOOL, "int": cel.Type.INT}


class CelEngine:
    """The port `domain.rules.vocabulary.Engine`, with one checking environment per vocabulary."""

    def __init__(self) -> None:
        self._environments: dict[tuple[tuple[str, FactType], ...], cel.Env] = {}

    def compile(self, expression: str, vocabulary: Mapping[str, FactType]) -> Condition:
        """Compile once; the condition gives None where a fact it needs is absent.

        Raise BadExpressionError for what does not compile or is not boolean.
        """
        environment = self._environment(tuple(vocabulary.items()))
        try:
            program = environment.compile(expression)
        except RuntimeError as error:
            raise BadExpressionError(" ".join(str(error).split())) from None
        if program.return_type() != cel.Type.BOOL:
            raise BadExpressionError(f"{expression!r} gives {program.return_type().name()}, not a boolean")

        def condition(facts: Facts) -> Truth:
            # An absent fact makes an error value, which `&&` and `||` absorb as Kleene's unknown.
            value = program.eval(data=facts).value()
            return value if isinstance(value, bool) else None

        return condition

    def _environment(self, key: tuple[tuple[str, FactType], ...]) -> cel.Env:
        if key not in self._environments:
            variables = {name: TYPES[kind] for name, kind in key}
            self._environments[key] = cel.NewEnv(variables=variables)
        return self._environments[key]
