"""Messages by HTTP: lines in, results out, as adapters/http/publishing.py draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from adapters.submit.carriers import Answered, Away
from domain.errors import InputRefused, LedgerUnavailable

PATH = "/v1/events"
SECONDS = httpx.Timeout(60.0, connect=10.0)
LATER = (408, 425, 429, 500, 502, 503, 504)
PAUSE_SECONDS = 1.0


class HttpCarrier:
    """Sends to one server, over a connection that stays open."""

    batch_max = 500
    gives_receipts = True

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._client = httpx.Client(timeout=SECONDS)

    def carry(self, messages: Sequence[bytes]) -> list[Answered]:
        """Send messages as lines. Raise Away, or LedgerUnavailable(no_ledger_there) for what is no ledger."""
        try:
            response = self._client.post(
                f"{self._address}{PATH}", content=b"\n".join(messages), headers={"Content-Type": "application/x-ndjson"}
            )
        except httpx.InvalidURL as error:
            raise InputRefused("bad_address", f"this is no address: {error}", where=self._address) from None
        except httpx.TransportError as error:
            raise Away(f"{self._address}: {error or type(error).__name__}", PAUSE_SECONDS) from None
        if response.status_code in LATER:
            raise Away(f"{self._address}: {response.status_code} {_detail(response)}", _pause(response))
        if response.status_code != httpx.codes.OK:
            self._refuse(response)
        return [_answered(result) for result in self._results(response, len(messages))]

    def _results(self, response: httpx.Response, count: int) -> list[dict[str, Any]]:
        try:
            results: list[dict[str, Any]] = response.json()["results"]
        except (ValueError, KeyError, TypeError):
            results = []
        if len(results) != count:
            self._refuse(response)
        return results

    def _refuse(self, response: httpx.Response) -> None:
        what = f"it answered {response.status_code}: {_detail(response)}"
        mend = "give the address at which `custody serve` answers, such as http://127.0.0.1:8000"
        raise LedgerUnavailable("no_ledger_there", what, where=self._address, mend=mend)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def _pause(response: httpx.Response) -> float:
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else PAUSE_SECONDS


def _answered(result: dict[str, Any]) -> Answered:
    receipt = result.get("receipt")
    if receipt:
        return Answered(is_taken=True, is_new=bool(receipt["new"]), is_final=True, document=receipt)
    is_final = result["status"] not in LATER
    return Answered(is_taken=False, is_new=False, is_final=is_final, document=result["problem"])
