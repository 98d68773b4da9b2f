"""The importers' pages name every code that their modules can give, and what they show is valid."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.importers.bookings_mapping import load_mapping
from domain.envelope import admit

DOCS = Path(__file__).parents[3] / "docs" / "importers"
FLAG_OR_REFUSAL = re.compile(
    r'(?:_flag\(|Flag\([^"]*|Refusal\([^"]*(?:"\w+", )?|InputRefused\(|broken_row\([^"]*)\s*"([a-z]\w+)"'
)


@pytest.mark.parametrize(
    ("page", "modules"),
    [
        ("README", ["tables", "table_header", "text_files", "workbooks", "printed_times"]),
        ("ice-detainers", ["ice_detainers"]),
        ("bookings", ["bookings", "booking_rows", "booking_events", "bookings_mapping"]),
    ],
)
def test_every_code_is_on_its_page(page: str, modules: list[str]) -> None:
    documented = (DOCS / f"{page}.md").read_text(encoding="utf-8") + (DOCS / "README.md").read_text(encoding="utf-8")
    sources = [files("adapters.importers").joinpath(f"{name}.py").read_text(encoding="utf-8") for name in modules]
    codes = {code for source in sources for code in FLAG_OR_REFUSAL.findall(source)}

    assert codes
    assert sorted(code for code in codes if f"`{code}`" not in documented) == []


def test_the_mapping_on_the_page_is_valid(tmp_path: Path) -> None:
    page = (DOCS / "bookings.md").read_text(encoding="utf-8")
    path = tmp_path / "page.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    assert load_mapping(path).columns["booking_id"] == "Booking No"


def test_the_event_on_the_page_passes_the_gate() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    line = next(line.strip() for line in page.splitlines() if line.startswith('    {"data"'))
    assert admit(line.encode()).envelope.type == "custody.subject_booked"
