"""Several vendors behind one product: whose model answers, and who goes on when one of them breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from parley.app.http import create_app
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.inference.usage import Usage
from parley.providers.catalog import CHAT
from tests.conftest import SECRET, Business, _business, _Opened, _with_state
from tests.journeys.conftest import coming, open_desk, rows, talk, teach
from tests.wire import anthropic_replies as claude
from tests.wire import openai_replies as gpt
from tests.wire.anthropic_server import AnthropicServer
from tests.wire.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

FRIDAY = coming("friday")
ORDER = {
    "date": FRIDAY.isoformat(), "time": "19:30", "party_size": 4, "name": "Anna Baker", "phone": "+49 30 901820",
}  # fmt: skip
WISH = f"Please book a table for 4 on {FRIDAY:%d %B} at 7:30 pm for Anna Baker, +49 30 901820"
QUESTION = "What is the meaning of this?"


@dataclass(frozen=True)
class Vendors:
    """The three servers."""

    groq: OpenAIServer
    openai: OpenAIServer
    anthropic: AnthropicServer

    def all(self) -> tuple[OpenAIServer, ...]:
        return self.groq, self.openai, self.anthropic


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with ExitStack() as stack:
        servers = (OpenAIServer(flavour="groq"), OpenAIServer(), AnthropicServer())
        groq, openai, anthropic = (stack.enter_context(server) for server in servers)
        assert isinstance(anthropic, AnthropicServer)
        yield Vendors(groq, openai, anthropic)


@pytest.fixture(scope="module")
async def here(database_url: str, scratch: Path, running: Vendors) -> AsyncIterator[Resources]:
    settings = Settings.model_construct(
        data_dir=scratch,
        groq_api_key=SecretStr("gsk-ours"),
        groq_base_url=running.groq.base_url,
        openai_api_key=SecretStr("sk-ours"),
        openai_base_url=running.openai.base_url,
        anthropic_api_key=SecretStr("sk-ant-ours"),
        anthropic_base_url=running.anthropic.base_url,
    )
    async with open_resources(settings, database_url, SECRET) as opened:
        yield opened


@pytest.fixture(scope="module")
async def served(here: Resources) -> AsyncIterator[Any]:
    application = create_app(_Opened(here), ["http://localhost:3000"])
    async with application.router.lifespan_context(application) as state:
        yield _with_state(application, state)


@pytest.fixture
def vendors(running: Vendors, here: Resources) -> Iterator[Vendors]:
    """Nothing asked yet, and no failure remembered."""
    for server in running.all():
        server.requests.clear()
        server._queue.clear()
    here.models._breaker._records.clear()
    yield running
    assert [len(server._queue) for server in running.all()] == [0, 0, 0], "replies were never asked for"


@pytest.fixture
async def business(served: Any, here: Resources) -> AsyncIterator[Business]:
    async with _business(served, here) as made:
        yield made


def asked(server: OpenAIServer) -> list[dict[str, Any]]:
    return [request.body for request in server.requests if request.method == "POST"]


async def settle_wishes(here: Resources, business: Business) -> None:
    """A tenant's keys and wishes are looked up again every few seconds; here at once."""
    here.models._own.pop(business.id, None)


async def test_an_agent_s_choice_and_its_fallbacks_cross_vendors(vendors: Vendors, business: Business) -> None:
    llm = {"model": "anthropic/claude-sonnet-5-5", "fallback": ["openai/gpt-6-luna", "groq"], "temperature": 0.3}
    agent = await talk(business, "custom", llm=llm)
    vendors.anthropic.queue(claude.streamed("Sonnet speaks."))
    assert (await agent.say(QUESTION))["model"] == "anthropic/claude-sonnet-5-5"
    vendors.anthropic.queue(claude.failure(529, "overloaded_error", headers={"retry-after": "30"}))
    vendors.openai.queue(gpt.rate_limited({"retry-after": "30"}))
    vendors.groq.queue(gpt.groq_streamed("Groq speaks."))
    answer = await agent.say("And who are you, really?")
    assert (answer["reply"], answer["model"]) == ("Groq speaks.", "groq/openai/gpt-oss-20b")
    assert "temperature" not in asked(vendors.anthropic)[0]
    assert asked(vendors.openai)[0]["temperature"] == 0.3
    vendors.groq.queue(gpt.groq_streamed("Groq again."))
    assert (await agent.say("And what do you want of me?"))["reply"] == "Groq again."
    assert (len(asked(vendors.anthropic)), len(asked(vendors.openai))) == (2, 1), "who said when is not asked before"


