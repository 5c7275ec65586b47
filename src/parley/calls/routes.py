"""Calls over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parley.calls.initiate import NewCall
from parley.calls.live import CallLive
from parley.calls.record import Status
from parley.calls.room import Calls
from parley.calls.shown import CallOut
from parley.conversations import TalkFacts, wanted_schema
from parley.inference.carrier import Simulate
from parley.kit.errors import InvalidInput
from parley.kit.web import ERRORS, WRITTEN_OUT, Body, Pages, Read, event_stream, list_model, page_of
from parley.tenants import AccessHere, MayRead, MayWrite, TenantFilter

router = APIRouter(tags=["calls"], responses=ERRORS)

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Basis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


async def _calls(request: Request) -> Calls:
    calls: Calls = request.state.calls
    return calls


CallsHere = Annotated[Calls, Depends(_calls)]
_BEAT = 15.0  # seconds


async def _live(request: Request) -> CallLive:
    live: CallLive = request.state.call_live
    return live


LiveHere = Annotated[CallLive, Depends(_live)]


async def _facts(request: Request) -> TalkFacts:
    facts: TalkFacts = request.state.talk_facts
    return facts


FactsHere = Annotated[TalkFacts, Depends(_facts)]


class ConsentIn(Body):
    """On what basis the person may be called: contract, express, legitimate_interest, …, or refused."""

    basis: Basis
    source: Annotated[str, StringConstraints(max_length=500)] = ""
    obtained_at: Annotated[datetime | None, WRITTEN_OUT] = None


class ExtractIn(Body):
    """`transcript`: a text with a line per turn ("Agent: …"), or a list of messages with role and content."""

    transcript: Annotated[str, StringConstraints(max_length=200_000)] | list[dict[str, Any]]
    scenario_type: str | None = Field(default=None, description="check_in or emergency.")
    wanted: dict[str, Any] | None = Field(
        default=None,
        alias="schema",
        description="A JSON schema of type object with fields of type string (also format date, time, email, phone),"
        " number, integer, boolean, enum, arrays of texts or numbers, and objects of these; `$ref` within it.",
    )
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "transcript": "Agent: Where are you now?\nDriver: I-10 near Indio.\nAgent: Your ETA?\n"
                    "Driver: Tomorrow, 8:00 AM.",
                    "scenario_type": "check_in",
                },
                {
                    "transcript": [
                        {"role": "agent", "content": "How many pallets?", "message_id": "m1"},
                        {"role": "user", "content": "Twelve.", "message_id": "m2"},
                    ],
                    "schema": {"type": "object", "properties": {"pallets": {"type": "integer"}}},
                },
            ]
        }
    )


class ExtractedOut(BaseModel):
    """`structured_data` is flat: field → value or null, plus `evidence`: {field: {quote, message_id, confidence}}."""

    structured_data: dict[str, Any]


class SimulateIn(Body):
    """A call on the simulated line. `speed` 0 is as fast as possible, 1 as fast as people speak."""

    persona: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "on_time"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    speed: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0


class CallIn(Body):
    driver_name: Short
    phone_number: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="E.164, such as +16085550117."
    )
    load_number: Short
    agent_config_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    consent: ConsentIn | Basis | bool | None = None
    simulate: SimulateIn | None = None
    idempotency_key: Key | None = Field(default=None, description="The same as the header Idempotency-Key.")
    tenant_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "driver_name": "Mo Reyes",
                    "phone_number": "+16085550117",
                    "load_number": "7891-B",
                    "agent_config_id": "01a1f86d-5a7c-7cc1-a1b2-3d9f1f0e8a11",
                    "consent": {"basis": "contract", "source": "carrier agreement"},
                    "simulate": {"persona": "on_time", "seed": 1, "speed": 0},
                }
            ]
        }
    )

    def consented(self) -> dict[str, Any] | None:
        """The consent in its one shape: true is consent without a source, false a refusal."""
        if self.consent is None or isinstance(self.consent, ConsentIn):
            return None if self.consent is None else self.consent.model_dump(mode="json", exclude_none=True)
        if isinstance(self.consent, bool):
            return {"basis": "consent" if self.consent else "refused"}
        return {"basis": self.consent}


class SaidOut(Read):
    role: Literal["user", "agent", "operator"]
    content: str
    at: datetime | None
    message_id: str | None


class TranscriptOut(BaseModel):
    call_id: str
    messages: list[SaidOut]
    raw: str | None


IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", max_length=200, description="The same key is the same call.")
]


@router.post(
    "/calls/initiate",
    status_code=201,
    response_model=CallOut,
    responses={200: {"model": CallOut, "description": "The call that was begun under the same key."}},
)
async def initiate_call(
    body: CallIn,
    who: MayWrite,
    calls: CallsHere,
    access: AccessHere,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Call a driver. What speaks against calling now is refused where a telephone would ring, and listed in `warnings`
    on the simulated line."""
    tenant = await access.tenant_for(who, body.tenant_id)
    if idempotency_key and body.idempotency_key and idempotency_key != body.idempotency_key:
        raise InvalidInput("idempotency_key is not the same as the header Idempotency-Key.")
    wish = NewCall(
        driver_name=body.driver_name,
        phone_number=body.phone_number,
        load_number=body.load_number,
        agent_config_id=body.agent_config_id,
        consent=body.consented(),
        simulate=None if body.simulate is None else Simulate(**body.simulate.model_dump()),
        idempotency_key=idempotency_key or body.idempotency_key,
    )
    call, new = await calls.initiation.initiate(who, tenant, wish)
    response.status_code = 201 if new else 200
    return call


