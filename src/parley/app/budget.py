"""What a tenant's hosted models may cost in a calendar month (UTC): its setting `monthly_cost_limit`, in US dollars.

Beyond it the house answers until the month is over. The sum is what `/analytics/usage` shows; it is looked up at most
once a minute per tenant and process, so a limit may be passed by what a minute costs.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

from parley.agents import LlmChoice
from parley.app.model_choice import HOUSE
from parley.app.models import Models
from parley.inference.ports import ChatModel
from parley.insights import Insights, Scope
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.errors import NotFound
from parley.tenants import Businesses

_LOOKED_UP_FOR = 60.0
_MOST_KEPT = 10_000

_log = log.get("budget")


class Budget:
    """Whether a tenant's month is spent."""

    def __init__(self, businesses: Businesses, insights: Insights, clock: Clock) -> None:
        self._businesses = businesses
        self._insights = insights
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    async def is_spent(self, tenant_id: str) -> bool:
        """Whether the month's models have cost the tenant's limit."""
        now = self._clock.now()
        until, spent = self._known.get(tenant_id, (0.0, False))
        if now.timestamp() < until:
            return spent
        spent = await self._look(tenant_id, now)
        self._known[tenant_id] = (now.timestamp() + _LOOKED_UP_FOR, spent)
        while len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return spent

    async def _look(self, tenant_id: str, now: datetime) -> bool:
        try:
            limit = (await self._businesses.get(tenant_id)).settings.get("monthly_cost_limit")
        except NotFound:
            return False
        if limit is None:
            return False
        month = datetime(now.year, now.month, 1, tzinfo=UTC)
        cost = float(await self._insights.cost(Scope(tenant_id, since=month)))
        if cost >= float(limit):
            _log.warning("budget.spent", tenant_id=tenant_id, limit=limit, cost=cost)
        return cost >= float(limit)


class ModelsWithinBudget:
    """`Models`, and the house where a tenant's month is spent."""

    def __init__(self, models: Models, budget: Budget) -> None:
        self._models = models
        self._budget = budget

    async def for_agent(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel:
        """See `conversations.ModelChoice`."""
        spent = await self._budget.is_spent(tenant_id)
        return await self._models.for_agent(tenant_id, HOUSE if spent else choice)

    async def hosted(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel | None:
        """See `conversations.HostedModels`."""
        return None if await self._budget.is_spent(tenant_id) else await self._models.hosted(tenant_id, choice)