async def test_another_vendor_goes_on_in_the_middle_of_an_answer(vendors: Vendors, business: Business) -> None:
    agent = await talk(business, "custom", llm={"model": "anthropic", "fallback": ["groq", "openai"]})
    vendors.anthropic.queue(claude.cut_after("I can tell you this much. The rest is unkn"))
    vendors.groq.queue(gpt.groq_streamed("It is a long st", error="upstream gone"))
    vendors.openai.queue(gpt.streamed("The rest is easy to say."))
    events = await agent.stream(QUESTION)
    spoken = "".join(body["text"] for name, body in events if name == "delta")
    assert spoken.strip() == "I can tell you this much. The rest is easy to say."
    assert events[-1][1]["model"] == "openai/gpt-5.4-mini"
    for server in (vendors.groq, vendors.openai):
        so_far, order = asked(server)[-1]["messages"][-2:]
        assert so_far == {"role": "assistant", "content": "I can tell you this much."}
        assert order["role"] == "user"


async def test_anthropic_goes_on_for_another_vendor(vendors: Vendors, business: Business) -> None:
    agent = await talk(business, "custom", llm={"model": "openai", "fallback": ["anthropic"]})
    vendors.openai.queue(gpt.error_in_stream("I can tell you this much. The rest"))
    vendors.anthropic.queue(claude.streamed("I can tell you this much. The rest is easy to say."))
    answer = await agent.say(QUESTION)
    assert answer["reply"] == "I can tell you this much. The rest is easy to say.", "what it repeats is left out"
    roles = [line["role"] for line in asked(vendors.anthropic)[0]["messages"]]
    assert roles == ["user", "system", "assistant", "user"]


async def test_what_fails_before_a_sentence_is_out_is_never_heard(vendors: Vendors, business: Business) -> None:
    agent = await talk(business, "custom", llm={"model": "anthropic", "fallback": ["openai"]})
    vendors.anthropic.queue(claude.replied(claude.text_of("I am sorry, but I"), reason="refusal"))
    vendors.openai.queue(gpt.streamed("It means what it says."))
    assert (await agent.say(QUESTION))["reply"] == "It means what it says."
    vendors.anthropic.queue(claude.stall_after("Well, it"))
    vendors.openai.queue(gpt.streamed("Nothing else."))
    assert (await agent.say("And what else might it mean?"))["reply"] == "Nothing else."


async def test_when_all_fail_the_house_answers(vendors: Vendors, business: Business) -> None:
    await teach(business, "Menu", "Lasagna al forno: 14.50.", "menu")
    agent = await talk(business, "receptionist", llm={"model": "anthropic", "fallback": ["groq"]})
    vendors.anthropic.queue(claude.failure(401, "authentication_error"))
    vendors.groq.queue(gpt.bad_key())
    answer = await agent.say("How much is the lasagna?")
    assert answer["model"] == "house/responder"
    assert "14.50" in answer["reply"]


