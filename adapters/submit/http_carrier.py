"""Messages by HTTP: lines in, results out, as adapters/http/publishing.py draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import httpx

from adapters.submit.carriers import Answered, Away, opened
from domain.canonical import leaf_hash
from domain.errors import InputRefused, LedgerUnavailable

PATH = "/v1/events"
SECONDS = httpx.Timeout(60.0, connect=10.0)
LATER = (408, 425, 429, 500, 502, 503, 504)
PAUSE_SECONDS = 1.0
RECEIPT = ("id", "source", "position", "leaf", "recorded_at", "new")
PROBLEM = ("code", "detail", "where", "mend")


class HttpCarrier:
    """Sends to one server, over a connection that stays open."""

    batch_max = 500
    gives_receipts = True

    def __init__(self, address: str) -> None:
        """Raise InputRefused(bad_address)."""
        self._address = address.rstrip("/")
        _check_address(self._address)
        self._client = httpx.Client(timeout=SECONDS)

    def carry(self, messages: Sequence[bytes]) -> list[Answered]:
        """Send messages as lines. Raise Away, or LedgerUnavailable(no_ledger_there) for what is no ledger."""
        try:
            response = self._client.post(
                f"{self._address}{PATH}", content=b"\n".join(messages), headers={"Content-Type": "application/x-ndjson"}
            )
        except httpx.TransportError as error:
            raise Away(f"{self._address}: {error or type(error).__name__}", PAUSE_SECONDS) from None
        if response.status_code in LATER:
            raise Away(f"{self._address}: {response.status_code} {_detail(response)}", _pause(response))
        if response.status_code != httpx.codes.OK:
            self._refuse(response)
        try:
            results = response.json()["results"]
            return [_answered(*pair) for pair in zip(messages, results, strict=True)]
        except (ValueError, KeyError, TypeError, AttributeError):  # also a receipt for something else
            self._refuse(response)

    def _refuse(self, response: httpx.Response) -> NoReturn:
        what = f"it answered {response.status_code}: {_detail(response)}"
        mend = "give the address at which `custody serve` answers, such as http://127.0.0.1:8000"
        raise LedgerUnavailable("no_ledger_there", what, where=self._address, mend=mend)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _check_address(address: str) -> None:
    why = "it names no host"
    try:
        if httpx.URL(address).host:
            return
    except httpx.InvalidURL as error:
        why = str(error)
    raise InputRefused("bad_address", f"this is no address: {why}", where=address[:120], mend="write http://HOST:PORT")


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def _pause(response: httpx.Response) -> float:
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else PAUSE_SECONDS


def _answered(message: bytes, result: dict[str, Any]) -> Answered:
    """Read what is answered to a message; raise ValueError, or another such error, where it is no answer to it.

    A receipt is believed for these bytes alone: what waits is let go of because of it.
    """
    receipt = result.get("receipt")
    if receipt:
        if receipt["leaf"] != leaf_hash(opened(message)[0]).hex():
            raise ValueError(receipt)
        document = {name: receipt[name] for name in RECEIPT}
        return Answered(is_taken=True, is_new=bool(receipt["new"]), is_final=True, document=document)
    document = {name: str(result["problem"][name]) for name in PROBLEM}
    is_final = int(result["status"]) not in LATER
    return Answered(is_taken=False, is_new=False, is_final=is_final, document=document)
