"""Explanations as one self-contained page: no script, no request to anywhere, every word escaped."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from adapters.explain import headings
from adapters.visible import visible
from projections.explained.wording import spaced
from projections.explanation import Explanation


def page_of(explanations: Sequence[Explanation], ref: str) -> str:
    """Return the page as HTML, also if no decision point arose."""
    return _template().render(explanations=explanations, ref=ref, say=headings)


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("adapters.explain", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters["spaced"] = spaced
    return environment.get_template("page.html.jinja")


def _shown(value: object) -> object:
    """Write out what cannot be printed; what the template itself made stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