async def test_a_booking_by_anthropic_s_tool_calls(vendors: Vendors, business: Business) -> None:
    await open_desk(business)
    free = {"start": "free", "nodes": {"free": {}}}
    agent = await talk(business, conversation_flow=free, llm="anthropic/claude-opus-5-5")
    vendors.anthropic.queue(
        claude.replied(
            claude.thought_of(""),
            claude.text_of("I'm booking that for you now."),
            claude.use_of("toolu_1", "book_table", json.dumps(ORDER)),
            reason="tool_use",
        ),
        claude.streamed("Your table is booked for Friday at 7:30 pm."),
    )
    answer = await agent.say(WISH)
    assert answer["reply"] == "I'm booking that for you now. Your table is booked for Friday at 7:30 pm."
    [row] = await rows(business, "reservations")
    assert (row["time"], row["name"]) == ("19:30", "Anna Baker")
    first, second = asked(vendors.anthropic)
    assert {tool["name"] for tool in first["tools"]} >= {"book_table", "check_availability"}
    called, told = second["messages"][-2:]
    assert [block["type"] for block in called["content"]] == ["thinking", "text", "tool_use"]
    assert told["content"][0]["tool_use_id"] == "toolu_1"
    assert json.loads(told["content"][0]["content"])["reference"] == row["reference"]
    trace = await agent.trace()
    assert (trace["prompt_tokens"], trace["completion_tokens"]) == (84, 14), "cached tokens are prompt tokens"


async def test_tools_that_never_end_are_stopped_at_anthropic_too(vendors: Vendors, business: Business) -> None:
    await open_desk(business)
    agent = await talk(business, conversation_flow={"start": "free", "nodes": {"free": {}}}, llm="anthropic")
    free = json.dumps({key: ORDER[key] for key in ("date", "time", "party_size")})
    calls = [claude.tool_called((f"toolu_{n}", "check_availability", free)) for n in range(4)]
    vendors.anthropic.queue(*calls, claude.streamed("There is a table free at 7:30 pm."))
    assert (await agent.say(WISH))["reply"] == "There is a table free at 7:30 pm."
    assert asked(vendors.anthropic)[-1]["tool_choice"] == {"type": "none"}


async def test_the_default_chain_holds_every_vendor(vendors: Vendors, business: Business) -> None:
    agent = await talk(business, "custom")
    vendors.groq.queue(gpt.failure(498))
    vendors.anthropic.queue(claude.failure(529, "overloaded_error"))
    vendors.openai.queue(gpt.streamed("The third one speaks."))
    assert (await agent.say(QUESTION))["reply"] == "The third one speaks."


async def test_a_tenant_s_own_key_comes_first_and_goes_to_the_vendor_alone(
    vendors: Vendors, business: Business, here: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHAT, "anthropic", replace(CHAT["anthropic"], base_url=vendors.anthropic.base_url))
    agent = await talk(business, "custom")
    put = await business.owner.put(f"/tenants/{business.id}/credentials/anthropic", json={"api_key": "sk-ant-theirs"})
    assert put.status_code in {200, 204}, put.text
    await settle_wishes(here, business)
    vendors.anthropic.queue(claude.streamed("On their own account."))
    assert (await agent.say(QUESTION))["reply"] == "On their own account."
    assert vendors.anthropic.requests[-1].headers["authorization"] == "Bearer sk-ant-theirs"
    assert asked(vendors.groq) == [], "which we would have asked first"


class TestTenantChoice:
    @pytest.mark.parametrize(
        "wish", ["anthropic/claude-sonnet-5-5", {"model": "anthropic/claude-sonnet-5-5", "fallback": ["openai"]}]
    )
    async def test_agents_that_name_nothing_get_the_tenant_s(
        self, vendors: Vendors, business: Business, here: Resources, wish: Any
    ) -> None:
        changed = await business.owner.patch(f"/tenants/{business.id}", json={"settings": {"llm": wish}})
        assert changed.status_code == 200, changed.text
        await settle_wishes(here, business)
        silent, own = await talk(business, "custom"), await talk(business, "custom", llm="groq")
        vendors.anthropic.queue(claude.streamed("Sonnet speaks."))
        vendors.groq.queue(gpt.groq_streamed("Groq speaks."))
        assert (await silent.say(QUESTION))["model"] == "anthropic/claude-sonnet-5-5"
        assert (await own.say("And who are you, really?"))["model"] == "groq/openai/gpt-oss-20b"

    @pytest.mark.parametrize(
        "wish",
        [
            "antropic/claude-haiku-5-5",
            "anthropic/claude-3-5-sonnet",
            "vllm",
            7,
            ["anthropic"],
            {"model": "anthropic", "temperature": 1},
            {"fallback": ["openai"]},
        ],
    )
    async def test_a_wish_that_cannot_be_met_names_its_field(
        self, vendors: Vendors, business: Business, wish: Any
    ) -> None:
        changed = await business.owner.patch(f"/tenants/{business.id}", json={"settings": {"llm": wish}})
        assert changed.status_code in {400, 422}
        assert "settings.llm" in changed.json()["detail"]
        assert asked(vendors.anthropic) == []

    async def test_an_ended_model_is_refused_where_an_agent_asks_for_it(self, business: Business) -> None:
        made = await business.owner.post("/agents", json={"name": "Old", "llm": "anthropic/claude-opus-4"})
        assert made.status_code == 422
        assert "retired on 2026-06-15, use anthropic/claude-opus-5-5" in made.json()["detail"]


