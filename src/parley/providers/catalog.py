"""The one list of chat vendors: "vendor/model" to a model, made when it is asked for.

    clients = Clients()
    keys = ProviderKeys({"groq": Access(api_key="…"), "ollama": Access(base_url="http://gpu:11434/v1", model="qwen3")})
    chat = resolve("groq/openai/gpt-oss-20b", keys, clients=clients)

The part before the first slash is the vendor; the rest is the vendor's own id and may contain slashes itself. Rooms
above this one add vendors of their own (the house responder) through `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from parley.inference.errors import ProviderKeyRejected
from parley.inference.ports import ChatModel
from parley.kit.errors import InvalidInput
from parley.providers._openai_clients import groq_address
from parley.providers.anthropic_chat import AnthropicChat, AnthropicClients
from parley.providers.openai_chat import OpenAIChat, OpenAIClients, Quirks, Timeouts

ChatFactory = Callable[[str], ChatModel]
"""From the part of the name behind the vendor ("" where the name ends there) to a model."""


@dataclass(frozen=True, slots=True)
class Access:
    """How this installation reaches one vendor; "" means the vendor's default (no key, public address, usual model)."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """Access by vendor name. A vendor that is missing here is not configured."""

    access: Mapping[str, Access] = field(default_factory=dict)

    def of(self, vendor: str) -> Access:
        """The vendor's access; an empty one where nothing is configured."""
        return self.access.get(vendor, Access())


class Clients:
    """The shared connections of every vendor's SDK, for one loop's lifespan."""

    def __init__(self) -> None:
        self.openai = OpenAIClients()
        self.anthropic = AnthropicClients()

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        await self.openai.aclose()
        await self.anthropic.aclose()


@runtime_checkable
class HostedChat(ChatModel, Protocol):
    """A model behind an address and perhaps a key."""

    async def check(self) -> None:
        """Ask for something cheap. Raises `ProviderError` where address or key is wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Where and how one model is asked."""

    vendor: str
    model: str
    base_url: str
    api_key: str = field(repr=False)
    timeouts: Timeouts | None
    clients: Clients | None


@dataclass(frozen=True, slots=True)
class ChatVendor:
    """A row of the catalog. `model` is the default, "" where the operator has to name what the server serves."""

    base_url: str
    connect: Callable[[Route], HostedChat]
    model: str = ""
    needs_key: bool = False


def _compatible(quirks: Callable[[str], Quirks]) -> Callable[[Route], HostedChat]:
    """The adapter for servers that speak OpenAI's wire, with what is particular to one of them."""

    def connect(route: Route) -> HostedChat:
        return OpenAIChat(
            route.vendor,
            route.model,
            base_url=route.base_url,
            api_key=route.api_key,
            quirks=quirks(route.model),
            timeouts=route.timeouts,
            clients=route.clients.openai if route.clients else None,
        )

    return connect


def _anthropic(route: Route) -> HostedChat:
    return AnthropicChat(
        route.vendor,
        route.model,
        base_url=route.base_url,
        api_key=route.api_key,
        timeouts=route.timeouts,
        clients=route.clients.anthropic if route.clients else None,
    )


def _openai(model: str) -> Quirks:
    reasons = model.startswith(("gpt-5", "gpt-6", "o3"))
    return Quirks(
        max_tokens_field="max_completion_tokens",
        obfuscation=True,
        cache_key=True,
        reasoning_tokens=512 if reasons else 0,
        # A caller is waiting: thinking first is the wrong trade for a sentence or two.
        extra={"reasoning_effort": "none"} if reasons else {},
    )


def _groq(model: str) -> Quirks:
    reasons = "gpt-oss" in model
    extra: dict[str, str | bool] = {}
    if reasons:
        extra = {"reasoning_effort": "low", "include_reasoning": False}
    elif "qwen3" in model:
        extra = {"reasoning_effort": "none"}
    return Quirks(
        "max_completion_tokens",
        x_groq=True,
        reasoning_tokens=512 if reasons else 0,
        schema_alone=True,
        strict_schema=reasons,
        extra=extra,
    )


