"""The tab of `/try` on which a simulated call is placed and followed, in a true browser."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parley.app.resources import Resources
from tests.conftest import Business
from tests.journeys.calls import dispatcher, working
from tests.serving import on_a_port
from tests.training.browser import CHROMIUM, Page, open_page

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]

PICTURES = os.environ.get("PICTURES_OF_PAGES")  # a folder, for somebody who wants to look
SAID = "[...document.querySelectorAll('#call-lines .line')].map((one) => one.textContent)"


@pytest.fixture
async def page(app: Any, business: Business, resources: Resources) -> AsyncIterator[Page]:
    """`/try` as it is where nobody signs in: every request is the owner's."""
    signed = (b"authorization", business.owner.headers["authorization"].encode())

    async def for_owner(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": [*scope.get("headers", ()), signed]}, receive, send)

    async with working(resources), on_a_port(for_owner) as port, open_page() as opened:
        await opened.load(f"http://127.0.0.1:{port}/try#calls")
        yield opened
        assert opened.complaints == []


async def look(page: Page, name: str) -> None:
    if PICTURES:
        await page.picture(Path(PICTURES) / f"{name}.png")
    assert await page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"


async def place(page: Page, persona: str, pace: int) -> None:
    await page.until("byId('dispatcher').options.length > 0")
    await page.run(f"byId('persona').value = '{persona}'; byId('pace').value = '{pace}'; byId('place').requestSubmit()")


@pytest.mark.parametrize(("device", "width", "height"), [("desk", 1280, 800), ("phone", 390, 844)])
async def test_a_call_from_ringing_to_its_facts(
    page: Page, business: Business, device: str, width: int, height: int
) -> None:
    await dispatcher(business)
    await page.size(width, height)
    await page.load()
    await place(page, "blow_out", 0)
    await page.until("byId('call-lines').dataset.ended")
    await look(page, f"calls-{device}-2-ended")
    [call] = (await business.owner.get("/calls")).json()["calls"]
    told = (await business.owner.get(f"/calls/{call['id']}/transcript")).json()["messages"]
    assert await page.run(SAID) == [line["content"] for line in told]
    assert await page.run("byId('call-state').textContent") == (
        f"Completed · {call['duration']} s · {call['reason'].replace('_', ' ')}"
    )
    assert "Emergency" in await page.run("byId('alarm').textContent")
    learnt = await page.run("byId('learnt').textContent")
    assert "Breakdown" in learnt
    quotes = await page.run("[...document.querySelectorAll('#learnt blockquote')].map((one) => one.textContent)")
    evidence = call["structured_data"]["evidence"]
    assert sorted(quotes) == sorted(proof["quote"] for proof in evidence.values())
    safety = call["structured_data"]["safety_status"]
    assert "not" not in safety, safety
    assert re.search(r"load|straps|trailer|doors", evidence["load_secure"]["quote"])
    assert await page.run("byId('hang-up').hidden")


async def test_a_call_is_followed_while_it_goes_on_and_hung_up(page: Page, business: Business) -> None:
    await dispatcher(business)
    await page.load()
    await place(page, "delayed", 4)
    await page.until("document.querySelector('#call-lines .user')", within=30)
    assert await page.run("byId('call-state').textContent") == "On the line"
    await look(page, "calls-desk-1-live")
    await page.run("byId('hang-up').click()")
    await page.until("byId('call-state').dataset.status === 'cancelled'")
    [call] = (await business.owner.get("/calls")).json()["calls"]
    assert call["status"] == "cancelled"


async def test_a_business_without_a_dispatcher_gets_one(page: Page, business: Business) -> None:
    await page.until("!byId('no-dispatcher').hidden")
    assert await page.run("byId('place-call').disabled")
    await page.run("byId('new-dispatcher').click()")
    await page.until("byId('dispatcher').options.length === 1")
    [agent] = (await business.owner.get("/agents")).json()["agents"]
    assert (agent["type"], agent["scenario_type"]) == ("dispatch", "check_in")
    assert not await page.run("byId('place-call').disabled")


async def test_what_goes_wrong_is_told_on_the_page(page: Page, business: Business) -> None:
    agent = await dispatcher(business)
    await page.load()
    await page.until("byId('dispatcher').options.length > 0")
    await business.owner.patch(f"/agents/{agent}", json={"is_active": False})
    await place(page, "on_time", 0)
    await page.until("document.querySelector('#call-lines .error')")
    assert "not active" in await page.run("document.querySelector('#call-lines .error').textContent")
    page.complaints.clear()  # the browser notes the refusal


async def test_an_administrator_calls_for_the_business_that_has_the_dispatcher(
    app: Any, admin: httpx.AsyncClient, business: Business, rival: Business, resources: Resources
) -> None:
    await dispatcher(business, name="Line of the first")
    agent = await dispatcher(rival, name="Line of the second")
    signed = (b"authorization", admin.headers["authorization"].encode())

    async def for_admin(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": [*scope.get("headers", ()), signed]}, receive, send)

    async with working(resources), on_a_port(for_admin) as port, open_page() as page:
        await page.load(f"http://127.0.0.1:{port}/try#calls")
        await page.until(f"[...byId('dispatcher').options].some((one) => one.value === '{agent}')")
        await page.run(f"byId('dispatcher').value = '{agent}'")
        await place(page, "on_time", 0)
        await page.until("byId('call-lines').dataset.ended")
        assert page.complaints == []
    [call] = (await rival.owner.get("/calls")).json()["calls"]
    assert call["agent_config_id"] == agent


async def test_nothing_of_a_talk_sticks_out_of_a_telephone(page: Page, business: Business) -> None:
    await business.owner.post("/agents", json={"name": "Front Desk", "type": "receptionist"})
    await page.size(390, 844)
    await page.load()
    await page.until("byId('agent').options.length > 0")
    await page.run("byId('tab-talk').click(); byId('call').textContent = 'Hang up (speaking)'")
    await page.run("byId('line').value = 'A table for four people tomorrow evening at half past seven, by the window'")
    await page.run("byId('say').requestSubmit()")
    await page.until("document.querySelectorAll('#talk .agent').length > 0")
    await look(page, "talk-phone")
    # A telephone lays a page out as wide as what sticks out, and says that that is its width.
    assert await page.run("innerWidth") == 390