class TestExtraction:
    SAID = "Agent: Where are you?\nUser: I-10 westbound, just past Indio.\nAgent: Thanks."
    CLAIMS = json.dumps(
        {"current_location": {"value": "Just past Indio on I-10", "quote": "I-10 westbound, just past Indio"}}
    )

    async def extract(self, business: Business) -> dict[str, Any]:
        body = {"transcript": self.SAID, "scenario_type": "check_in"}
        answer = await business.owner.post("/calls/extract", json=body)
        assert answer.status_code == 200, answer.text
        facts: dict[str, Any] = answer.json()["structured_data"]
        return facts

    async def choose(self, business: Business, here: Resources, llm: str) -> None:
        await business.owner.patch(f"/tenants/{business.id}", json={"settings": {"llm": llm}})
        await settle_wishes(here, business)

    async def test_groq_answers_in_the_schema_in_one_piece(
        self, vendors: Vendors, business: Business, here: Resources
    ) -> None:
        await self.choose(business, here, "groq")
        vendors.groq.queue(gpt.whole(self.CLAIMS))
        assert (await self.extract(business))["current_location"] == "Just past Indio on I-10"
        [body] = asked(vendors.groq)
        assert body["stream"] is False
        assert body["response_format"]["json_schema"]["strict"] is True

    async def test_anthropic_answers_in_the_schema(self, vendors: Vendors, business: Business, here: Resources) -> None:
        await self.choose(business, here, "anthropic")
        vendors.anthropic.queue(claude.streamed(self.CLAIMS))
        assert (await self.extract(business))["current_location"] == "Just past Indio on I-10"
        [body] = asked(vendors.anthropic)
        assert "eta" in body["output_config"]["format"]["schema"]["properties"]

    async def test_a_schema_anthropic_finds_too_large_is_asked_for_in_words(
        self, vendors: Vendors, business: Business, here: Resources
    ) -> None:
        await self.choose(business, here, "anthropic")
        too_large = "output_config.format.schema: The compiled grammar is too large."
        vendors.anthropic.queue(
            claude.failure(400, "invalid_request_error", too_large), claude.streamed(f"Here you are: {self.CLAIMS}")
        )
        assert (await self.extract(business))["current_location"] == "Just past Indio on I-10"

    async def test_openai_answers_in_the_schema(self, vendors: Vendors, business: Business, here: Resources) -> None:
        await self.choose(business, here, "openai")
        vendors.openai.queue(gpt.streamed(self.CLAIMS))
        assert (await self.extract(business))["current_location"] == "Just past Indio on I-10"
        assert asked(vendors.openai)[0]["response_format"]["json_schema"]["strict"] is True


def test_what_a_cache_spares_is_not_charged(here: Resources) -> None:
    """Anthropic's docs: a read costs a tenth. Others' discounts are not in the price list."""
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=0, cached_tokens=500_000)
    assert here.models.cost("anthropic/claude-sonnet-5-5", usage) == round(2.0 * 550_000)
    assert here.models.cost("groq/openai/gpt-oss-20b", usage) == 0