@router.post("/calls/extract")
async def extract_from_transcript(body: ExtractIn, who: MayWrite, facts: FactsHere, access: AccessHere) -> ExtractedOut:
    """Get the facts out of a transcript: of a dispatch call by `scenario_type`, of any talk by a JSON `schema`.

    Every field has its value or null; `evidence` holds for what was found the words that prove it, the message they
    stand in (its `message_id`, else its number from 1) and a confidence from 0 to 1.
    """
    schema = wanted_schema(body.scenario_type, body.wanted)
    tenant = await access.tenant_for(who, body.tenant_id)
    if isinstance(body.transcript, str) and not body.transcript.strip():
        raise InvalidInput("transcript must not be empty.")
    return ExtractedOut(structured_data=await facts.read(tenant, body.transcript, schema))


@router.get("/calls", response_model=list_model("calls", CallOut))
async def list_calls(
    who: MayRead,
    calls: CallsHere,
    access: AccessHere,
    paging: Pages,
    tenant_id: TenantFilter = None,
    status: Status | None = None,
    agent_config_id: str | None = None,
    phone_number: Annotated[str | None, Query(description="E.164; its + written as %2B.")] = None,
    load_number: str | None = None,
    direction: Literal["outbound", "inbound"] | None = None,
) -> Any:
    tenant = await access.tenant_for_filter(who, tenant_id)
    if tenant is None:
        return {"calls": [], "next_cursor": None}
    # A + that was not escaped arrives as a space.
    number = None if phone_number is None else "+" + phone_number.strip().lstrip("+")
    filters = {"status": status, "agent_config_id": agent_config_id, "phone_number": number}
    filters |= {"load_number": load_number, "direction": direction}
    page = page_of(await calls.log.page(tenant, paging.limit, paging.cursor, **filters), paging.limit)
    return {"calls": page.items, "next_cursor": page.next_cursor}


@router.get("/calls/{call_id}", response_model=CallOut)
async def get_call(call_id: str, who: MayRead, calls: CallsHere, access: AccessHere) -> Any:
    return await calls.log.get(await access.owner_of(who, "call_records", call_id), call_id)


@router.get("/calls/{call_id}/transcript")
async def get_call_transcript(call_id: str, who: MayRead, calls: CallsHere, access: AccessHere) -> TranscriptOut:
    """What was said so far. `raw` is the same as one text."""
    call, said, raw = await calls.log.said(await access.owner_of(who, "call_records", call_id), call_id)
    return TranscriptOut(call_id=call.id, messages=[SaidOut.model_validate(line) for line in said], raw=raw)


@router.get(
    "/calls/{call_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def call_events(
    call_id: str,
    who: MayRead,
    live: LiveHere,
    access: AccessHere,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=20, description="Goes on behind this line.")
    ] = None,
) -> Response:
    """The call as it happens, as server-sent events, until it ends: `status`, `transcript` (with its number as id),
    `transcript_removed` (it turned out not to have been said), `partial`, `slots`, `emergency`, `held`, `ended`."""
    tenant = await access.owner_of(who, "call_records", call_id)
    return await event_stream(live.events(tenant, call_id, last_event_id), beat=_BEAT)


@router.post("/calls/{call_id}/cancel", response_model=CallOut)
async def cancel_call(call_id: str, who: MayWrite, calls: CallsHere, access: AccessHere) -> Any:
    """Call it off. A call that is over stays as it is."""
    return await calls.log.cancel(who, await access.owner_of(who, "call_records", call_id), call_id)


@router.post("/calls/{call_id}/extract", response_model=CallOut)
async def extract_call_again(call_id: str, who: MayWrite, calls: CallsHere, access: AccessHere) -> Any:
    """Read the facts of the call again, by the agent's present schema."""
    return await calls.log.extract_again(who, await access.owner_of(who, "call_records", call_id), call_id)
