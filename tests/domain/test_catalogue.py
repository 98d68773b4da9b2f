"""The catalogue: closed, one name a class, every class frozen, strict and explained."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import BaseModel, ValidationError

from adapters.schemas.examples import example
from domain.envelope import admit, schema_name
from domain.errors import InputRefused
from domain.events.catalogue import CATALOGUE, FAMILIES, REFERENCES, event_class
from domain.events.detainer import LiftCode
from domain.events.fields import Closed, DecisionPoint, EventData

TYPES = pytest.mark.parametrize("cls", CATALOGUE.values(), ids=CATALOGUE.keys())
PREFIXES = {
    "episode": {"custody"},
    "detainer": {"detainer"},
    "notice and handoff": {"handoff"},
    "rule and agreement": {"rule", "agreement"},
    "record": {"record", "finding", "claim"},
    "agency": {"agency", "ledger"},
}


def every_part(base=Closed):
    """Every closed model of the catalogue's modules below a base, however deep."""
    here = [part for part in base.__subclasses__() if part.__module__.startswith("domain.events.")]
    return [*here, *(deeper for part in here for deeper in every_part(part))]


def test_no_two_classes_share_a_type_name():
    assert len(CATALOGUE) == sum(len(events) for events in FAMILIES.values())


def test_every_class_that_has_a_type_of_its_own_is_in_the_catalogue():
    defined = {cls for cls in every_part(EventData) if "TYPE" in cls.__dict__}
    assert defined == set(CATALOGUE.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_names_of_a_family_begin_with_its_prefix_and_are_snake_case(family):
    for cls in FAMILIES[family]:
        prefix, _, name = cls.TYPE.partition(".")
        assert prefix in PREFIXES[family]
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name)


@TYPES
def test_every_type_says_what_it_means_in_its_own_words(cls):
    assert cls.__doc__ is not None
    assert cls.__doc__ not in {other.__doc__ for other in CATALOGUE.values() if other is not cls}


@TYPES
def test_every_type_carries_a_version_a_stream_and_a_schema_name_of_its_own(cls):
    assert cls.VERSION >= 1
    assert re.fullmatch("[a-z]+", cls.STREAM)
    assert [other for other in CATALOGUE.values() if schema_name(other) == schema_name(cls)] == [cls]


@pytest.mark.parametrize("part", every_part(), ids=lambda part: part.__name__)
def test_every_part_of_an_event_is_frozen_strict_and_closed(part):
    config = part.model_config
    assert (config["frozen"], config["strict"], config["extra"]) == (True, True, "forbid")


@TYPES
def test_no_field_holds_a_person_in_the_clear_or_an_opinion_of_an_agency(cls):
    forbidden = {
        "name",
        "first_name",
        "last_name",
        "birth_date",
        "dob",
        "a_number",
        "ssn",
        "sanctuary",
        "lawful",
    }
    assert not forbidden & set(cls.model_fields)


@TYPES
def test_every_reference_is_one_string_that_the_event_itself_carries(cls):
    document = json.loads(example(cls.TYPE))
    refs = admit(example(cls.TYPE)).refs
    for field, kind in REFERENCES[cls.TYPE]:
        assert f"{kind}/{document['data'][field]}" in refs


@TYPES
def test_a_field_that_the_catalogue_does_not_name_is_refused(cls):
    document = json.loads(example(cls.TYPE))
    with pytest.raises(ValidationError) as refused:
        cls.model_validate_json(json.dumps({**document["data"], "remark": "x"}))
    assert [error["loc"] for error in refused.value.errors()] == [("remark",)]


@pytest.mark.parametrize("name", ["custody.abducted", "", "domain.events.episode:SubjectBooked", None, 7, [], {}])
def test_a_name_outside_the_catalogue_is_never_looked_up_elsewhere(name):
    with pytest.raises(InputRefused) as refused:
        event_class(name)
    assert (refused.value.code, refused.value.where) == ("unknown_type", "type")


def test_a_very_long_type_name_is_shortened_in_the_refusal():
    with pytest.raises(InputRefused) as refused:
        event_class("x" * 50_000)
    assert len(refused.value.what) < 200


def test_the_decision_points_of_the_design_are_all_there():
    named = "ask_status share_booking allow_interview serve_detainer commitment_notice release_notice"
    named += " hold_past_release serve_admin_warrant hand_over post_transfer_hold house_for_ice publish_handoff"
    named += " enter_agreement"
    assert set(named.split()) <= {point.value for point in DecisionPoint}


def test_the_lift_codes_are_those_of_niem_and_the_one_ice_added():
    assert "".join(sorted(code.value for code in LiftCode)) == "ABCDFLNSTU"


def test_the_parts_of_events_are_pydantic_models_and_nothing_looser():
    assert all(issubclass(part, BaseModel) for part in every_part())
    assert set(CATALOGUE.values()) < set(every_part())
