"""Every path at which questions are answered; each request counts against what its address may send."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from adapters.http.reading import agreements, cases, changes, disagreements, figures, log, rules, tables, whatif
from adapters.http.reading.asking import counted

router = APIRouter(dependencies=[Depends(counted)])
for part in (tables, cases, changes, disagreements, whatif, figures, rules, agreements, log):
    router.include_router(part.router)
