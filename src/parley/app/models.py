"""Which model answers: an agent's choice, a tenant's keys, ours, and the house responder always last."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Container, Mapping
from typing import NamedTuple

from pydantic import SecretStr

from parley.agents import LlmChoice
from parley.app.model_choice import HOUSE, wanted, wanted_by_tenant
from parley.app.settings import Settings
from parley.house import HouseResponder
from parley.inference.breaker import Breaker, ModelHealth
from parley.inference.errors import ProviderKeyRejected
from parley.inference.fallback import Budget, FallbackChat
from parley.inference.metered import Meter, MeteredChat
from parley.inference.ports import ChatModel
from parley.inference.usage import Usage
from parley.kit.errors import InvalidInput, NotFound
from parley.providers.catalog import CACHE_READ, CHAT, PRICES, Access, Clients, ProviderKeys, default_chain, resolve
from parley.providers.openai_chat import Timeouts
from parley.tenants import Businesses

_TRUST_SECONDS = 15.0
_CHAINS_KEPT = 500
_OURS, _OWN = "ours", "own"
# Nobody waits on the line for facts.
_PATIENT = Budget(first_sentence_s=20.0, longest_wait_s=5.0)
_PATIENT_SILENCES = Timeouts(first=10.0, gap=5.0, tail=0.5, whole=18.0)


def provider_keys(settings: Settings) -> ProviderKeys:
    """How this installation reaches each vendor."""
    rows = {
        "openai": Access(_text(settings.openai_api_key), settings.openai_base_url or "", settings.openai_model or ""),
        "groq": Access(_text(settings.groq_api_key), settings.groq_base_url or "", settings.groq_model or ""),
        "anthropic": Access(
            _text(settings.anthropic_api_key), settings.anthropic_base_url or "", settings.anthropic_model or ""
        ),
        "vllm": Access("", settings.vllm_base_url or "", settings.vllm_model or ""),
        "ollama": Access("", settings.ollama_base_url or "", settings.ollama_model or ""),
        "llamacpp": Access("", settings.llamacpp_base_url or ""),
    }
    return ProviderKeys({name: row for name, row in rows.items() if row != Access()})


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


class _Wishes(NamedTuple):
    """A tenant's own vendor keys, and the models for agents that name none."""

    keys: Mapping[str, dict[str, str]]
    usual: tuple[str, ...]


class Models:
    """Chains of chat models, kept warm. A tenant's own keys go before ours."""

    def __init__(self, settings: Settings, businesses: Businesses, meter: Meter) -> None:
        self._keys = provider_keys(settings)
        self._prices = {**PRICES, **settings.model_prices}
        self._businesses = businesses
        self._meter = meter
        self._clients = Clients()
        self._breaker = Breaker()
        self._house = HouseResponder()
        self._own: OrderedDict[str, tuple[float, _Wishes]] = OrderedDict()
        self._chains: OrderedDict[tuple[str, ...], ChatModel] = OrderedDict()

    async def for_agent(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel:
        """See `conversations.ModelChoice`."""
        return await self._chain(tenant_id, choice)

    async def hosted(self, tenant_id: str, choice: str | LlmChoice | None) -> ChatModel | None:
        """See `conversations.HostedModels`."""
        chain = await self._chain(tenant_id, choice, patient=True)
        return None if chain.name == HOUSE else chain

    async def _chain(self, tenant_id: str, choice: str | LlmChoice | None, *, patient: bool = False) -> ChatModel:
        """The chain for live talk, or a patient one of the same models, without the house behind them."""
        own, usual = await self._own_wishes(tenant_id)
        keys = ProviderKeys(
            {**self._keys.access, **{name: Access(api_key=row["api_key"]) for name, row in own.items()}}
        )
        names = wanted(choice) or list(usual) or _own_first(default_chain(keys), own)
        whose = _OWN if own else _OURS
        key = (
            whose,
            "patient" if patient else "live",
            *names,
            *(f"{name}={access.api_key}" for name, access in sorted(keys.access.items())),
        )
        chain = self._chains.get(key)
        if chain is None:
            # A tenant's rejected key must not keep the others from the same model.
            chain = self._chains[key] = self._build(names, keys, Breaker() if own else self._breaker, patient=patient)
            if len(self._chains) > _CHAINS_KEPT:
                self._chains.popitem(last=False)
        return chain

    def cost(self, model: str, usage: Usage) -> int:
        """See `conversations.Settlement`: dollars per million tokens are millionths of a dollar per token."""
        prompt, completion = self._prices.get(model, (0.0, 0.0))
        spared = usage.cached_tokens * (1.0 - CACHE_READ.get(model.partition("/")[0], 1.0))
        return round(prompt * (usage.prompt_tokens - spared) + completion * usage.completion_tokens)

    def health(self) -> list[ModelHealth]:
        """How each model that was asked with our keys is doing; a tenant's own keys are the tenant's matter."""
        ours = [chain for key, chain in self._chains.items() if key[0] == _OURS]
        seen = {health.name: health for chain in ours for health in _healths(chain)}
        return list(seen.values())

    async def aclose(self) -> None:
        """Close every connection."""
        for chain in self._chains.values():
            await chain.aclose()
        await self._clients.aclose()

    def _build(self, names: list[str], keys: ProviderKeys, breaker: Breaker, *, patient: bool) -> ChatModel:
        models: list[ChatModel] = []
        for name in names:
            if name == HOUSE:
                break
            try:
                silences = _PATIENT_SILENCES if patient else None
                model = resolve(name, keys, clients=self._clients, timeouts=silences)
            except (InvalidInput, ProviderKeyRejected):
                continue
            models.append(MeteredChat(model, self._meter))
        if patient and models:
            return FallbackChat(models, breaker=breaker, budget=_PATIENT)
        return FallbackChat([*models, MeteredChat(self._house, self._meter)], breaker=breaker)

    async def _own_wishes(self, tenant_id: str) -> _Wishes:
        """What the tenant brings, looked up again every few seconds."""
        now = time.monotonic()
        known = self._own.get(tenant_id)
        if known is not None and known[0] > now:
            return known[1]
        stored = await self._businesses.credentials(tenant_id)
        usual: list[str] = []
        # Neither a tenant just deleted nor a wish written before wishes were checked keeps a caller from an answer.
        with contextlib.suppress(NotFound, InvalidInput):
            usual = wanted_by_tenant((await self._businesses.get(tenant_id)).settings)
        own = _Wishes({name: row for name, row in stored.items() if name in CHAT}, tuple(usual))
        self._own[tenant_id] = (now + _TRUST_SECONDS, own)
        self._own.move_to_end(tenant_id)
        if len(self._own) > _CHAINS_KEPT:
            self._own.popitem(last=False)
        return own


def _own_first(names: list[str], own: Container[str]) -> list[str]:
    """The vendors that the tenant pays before those that we pay."""
    return sorted(names, key=lambda name: name.partition("/")[0] not in own)


def _healths(chain: ChatModel) -> list[ModelHealth]:
    return chain.health() if isinstance(chain, FallbackChat) else []
