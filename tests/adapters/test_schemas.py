"""The generated references: committed as generated, and each schema agrees with the gate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from adapters.kafka.topics import declared_topics
from adapters.schemas.asyncapi import asyncapi_text
from adapters.schemas.error_codes import codes, errors_reference
from adapters.schemas.examples import example
from adapters.schemas.reference import events_reference
from adapters.schemas.schema import event_schema
from adapters.schemas.writing import SCHEMAS, schema_text, write_schemas
from domain.canonical import canonical_bytes
from domain.envelope import admit, schema_name
from domain.errors import InputRefused
from domain.events.catalogue import CATALOGUE

REPOSITORY = Path(__file__).parents[2]
TYPES = pytest.mark.parametrize("type_name", CATALOGUE)
EARLY, LATE = "2026-01-16T00:00:00-06:00", "2026-01-16T23:59:59-06:00"


def gate_takes(document):
    try:
        admit(canonical_bytes(document))
    except InputRefused:
        return False
    return True


def without(part, name):
    return {key: value for key, value in part.items() if key != name}


def alterations(document, data_schema):
    """Every single change that no event survives, as (what was done, document)."""
    data = document["data"]
    for name in document:
        yield f"list for {name}", {**document, name: [[]]}
        yield f"null for {name}", {**document, name: None}
    for name in ("specversion", "id", "source", "type", "subject", "dataschema", "data", "time"):
        yield f"no {name}", without(document, name)
    yield "another attribute", {**document, "remark": "x"}
    yield "another field", {**document, "data": {**data, "remark": "x"}}
    yield "another stream", {**document, "subject": "elsewhere/x"}
    yield "another version", {**document, "dataschema": document["dataschema"] + "0"}
    yield "another id", {**document, "id": "17"}
    yield "a day without its end", {**document, "timeprecision": "day"}
    yield "two exact bounds", {**document, "timelatest": LATE}
    yield "a recorded precision alone", {**without(document, "recordedtime"), "recordedprecision": "day"}
    for name in data_schema.get("required", ()):
        yield f"no data.{name}", {**document, "data": without(data, name)}
    for name in data:
        yield f"list for data.{name}", {**document, "data": {**data, name: [[]]}}
        yield f"null for data.{name}", {**document, "data": {**data, name: None}}


@TYPES
def test_each_schema_is_a_valid_2020_12_schema_named_as_its_events_name_it(type_name):
    schema = event_schema(type_name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema_name(CATALOGUE[type_name]) == json.loads(example(type_name))["dataschema"]
    assert schema.get("x-niem") == CATALOGUE[type_name].NIEM


@TYPES
def test_each_schema_takes_the_example_that_the_gate_takes_and_refuses_what_it_refuses(type_name):
    schema, document = event_schema(type_name), json.loads(example(type_name))
    validator = Draft202012Validator(schema)
    assert gate_takes(document)
    assert validator.is_valid(document)
    data_schema = schema["$defs"][CATALOGUE[type_name].__name__]
    slipped = [
        (what, gate_takes(altered), validator.is_valid(altered))
        for what, altered in alterations(document, data_schema)
        if gate_takes(altered) or validator.is_valid(altered)
    ]
    assert slipped == []


@TYPES
def test_each_schema_takes_an_event_with_nothing_but_what_is_required(type_name):
    schema, document = event_schema(type_name), json.loads(example(type_name))
    required = schema["$defs"][CATALOGUE[type_name].__name__].get("required", [])
    alternative = ["replacement"] if type_name == "record.event_corrected" else []
    bare = {name: value for name, value in document.items() if name in schema["required"]}
    bare["data"] = {name: document["data"][name] for name in [*required, *alternative]}
    bare["timeprecision"] = "unknown"
    assert gate_takes(bare)
    assert Draft202012Validator(schema).is_valid(bare)


@pytest.mark.parametrize("earliest", [None, EARLY])
@pytest.mark.parametrize("latest", [None, LATE])
@pytest.mark.parametrize("precision", [None, "exact", "day", "month", "year", "interval", "unknown"])
def test_schema_and_gate_agree_on_every_combination_of_bounds_and_precision(earliest, latest, precision):
    document = json.loads(example("custody.subject_booked"))
    validator = Draft202012Validator(event_schema("custody.subject_booked"))
    for names in (
        ("time", "timelatest", "timeprecision"),
        ("recordedtime", "recordedlatest", "recordedprecision"),
    ):
        rest = {name: value for name, value in document.items() if name not in names}
        given = zip(names, (earliest, latest, precision), strict=True)
        altered = rest | {name: value for name, value in given if value is not None}
        assert validator.is_valid(altered) == gate_takes(altered)


@TYPES
def test_the_committed_schema_of_each_type_is_the_one_generated(type_name):
    assert (SCHEMAS / f"{type_name}.schema.json").read_text(encoding="utf-8") == schema_text(type_name)


def test_no_schema_is_committed_for_a_type_that_does_not_exist():
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}.schema.json" for name in CATALOGUE}


def test_writing_the_schemas_again_changes_nothing_and_removes_what_is_stale(tmp_path):
    (tmp_path / "custody.abducted.schema.json").write_text("{}")
    first = {path.name: path.read_text() for path in write_schemas(tmp_path)}
    assert first == {path.name: path.read_text() for path in write_schemas(tmp_path)}
    assert {path.name for path in tmp_path.iterdir()} == set(first)


def test_the_committed_event_reference_is_the_one_generated():
    assert (REPOSITORY / "docs/events.md").read_text(encoding="utf-8") == events_reference()


def test_the_committed_error_reference_is_the_one_generated():
    assert (REPOSITORY / "docs/errors.md").read_text(encoding="utf-8") == errors_reference(REPOSITORY)


@TYPES
def test_every_example_in_the_event_reference_passes_the_gate(type_name):
    lines = (REPOSITORY / "docs/events.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(f"### `{type_name}`")
    line = next(line for line in lines[start:] if line.startswith("{"))
    assert admit(line.encode()).envelope.type == type_name


def test_codes_are_found_through_names_loops_parameters_and_other_modules(tmp_path):
    package = tmp_path / "adapters"
    package.mkdir()
    (package / "one.py").write_text(
        "CAUSES = (('full', 'disk_full'), ('busy', 'is_busy'))\n"
        "def broken(number, code):\n    return Refusal(number, 'row', code, 'broken')\n"
        "def worst():\n"
        "    for part, code in CAUSES:\n        raise LedgerUnavailable(code, f'it is {part}')\n"
        "    raise InputRefused('left' if part else 'right', 'no')\n"
    )
    (package / "two.py").write_text("from adapters.one import broken\nbroken(1, 'short_row')\n")
    found = {(one.kind, one.code) for one in codes(tmp_path)}
    assert found == {
        ("LedgerUnavailable", "disk_full"),
        ("LedgerUnavailable", "is_busy"),
        ("InputRefused", "left"),
        ("InputRefused", "right"),
        ("InputRefused", "short_row"),
    }


def test_the_committed_asyncapi_document_is_the_one_generated_and_all_it_refers_to_is_there():
    text = (REPOSITORY / "docs/asyncapi.json").read_text()
    document = json.loads(text)

    assert asyncapi_text() == text
    for reference in re.findall(r'"\$ref": "([^"]+)"', text):
        if reference.startswith("#/"):
            part = document
            for name in reference.removeprefix("#/").split("/"):
                part = part[name]
        else:
            assert (REPOSITORY / "docs" / reference).is_file()


def test_the_asyncapi_document_names_the_topics_that_are_declared():
    document = json.loads((REPOSITORY / "docs/asyncapi.json").read_text())
    declared = declared_topics(REPOSITORY / "deploy/kafka/topics.yaml")

    assert {topic.name for topic in declared.topics} == {one["address"] for one in document["channels"].values()}