def _connect_groq(route: Route) -> HostedChat:
    return _compatible(_groq)(replace(route, base_url=groq_address(route.base_url)))


def _local(_: str) -> Quirks:
    return Quirks("max_tokens")


# Default models are current ids without an announced shutdown (vendors' model pages, 2026-11-20).
CHAT: dict[str, ChatVendor] = {
    "openai": ChatVendor("https://api.openai.com/v1", _compatible(_openai), "gpt-5.4-mini", needs_key=True),
    "groq": ChatVendor("https://api.groq.com/openai/v1", _connect_groq, "openai/gpt-oss-20b", needs_key=True),
    "anthropic": ChatVendor("https://api.anthropic.com", _anthropic, "claude-haiku-5-5", needs_key=True),
    "vllm": ChatVendor("http://localhost:8000/v1", _compatible(_local)),
    "ollama": ChatVendor("http://localhost:11434/v1", _compatible(_local)),
    "llamacpp": ChatVendor("http://localhost:8080/v1", _compatible(_local), "default"),
}
# US dollars per million tokens of prompt and of completion, where a vendor's model page says so (2026-11-20).
PRICES: Mapping[str, tuple[float, float]] = {
    "anthropic/claude-opus-5-5": (4.0, 20.0),
    "anthropic/claude-sonnet-5-5": (2.0, 10.0),
    "anthropic/claude-haiku-5-5": (0.1, 0.5),
}
# What a token read from the vendor's prefix cache costs, as a part of a prompt token's price.
CACHE_READ: Mapping[str, float] = {"anthropic": 0.1}
# Order of the automatic chain: the fastest first token first, then what runs on the operator's own machines.
_CHAIN = ("groq", "anthropic", "openai", "vllm", "ollama", "llamacpp")


def resolve(
    name: str,
    keys: ProviderKeys,
    *,
    clients: Clients | None = None,
    timeouts: Timeouts | None = None,
    extra: Mapping[str, ChatFactory] | None = None,
) -> ChatModel:
    """The model behind a catalog name; a bare vendor name means its default model.

    Raises `InvalidInput` naming `llm` for an unknown vendor or a missing model, `ProviderKeyRejected` where the vendor
    needs a key and none is configured. Nothing is sent anywhere.
    """
    vendor, _, model = name.strip().partition("/")
    if extra and vendor in extra:
        return extra[vendor](model)
    row, model = check_name(name, keys, others=extra or ())
    access = keys.of(vendor)
    if row.needs_key and not access.api_key and not access.base_url:
        raise ProviderKeyRejected(f"No API key is configured for {vendor}.", vendor=vendor)
    return row.connect(Route(vendor, model, access.base_url or row.base_url, access.api_key, timeouts, clients))


def check_name(
    name: str, keys: ProviderKeys, *, where: str = "llm", others: Iterable[str] = ()
) -> tuple[ChatVendor, str]:
    """The row and the vendor's id of the model that a name stands for. Nothing is opened.

    Raises `InvalidInput` naming `where` for an unknown vendor (`others` are known too) or a missing model.
    """
    vendor, _, model = name.strip().partition("/")
    row = CHAT.get(vendor)
    if row is None:
        known = ", ".join(sorted({*CHAT, *others}))
        raise InvalidInput(f"{where}: {vendor!r} is no known vendor; a name is vendor/model, vendors are {known}.")
    model = model or keys.of(vendor).model or row.model
    if not model:
        raise InvalidInput(f"{where}: {vendor} has no default model; write {vendor}/<the model your server serves>.")
    return row, model


def default_chain(keys: ProviderKeys) -> list[str]:
    """Catalog names of the configured vendors, best first; empty without any. The caller appends its last link."""
    chain = []
    for vendor in _CHAIN:
        row, access = CHAT[vendor], keys.of(vendor)
        model = access.model or row.model
        if model and (access.api_key or access.base_url):
            chain.append(f"{vendor}/{model}")
    return chain
