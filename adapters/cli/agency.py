"""`custody agency`: who may publish. Keys are made and used at the agency, and enrolled where the ledger is kept.

    agency keygen FILE                              make a key pair: FILE, mode 0600, and FILE.pub
    agency enroll AGENCY FILE.pub                   let the key speak for the agency's facilities from here on
    agency sign-rotation OLD NEW.pub AGENCY         sign, with the old key, that a new one joins it; prints the rotation
    agency rotate AGENCY --signed FILE              let the new key join, as the old one signed
    agency rotate AGENCY --replaces KEY NEW.pub     let it join on the operator's word, where the old key is lost
    agency revoke AGENCY KEY --reason CODE          let a key speak no longer
    agency list [AGENCY]                            every key, and from which position to which it is good
    agency sign KEY FILE                            sign events, one a line; prints DSSE envelopes

KEY is a key's id or the file of its public half. With --json, `enroll`, `rotate` and `revoke` give the key as
projections/agency_keys.py draws it, `list` gives {"unsigned_allowed":false,"keys":[...]}, `keygen` gives
{"key_id","algorithm","private","public"}. The two that sign print DSSE envelopes: adapters/trust/signed.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from adapters.agencies import enrol, keys_known, revoke, rotate, take_rotation
from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import json_option, new_file, print_json, print_table
from adapters.composition import Services
from adapters.store.ledger import Ledger
from adapters.trust.keys import load_public_key, load_signing_key, make_key, public_path
from adapters.trust.signed import Signed, unwrapped, wrapped
from adapters.trust.signing import signed_lines
from domain.errors import InputRefused
from domain.events.agency import ANY, Algorithm, Authority
from domain.events.fields import SLUG
from projections.agency_keys import Key, rotation

TYPES = ("custody.*", "detainer.*", "handoff.*", "record.event_corrected", "record.event_retracted")
KEY_ID = re.compile(r"[0-9a-f]{64}")
HEX_SHOWN = 12

output_option = click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Write into this new file instead of printing."
)


@click.group()
def agency() -> None:
    """Keys of agencies: make, enrol, replace, revoke, list; and sign events."""


@agency.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in Algorithm]),
    default=Algorithm.ED25519.value,
    show_default=True,
    help="How the key signs.",
)
@json_option
def keygen(file: Path, algorithm: str, *, as_json: bool) -> None:
    """Make a key pair here: FILE holds the private half, FILE.pub the public one to hand over."""
    public = make_key(file, Algorithm(algorithm))
    beside = public_path(file)
    if as_json:
        names = {"private": str(file), "public": str(beside)}
        print_json({"key_id": public.key_id, "algorithm": public.algorithm.value, **names})
        return
    click.echo(f"private key in {file}: keep it here, nobody else ever needs it")
    click.echo(f"public key in {beside}: hand this to whoever runs the ledger")
    click.echo(f"key id {public.key_id}")


@agency.command()
@click.argument("agency_id", metavar="AGENCY")
@click.argument("public", metavar="FILE.pub", type=click.Path(path_type=Path))
@click.option("--facility", "facilities", multiple=True, help="A facility it speaks for; its own if not given.")
@click.option("--any-facility", is_flag=True, help="It speaks for any facility, as an ICE office about detainers.")
@click.option("--type", "types", multiple=True, help=f"A type it may send, or a family; else {', '.join(TYPES)}.")
@click.option("--synthetic", is_flag=True, help="The key is for made-up events only: its source is synthetic:AGENCY.")
@json_option
@pass_services
def enroll(
    services: Services,
    /,
    agency_id: str,
    public: Path,
    facilities: tuple[str, ...],
    types: tuple[str, ...],
    *,
    any_facility: bool,
    synthetic: bool,
    as_json: bool,
) -> None:
    """Let a key speak for an agency from here on; an agency may have several, one for each program that publishes."""
    speaks_as = _source(agency_id, synthetic=synthetic)
    scope = (ANY,) if any_facility else _facilities(services, agency_id, facilities)
    key = load_public_key(public)
    with _writing(services) as ledger:
        enrolled = enrol(ledger, speaks_as, key, scope, types or TYPES, services.clock())
    _show(enrolled, as_json=as_json)


def _facilities(services: Services, agency_id: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the facilities that were named, else those the agency runs."""
    for facility in named:
        services.register.facility(facility)
    own = tuple(facility.id for facility in services.register.facilities if facility.agency == agency_id)
    if not named and not own:
        raise InputRefused(
            "facility_needed",
            f"no facility is run by {agency_id}",
            where="--facility",
            mend="name those it speaks for, or give --any-facility",
        )
    return named or own


@agency.command(name="sign-rotation")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW.pub", type=click.Path(path_type=Path))
@click.argument("agency_id", metavar="AGENCY")
@click.option("--synthetic", is_flag=True, help="The key's source is synthetic:AGENCY.")
@output_option
@pass_services
def sign_rotation(
    services: Services, /, old: Path, new: Path, agency_id: str, *, synthetic: bool, output: Path | None
) -> None:
    """Sign, with the old key, that a new one joins it, and print that; no ledger is opened."""
    key, joining = load_signing_key(old), load_public_key(new)
    source, key_id = _source(agency_id, synthetic=synthetic), key.public.key_id
    body = rotation(agency_id, source, key_id, joining, Authority.OLD_KEY, services.clock())
    _write([wrapped(Signed(body, key.sign(body), key_id))], output)


