"""What every route shares: bodies, pages, error answers, event streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError
from sqlalchemy.exc import OperationalError

from parley.kit.errors import InvalidInput, NotFound, TooMany, VoiceAgentException
from parley.kit.web import Body, event_stream, install_error_handlers, page_of
from parley.kit.web import given as given_fields

pytestmark = pytest.mark.anyio


class Thing(Body):
    name: str | None = None
    settings: dict[str, Any] | None = None


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_sound_json_passes(value: Any) -> None:
    assert Thing(settings={"value": value}).settings == {"value": value}


@pytest.mark.parametrize(
    "value",
    ["\x00", "\ud800", "a\udfffb", float("inf"), float("-inf"), float("nan"), 2**63, -(2**63) - 1],
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": [v]}, lambda v: [[[[{"b": v}]]]]])
def test_what_cannot_be_stored_is_refused_at_any_depth(value: Any, wrap: Any) -> None:
    with pytest.raises(ValidationError, match="must"):
        Thing(settings={"value": wrap(value)})


def test_keys_are_looked_at_too_and_depth_has_an_end() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        Thing(settings={"a\x00": 1})
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValidationError, match="deep"):
        Thing(settings={"deep": deep})


class Counts(Body):
    whole: Annotated[int, Field(ge=0)] | None = None
    share: float = 0.5
    flag: bool = False
    either: int | bool = 0
    anything: Any = None


@pytest.mark.parametrize("field", ["whole", "share"])
@pytest.mark.parametrize("value", [True, False])
def test_true_is_no_number(field: str, value: bool) -> None:
    with pytest.raises(ValidationError, match="must be a number, not true or false") as refused:
        Counts.model_validate({field: value})
    assert refused.value.errors()[0]["loc"] == (field,)


def test_true_is_taken_where_it_is_asked_for() -> None:
    taken = Counts(flag=True, either=True, anything=True)
    assert (taken.flag, taken.either, taken.anything) == (True, True, True)
    assert Counts(whole=1, share=1).model_dump(exclude_unset=True) == {"whole": 1, "share": 1.0}


def test_fields_of_a_patch() -> None:
    assert given_fields(Thing(name="a")) == {"name": "a"}
    assert given_fields(Thing(name=None), frozenset({"name"})) == {"name": None}
    with pytest.raises(InvalidInput, match="name must not be null"):
        given_fields(Thing(name=None))


@dataclass
class Item:
    id: str


@given(st.integers(0, 20), st.integers(1, 10))
def test_pages(total: int, limit: int) -> None:
    """One more than asked for says that there is a next page, whose cursor is the last id shown."""
    items = [Item(str(number)) for number in range(total)]
    page = page_of(items[: limit + 1], limit)
    assert page.items == items[:limit]
    assert page.next_cursor == (items[limit - 1].id if total > limit else None)


@pytest.fixture
def faulty() -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)
    faults: dict[str, Exception] = {
        "missing": NotFound("agent"),
        "busy": TooMany("Slow down.", retry_after=0.2),
        "ours": VoiceAgentException("Kaput."),
        "database": OperationalError("SELECT", {}, Exception("connection refused: secret host")),
        "defect": RuntimeError("a secret of the source"),
    }

    @app.get("/{name}")
    @app.post("/{name}")
    async def fail(name: str) -> None:
        raise faults[name]

    @app.put("/{name}")
    async def take(name: str, thing: Thing) -> None:
        return None

    return app


@pytest.mark.parametrize(
    ("path", "status", "code", "kind"),
    [
        ("/missing", 404, "not_found", "NotFound"),
        ("/busy", 429, "rate_limited", "TooMany"),
        ("/ours", 500, "internal", "VoiceAgentException"),
        ("/database", 503, "unavailable", "Unavailable"),
        ("/defect", 500, "internal", "InternalError"),
        ("/a/b", 404, "not_found", "HTTPException"),
    ],
)
async def test_errors_have_one_shape_and_tell_nothing(
    faulty: FastAPI, path: str, status: int, code: str, kind: str
) -> None:
    transport = httpx.ASGITransport(app=faulty, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(path)
    assert answer.status_code == status
    body = answer.json()
    assert (body["code"], body["type"], set(body)) == (code, kind, {"detail", "type", "code"})
    assert "secret" not in answer.text
    if status == 429:
        assert answer.headers["retry-after"] == "1", "a whole second at least"


async def test_a_method_the_path_does_not_have(faulty: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=faulty), base_url="http://test") as client:
        answer = await client.delete("/missing")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, PUT")


async def test_events_are_framed_and_the_first_may_still_fail() -> None:
    async def events() -> AsyncIterator[tuple[str, Any]]:
        yield "delta", {"text": "line one\nline two ü"}
        yield "done", {}

    response = await event_stream(events())
    parts = [part if isinstance(part, str) else bytes(part).decode() async for part in response.body_iterator]
    blocks = "".join(parts).strip().split("\n\n")
    assert blocks[0].split("\n")[0] == "event: delta"
    assert json.loads(blocks[0].split("\n")[1].removeprefix("data: ")) == {"text": "line one\nline two ü"}
    assert blocks[1] == "event: done\ndata: {}"
    assert response.headers["cache-control"] == "no-store"

    async def broken() -> AsyncIterator[tuple[str, Any]]:
        for missing in (NotFound("agent"),):
            raise missing
        yield "never", {}

    with pytest.raises(NotFound):
        await event_stream(broken())
