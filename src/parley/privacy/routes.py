"""Masking and unmasking over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parley.kit.errors import InvalidInput
from parley.kit.web import ERRORS, Body
from parley.privacy.entities import Entity
from parley.privacy.placeholders import PlaceholderMap, mask
from parley.privacy.vault import Vaults
from parley.tenants import AccessHere, MayChat, MayManage

router = APIRouter(prefix="/privacy", tags=["privacy"], responses=ERRORS)

MOST_TEXTS = 500
MOST_CHARACTERS = 50_000
MOST_CHARACTERS_IN_ALL = 200_000

Text = Annotated[str, StringConstraints(max_length=MOST_CHARACTERS)]
Spoken = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


async def _vaults(request: Request) -> Vaults:
    vaults: Vaults = request.state.vaults
    return vaults


VaultsHere = Annotated[Vaults, Depends(_vaults)]


class MaskIn(Body):
    """With `conversation_id` the placeholders are that conversation's, and what is new to it is kept in its vault."""

    text: Text
    language: Spoken | None = None
    conversation_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "This is Anna Schmidt, my number is +49 30 901820.", "language": "en"}]
        }
    )


class BatchIn(Body):
    texts: Annotated[list[Text], Field(max_length=MOST_TEXTS)]
    language: Spoken | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"texts": ["I am Anna Schmidt.", "Write to anna@example.com."]}]}
    )


class EntityOut(BaseModel):
    """What was found. `start` and `end` are offsets into the text given; `score` is 0..1."""

    type: str
    start: int
    end: int
    score: float


class MaskedOut(BaseModel):
    text: str
    entities: list[EntityOut]


class BatchOut(BaseModel):
    results: list[MaskedOut]


class UnmaskIn(Body):
    conversation_id: str
    text: Text
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "01990000-0000-7000-8000-000000000003",
                    "text": "Call <PERSON_1> back on <PHONE_NUMBER_1>.",
                    "reason": "The caller asked to be called back.",
                }
            ]
        }
    )


class UnmaskedOut(BaseModel):
    text: str


@router.post("/mask", response_model=MaskedOut)
async def mask_text(body: MaskIn, who: MayChat, vaults: VaultsHere, access: AccessHere) -> Any:
    """Personal data in a text, and the text with placeholders in its place."""
    if body.conversation_id is None:
        [found] = await vaults.find_in([body.text], body.language)
        return _shown(body.text, found, PlaceholderMap())
    tenant = await access.owner_of(who, "conversations", body.conversation_id)
    async with vaults.between_turns(tenant, body.conversation_id, also_unmasked=True) as (_, masking):
        [found] = await vaults.find_in([body.text], body.language, masking.names)
        return _shown(body.text, found, masking.vault)


@router.post("/mask/batch", response_model=BatchOut)
async def mask_batch(body: BatchIn, who: MayChat, vaults: VaultsHere) -> Any:  # noqa: ARG001 - who may
    """The same for many texts at once; each has placeholders of its own."""
    if sum(map(len, body.texts)) > MOST_CHARACTERS_IN_ALL:
        raise InvalidInput(f"texts must have at most {MOST_CHARACTERS_IN_ALL:,} characters in all.")
    found = await vaults.find_in(body.texts, body.language)
    return {"results": [_shown(text, one, PlaceholderMap()) for text, one in zip(body.texts, found, strict=True)]}


@router.post("/unmask", response_model=UnmaskedOut)
async def unmask_text(body: UnmaskIn, who: MayManage, vaults: VaultsHere, access: AccessHere) -> Any:
    """A conversation's masked text with the real values. Who asked, and why, goes into the audit log."""
    tenant = await access.owner_of(who, "conversations", body.conversation_id)
    return {"text": await vaults.unmask(who, tenant, body.conversation_id, body.text, body.reason)}


def _shown(text: str, found: list[Entity], vault: PlaceholderMap) -> dict[str, Any]:
    masked = mask(text, found, vault)
    entities = [{"type": e.type, "start": e.start, "end": e.end, "score": round(e.score, 3)} for e in masked.entities]
    return {"text": masked.text, "entities": entities}
