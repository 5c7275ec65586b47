"""What every route shares: bodies that refuse unknown fields, pages, error answers and server-sent events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import iter_route_contexts
from fastapi.sse import format_sse_event
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from parley.kit import log
from parley.kit.errors import InvalidInput, Unavailable, VoiceAgentException

_log = log.get("web")

Item = TypeVar("Item")

_DEEPEST = 64


class ErrorBody(BaseModel):
    """Every error answer."""

    detail: str | list[dict[str, Any]]
    type: str
    code: str


def _refuse_unstorable(value: Any) -> None:
    """Refuse, by a sentence, what JSON can say and PostgreSQL or our own JSON cannot: NUL, lone surrogates, numbers
    beyond 64 bits, no numbers at all (NaN), and nesting that would exhaust the stack further in."""
    level = [value]
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for one in level:
            _refuse_scalar(one)
            if isinstance(one, dict):
                deeper += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                deeper += one
        if not deeper:
            return
        level = deeper
    raise ValueError(f"JSON must be nested at most {_DEEPEST} levels deep")


def _refuse_scalar(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("text must not contain the NUL character")
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("text must not contain lone surrogates")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("numbers must be finite")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("whole numbers must fit into 64 bits")


def _written_out(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError("must be a text such as 2027-01-01T00:00:00Z")
    return value


WRITTEN_OUT = BeforeValidator(_written_out)  # for times: pydantic would take a number for seconds since 1970


class Body(BaseModel):
    """A request body: unknown fields are refused, never silently dropped."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        _refuse_unstorable(value)
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _counted(cls, value: Any, field: ValidationInfo) -> Any:
        """pydantic reads true as 1; JSON Schema, and so the document, does not."""
        if isinstance(value, bool) and _takes_numbers_alone(cls, str(field.field_name)):
            raise ValueError("must be a number, not true or false")
        return value


@cache
def _takes_numbers_alone(body: type[BaseModel], field: str) -> bool:
    """Whether the document has a field as a number, null or not."""
    told = body.model_json_schema(by_alias=False)["properties"][field]
    kinds = {one.get("type") for one in told.get("anyOf", [told])}
    return bool(kinds & {"integer", "number"}) and kinds <= {"integer", "number", "null"}


class Read(BaseModel):
    """A response model filled from a dataclass."""

    model_config = ConfigDict(from_attributes=True)