@agency.command(name="rotate")
@click.argument("agency_id", metavar="AGENCY")
@click.argument("new", metavar="[NEW.pub]", required=False, type=click.Path(path_type=Path))
@click.option("--replaces", metavar="KEY", help="With NEW.pub: the earlier key, on the operator's word.")
@click.option("--signed", type=click.File("rb"), help="What `agency sign-rotation` printed.")
@json_option
@pass_services
def rotate_(
    services: Services,
    /,
    agency_id: str,
    new: Path | None,
    replaces: str | None,
    signed: BinaryIO | None,
    *,
    as_json: bool,
) -> None:
    """Let a new key join an earlier one, which stays good until it is revoked."""
    if signed and not (new or replaces):
        rotated = unwrapped(signed.read().strip())
        with _writing(services) as ledger:
            joined = take_rotation(ledger, agency_id, rotated, services.clock())
    elif new and replaces and not signed:
        key, old = load_public_key(new), _key_id(replaces)
        with _writing(services) as ledger:
            joined = rotate(ledger, agency_id, old, key, services.clock())
    else:
        mend = "give --signed FILE, or NEW.pub and --replaces KEY"
        raise InputRefused("usage", "it is not clear which key joins which", where="rotate", mend=mend)
    _show(joined, as_json=as_json)


@agency.command(name="revoke")
@click.argument("agency_id", metavar="AGENCY")
@click.argument("key", metavar="KEY")
@click.option("--reason", required=True, help="A code of your own: replaced, lost, stolen, ...")
@json_option
@pass_services
def revoke_(services: Services, agency_id: str, key: str, reason: str, *, as_json: bool) -> None:
    """Let a key speak no longer; what it signed before stays valid."""
    key_id = _key_id(key)
    with _writing(services) as ledger:
        revoked = revoke(ledger, agency_id, key_id, reason, services.clock())
    _show(revoked, as_json=as_json)


@agency.command(name="list")
@click.argument("agency_id", metavar="[AGENCY]", required=False)
@known_option
@json_option
@pass_services
def list_(services: Services, agency_id: str | None, known: int | datetime | None, *, as_json: bool) -> None:
    """List every key: whose it is, what it may say, and from which position to which it is good."""
    ledger = services.reading()
    keys = keys_known(ledger, known_position(ledger, known))
    ledger.close()
    rows = [key.as_json() for key in keys if agency_id in (None, key.agency)]
    if as_json:
        print_json({"unsigned_allowed": keys.unsigned_allowed, "keys": rows})
        return
    if keys.unsigned_allowed:
        click.echo("This ledger was made to take unsigned events too.")
    print_table(
        ["agency", "speaks as", "key", "algorithm", "since", "state", "facilities", "types"],
        [_cells(row) for row in rows],
        empty="No key is enrolled.",
    )


def _cells(row: dict[str, Any]) -> list[object]:
    state = f"revoked at {row['revoked']}" if row["revoked"] else row["state"]
    facilities = ", ".join(row["facilities"])
    words = [row["agency"], row["speaks_as"], row["key_id"][:HEX_SHOWN], row["algorithm"], row["since"], state]
    return [*words, facilities, ", ".join(row["types"])]


@agency.command(name="sign")
@click.argument("key", type=click.Path(path_type=Path))
@click.argument("file", type=click.File("rb"))
@click.option("--sequence", type=click.IntRange(min=1), help="The number of the first event; each later one counts on.")
@output_option
def sign(key: Path, file: BinaryIO, sequence: int | None, output: Path | None) -> None:
    """Name the key in each event (one a line, `-` for standard input), sign it, and print DSSE envelopes."""
    _write(signed_lines(file, load_signing_key(key), sequence), output)


def _write(envelopes: Iterable[bytes], output: Path | None) -> None:
    """Print envelopes, or write them into a new file; what cannot be finished leaves none."""
    if output is None:
        for envelope in envelopes:
            click.echo(envelope)
        return
    count = 0
    with new_file(output) as file:
        for count, envelope in enumerate(envelopes, 1):  # noqa: B007 - how many is told at the end
            file.write(envelope + b"\n")
    click.echo(f"{count:,} signed, in {output}")


def _source(agency_id: str, *, synthetic: bool) -> str:
    if not re.fullmatch(SLUG, agency_id):
        mend = "agency ids are lower case letters, digits and hyphens, such as mn-cass-sheriff"
        raise InputRefused("bad_agency", f"{agency_id[:80]!r} cannot be an agency id", where="AGENCY", mend=mend)
    return f"{'synthetic' if synthetic else 'agency'}:{agency_id}"


def _key_id(key: str) -> str:
    """Return a key's id, which was given, or that of a public key in a file."""
    return key if KEY_ID.fullmatch(key) else load_public_key(Path(key)).key_id


@contextmanager
def _writing(services: Services) -> Iterator[Ledger]:
    ledger = services.appending()
    try:
        yield ledger
    finally:
        ledger.close()


def _show(key: Key, *, as_json: bool) -> None:
    row = key.as_json()
    if as_json:
        print_json(row)
        return
    past = f"revoked at position {key.revoked}" if key.revoked else f"good from position {key.since} on"
    click.echo(f"{key.speaks_as}, {key.public.algorithm}: {past}")
    click.echo(f"  may say: {', '.join(row['types'])}")
    click.echo(f"  of: {'any facility' if ANY in key.facilities else ', '.join(row['facilities'])}")
    click.echo(f"  key id {key.public.key_id}")


COMMANDS = (agency,)
