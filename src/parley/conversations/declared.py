"""Tools a tenant has declared, beside the built-in ones."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from parley.conversations.tools import Tool, ToolRefused
from parley.conversations.turn import Turn
from parley.frontdesk import DeclaredTool, DeclaredTools
from parley.inference.chat import ToolSpec
from parley.kit.db import Database

_TRUST_SECONDS = 3.0
_TENANTS_KEPT = 1000


class Declared:
    """Offers each tenant's declared tools to its agents; looked up again every few seconds."""

    def __init__(self, db: Database, tools: DeclaredTools) -> None:
        self._db = db
        self._tools = tools
        self._known: OrderedDict[str, tuple[float, dict[str, Tool]]] = OrderedDict()

    async def tools_for(self, tenant_id: str, /) -> dict[str, Tool]:
        """The active ones, by name."""
        now = time.monotonic()
        known = self._known.get(tenant_id)
        if known is not None and known[0] > now:
            return known[1]
        async with self._db.begin(tenant_id) as connection:
            rows = await self._tools.offered(connection, tenant_id)
        tools = {row.name: self._tool(row) for row in rows}
        self._known[tenant_id] = (now + _TRUST_SECONDS, tools)
        self._known.move_to_end(tenant_id)
        if len(self._known) > _TENANTS_KEPT:
            self._known.popitem(last=False)
        return tools

    def _tool(self, row: DeclaredTool) -> Tool:
        async def act(turn: Turn, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
            outcome = await self._tools.run(turn.tenant.id, row, given, idempotency_key=key)
            if not outcome.ok:
                raise ToolRefused(outcome.detail or "The tool did not answer.", status=outcome.status)
            content = outcome.content
            return content if isinstance(content, dict) else {"result": content}

        # What reads may be asked again; what writes happens once per conversation and arguments.
        return Tool(ToolSpec(row.name, row.description, row.parameters), act, changes=row.method != "GET", outside=True)