def given(body: Body, nullable: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields a PATCH names. Null is refused but for the `nullable` ones. Raises `InvalidInput`."""
    values = body.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in nullable:
            raise InvalidInput(f"{name} must not be null; leave it out to keep it.")
    return values


@dataclass(frozen=True, slots=True)
class Paging:
    """`?limit=&cursor=` of a list. The cursor is the id of the last item of the page before."""

    limit: int
    cursor: str | None


# Ids, or places in a conversation; "" is none.
_CURSOR = r"^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,18})?$"


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500, description="Items per page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=64, pattern=_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
) -> Paging:
    for name in ("limit", "cursor"):
        if len(request.query_params.getlist(name)) > 1:
            raise InvalidInput(f"{name} must be given once.")
    return Paging(limit, cursor or None)


Pages = Annotated[Paging, Depends(_paging)]


class Page(Generic[Item]):
    """Items newest first, one more than asked for fetched to know whether a next page exists."""

    def __init__(self, items: Sequence[Item], limit: int, *, last_id: str | None) -> None:
        self.items = list(items[:limit])
        self.next_cursor = last_id if len(items) > limit else None


def page_of(items: Sequence[Any], limit: int) -> Page[Any]:
    """Cut `items` (limit + 1 of them where there are more; each with an `id`) to a page."""
    last_id = items[limit - 1].id if len(items) > limit else None
    return Page(items, limit, last_id=last_id)


def list_model(plural: str, item: type[BaseModel]) -> type[BaseModel]:
    """The response model `{"<plural>": [...], "next_cursor": null}`."""
    fields: dict[str, Any] = {plural: (list[item], ...), "next_cursor": (str | None, None)}  # type: ignore[valid-type]
    return create_model(f"{item.__name__}List", **fields)


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": description}
    for status, description in (
        (400, "The request cannot be carried out."),
        (401, "Credentials are missing or not valid."),
        (403, "The caller may not do this."),
        (404, "No such id for this caller."),
        (409, "The state of the thing forbids it."),
        (413, "Too large."),
        (422, "A field is wrong; `detail` names it."),
        (429, "Too many requests; see `Retry-After`."),
        (502, "A vendor failed."),
        (503, "Not ready; try again."),
    )
}


def _answer(error: VoiceAgentException) -> JSONResponse:
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if error.retry_after is not None else None
    return JSONResponse(error.body(), status_code=error.status, headers=headers)


async def _on_domain_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VoiceAgentException)  # noqa: S101 - registered for this class only
    if error.status >= 500:
        _log.error("request.failed", code=error.code, exc_info=error)
    return _answer(error)


def _without_input(problems: Iterable[Any]) -> list[dict[str, Any]]:
    """FastAPI's list without the offending values: a wrong password must not come back or reach a log."""
    return [{"type": p["type"], "loc": list(p["loc"]), "msg": p["msg"]} for p in problems]


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    body = {"detail": _without_input(error.errors()), "type": "RequestValidationError", "code": "input.invalid"}
    return JSONResponse(body, status_code=422)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = {400: "input.unreadable", 404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http")
    body = {"detail": error.detail, "type": "HTTPException", "code": code}
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _allowed(request)
    return JSONResponse(body, status_code=error.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """Every method of the path (RFC 9110, section 15.5.6); the router itself names those of one route only."""
    routes = [(one.path, one.methods) for one in iter_route_contexts(request.app.routes) if one.path and one.methods]
    path = request.scope["path"]
    template = next((known for known, _ in routes if compile_path(known)[0].match(path)), "")
    return ", ".join(sorted({method for known, methods in routes if known == template for method in methods}))


async def _on_unstorable(_: Request, __: Exception) -> JSONResponse:
    body = {"detail": "A value cannot be stored as text.", "type": "InvalidInput", "code": "input.invalid"}
    return JSONResponse(body, status_code=422)


async def _on_no_database(_: Request, error: Exception) -> JSONResponse:
    _log.error("database.unreachable", exc_info=error)
    return _answer(Unavailable("The database cannot be reached; try again.", retry_after=1))


async def _on_defect(request: Request, error: Exception) -> JSONResponse:
    _log.error("request.crashed", path=request.url.path, exc_info=error)
    body = {"detail": "Something went wrong on our side.", "type": "InternalError", "code": "internal"}
    return JSONResponse(body, status_code=500)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error in the one shape."""
    app.add_exception_handler(VoiceAgentException, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(DataError, _on_unstorable)
    for no_database in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(no_database, _on_no_database)
    app.add_exception_handler(Exception, _on_defect)


Told = tuple[str, Any] | tuple[str, Any, str | None]  # name, body, and the id a client may go on from


async def event_stream(events: AsyncIterator[Told], *, beat: float | None = None) -> StreamingResponse:
    """Answer with server-sent events. The first is awaited before the status line, so that errors keep theirs.

    `beat`: after so many seconds of silence a comment is sent, so that nobody on the way takes the stream for dead.
    """
    first = await anext(events, None)

    async def body() -> AsyncIterator[bytes]:
        if first is None:
            return
        yield _encode(*first)
        if beat is None:
            async for one in events:
                yield _encode(*one)
            return
        waiting = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait([waiting], timeout=beat)
                if not done:
                    yield b": still here\n\n"
                    continue
                if (told := waiting.result()) is None:
                    return
                yield _encode(*told)
                waiting = asyncio.ensure_future(anext(events, None))
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _encode(name: str, data: Any, number: str | None = None) -> bytes:
    return format_sse_event(data_str=orjson.dumps(data).decode(), event=name, id=number)
