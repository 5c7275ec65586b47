"""Tools a business declares: HTTP endpoints of its own that its agents may call."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.frontdesk import store
from parley.frontdesk.schema import check_arguments, check_schema
from parley.frontdesk.store import Tool
from parley.kit.db import Database
from parley.kit.errors import Conflict, InvalidInput, NotFound
from parley.kit.ids import new_id
from parley.kit.outbound import Answer, Outbound, OutboundFailed, OutboundRefused, check_url
from parley.kit.secrets import Keyring
from parley.tenants import Principal, record_audit

MOST_TOOLS = 50
_T = store.tools
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[\x20-\x7e\t]{0,4000}")
_NOT_YOURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "accept-encoding"})
_IN_QUERY = frozenset({"GET", "DELETE"})


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a call came to. `content` is the answer's JSON, or its text; where not ok, `code` and `detail` say why.

    code: tool.arguments, tool.status (the endpoint answered with an error), outbound.… (it was not reached).
    """

    ok: bool
    status: int | None
    content: Any
    code: str | None
    detail: str
    took_ms: float


class DeclaredTools:
    """Declared tools of all tenants. The values of their headers are sealed and never handed out."""

    def __init__(self, db: Database, keyring: Keyring, outbound: Outbound) -> None:
        self._db = db
        self._keyring = keyring
        self._outbound = outbound

    async def page(self, tenant_id: str, limit: int, cursor: str | None) -> list[Tool]:
        """The newest `limit` + 1 before `cursor`."""
        async with self._db.begin(tenant_id) as connection:
            return await _T.page(connection, tenant_id, limit, cursor)

    async def get(self, tenant_id: str, tool_id: str) -> Tool:
        """The tool, or `NotFound`."""
        async with self._db.begin(tenant_id) as connection:
            return await _get(connection, tenant_id, tool_id)

    async def offered(self, connection: AsyncConnection, tenant_id: str) -> list[Tool]:
        """The active ones, on the caller's transaction, oldest first."""
        column = _T.table.c
        return await _T.sorted_by(connection, tenant_id, column.id, MOST_TOOLS, column.is_active)

    async def add(self, who: Principal, tenant_id: str, values: Mapping[str, Any]) -> Tool:
        """Declare a tool. Raises `InvalidInput` naming the field, `Conflict` where the name is taken."""
        row = {"id": new_id(), "tenant_id": tenant_id, **self._checked(values)}
        async with self._db.begin(tenant_id) as connection:
            await store.lock(connection, f"{tenant_id}:tools")
            if len(await _T.page(connection, tenant_id, MOST_TOOLS, None)) >= MOST_TOOLS:
                raise Conflict(f"A business declares at most {MOST_TOOLS} tools.", code="tool.too_many")
            made = await _T.add_unless_known(connection, row)
            if made is None:
                raise _taken()
            await record_audit(connection, who, tenant_id, "tool.created", made.id)
        return made

    async def change(self, who: Principal, tenant_id: str, tool_id: str, values: Mapping[str, Any]) -> Tool:
        """Set the given fields; `headers` are put in place of all present ones."""
        given = self._checked(values)
        async with self._db.begin(tenant_id) as connection:
            await store.lock(connection, f"{tenant_id}:tools")
            before = await _get(connection, tenant_id, tool_id)
            name = given.get("name", before.name)
            if await _T.first(connection, tenant_id, _T.table.c.name == name, _T.table.c.id != tool_id) is not None:
                raise _taken()
            changed = await _T.change(connection, tenant_id, tool_id, given)
            await record_audit(connection, who, tenant_id, "tool.changed", tool_id, fields=sorted(values))
        return changed or before

    async def delete(self, who: Principal, tenant_id: str, tool_id: str) -> None:
        async with self._db.begin(tenant_id) as connection:
            if not await _T.remove(connection, tenant_id, tool_id):
                raise NotFound("tool")
            await record_audit(connection, who, tenant_id, "tool.deleted", tool_id)

    async def run(
        self, tenant_id: str, tool: Tool, arguments: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> ToolOutcome:
        """Call the endpoint, once. What goes wrong is an outcome, not an exception.

        `arguments` go into the query of GET and DELETE, else into a JSON body. `idempotency_key` is sent as the header
        Idempotency-Key, for an endpoint that must not act twice.
        """
        started = time.perf_counter()

        def outcome(ok: bool, status: int | None, content: Any, code: str | None, detail: str) -> ToolOutcome:
            return ToolOutcome(ok, status, content, code, detail, round((time.perf_counter() - started) * 1000, 1))

        try:
            check_arguments(tool.parameters, dict(arguments))
        except InvalidInput as error:
            return outcome(False, None, None, error.code, error.detail)
        try:
            answer = await self._send(tenant_id, tool, arguments, idempotency_key)
        except (OutboundRefused, OutboundFailed) as error:
            return outcome(False, None, None, error.code, error.detail)
        if not 200 <= answer.status < 300:
            return outcome(False, answer.status, _content(answer), "tool.status", f"It answered {answer.status}.")
        return outcome(True, answer.status, _content(answer), None, "")

    async def _send(
        self, tenant_id: str, tool: Tool, arguments: Mapping[str, Any], idempotency_key: str | None
    ) -> Answer:
        async with self._db.begin(tenant_id) as connection:
            sealed = await store.get_sealed_headers(connection, tenant_id, tool.id)
        headers = {"accept": "application/json", **(orjson.loads(self._keyring.open(sealed)) if sealed else {})}
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        params, content = None, None
        if tool.method in _IN_QUERY:
            params = {name: _as_text(value) for name, value in arguments.items()}
        else:
            content = orjson.dumps(dict(arguments))
            headers["content-type"] = "application/json"
        return await self._outbound.send(
            tool.method, tool.url, headers=headers, params=params, content=content, timeout=tool.timeout_seconds
        )

    def _checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a request's fields."""
        row = {name: value for name, value in values.items() if name != "headers"}
        if "parameters" in row:
            check_schema(row["parameters"])
        if "url" in row:
            try:
                check_url(row["url"], self._outbound.allowed)
            except OutboundRefused as error:
                raise InvalidInput(error.detail, code=error.code) from error
        if "headers" in values:
            headers: dict[str, str] = values["headers"]
            _check_headers(headers)
            row["header_names"] = sorted(headers)
            row["sealed_headers"] = self._keyring.seal(orjson.dumps(headers).decode()) if headers else None
        return row


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in _NOT_YOURS:
            raise InvalidInput(f"headers: {name!r} is not a header one may set.")
        if not _VALUE.fullmatch(value):
            raise InvalidInput(f"headers: the value of {name!r} must be plain text without line breaks.")


def _taken() -> Conflict:
    return Conflict("name is already used by another tool.", code="tool.duplicate")


async def _get(connection: AsyncConnection, tenant_id: str, tool_id: str) -> Tool:
    found = await _T.get(connection, tenant_id, tool_id)
    if found is None:
        raise NotFound("tool")
    return found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _content(answer: Answer) -> Any:
    """JSON where it is, else text; what is neither is not shown."""
    if answer.content_type.endswith("json"):
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return answer.body.decode("utf-8", "replace")
    if answer.content_type.startswith("text/") or not answer.content_type:
        return answer.body.decode("utf-8", "replace")
    return None
