"""Retell's webhooks: the newer single address, the one for calls that come in, and both older names.

The body is verified as it came, taken in, and worked off by a job: the answer is out before anything is done.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

from parley.calls import Reports
from parley.inference.retell_call import SIGNATURE_HEADER
from parley.kit.web import ERRORS

router = APIRouter(prefix="/webhooks/retell", tags=["carriers' webhooks"], responses=ERRORS)

_signature = APIKeyHeader(
    name=SIGNATURE_HEADER,
    auto_error=False,
    description="`v=<unix ms>,d=<hex HMAC-SHA256 over the raw body and v>`, by the account's API key.",
)


async def _reports(request: Request) -> Reports:
    reports: Reports = request.state.calls.reports
    return reports


ReportsHere = Annotated[Reports, Depends(_reports)]
Signature = Annotated[str | None, Security(_signature)]


class TakenIn(BaseModel):
    """Taken in. `call_inbound` is the answer to an announced call: which agent answers it, and what it is told."""

    call_inbound: dict[str, Any] | None = Field(
        default=None,
        examples=[{"override_agent_id": "agent_y", "dynamic_variables": {"call_id": "…"}, "metadata": {}}],
    )


async def _take_in(request: Request, reports: Reports, signature: str | None) -> TakenIn:
    answer = await reports.receive(await request.body(), signature)
    return TakenIn.model_validate(answer or {})


@router.post("", response_model_exclude_none=True)
async def retell_event(request: Request, reports: ReportsHere, signature: Signature = None) -> TakenIn:
    """call_started, call_ended, call_analyzed, transcript_updated, call_inbound, such as
    `{"event": "call_ended", "call": {"call_id": "call_1", "call_status": "ended", "end_timestamp": 1767225661000,
    "disconnection_reason": "user_hangup", "transcript": "Agent: …"}}`. Others are passed over.
    """
    return await _take_in(request, reports, signature)


@router.post("/inbound", response_model_exclude_none=True)
async def retell_inbound(request: Request, reports: ReportsHere, signature: Signature = None) -> TakenIn:
    """Somebody calls one of our numbers: `{"event": "call_inbound", "call_inbound": {"agent_id": "agent_x",
    "from_number": "+14155550123", "to_number": "+14155550100"}}`. The number's agent answers.
    """
    return await _take_in(request, reports, signature)


@router.post("/conversation", response_model_exclude_none=True)
async def retell_conversation(request: Request, reports: ReportsHere, signature: Signature = None) -> TakenIn:
    """`/webhooks/retell` under its older name for what happens during a call."""
    return await _take_in(request, reports, signature)


@router.post("/call-ended", response_model_exclude_none=True)
async def retell_call_ended(request: Request, reports: ReportsHere, signature: Signature = None) -> TakenIn:
    """`/webhooks/retell` under its older name for the end of a call."""
    return await _take_in(request, reports, signature)
