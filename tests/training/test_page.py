"""The training tab of `/try` in a true browser, at the width of a desk and of a telephone."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Business
from tests.serving import on_a_port
from tests.training.browser import CHROMIUM, Page, open_page
from tests.training.test_practice import GOOD

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]

PICTURES = os.environ.get("PICTURES_OF_PAGES")  # a folder, for somebody who wants to look


@pytest.fixture
async def page(app: Any, business: Business) -> AsyncIterator[Page]:
    """`/try` as it is where nobody signs in: every request, a socket's too, is the owner's."""
    signed = (b"authorization", business.owner.headers["authorization"].encode())

    async def for_owner(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": [*scope.get("headers", ()), signed]}, receive, send)

    async with on_a_port(for_owner) as port, open_page() as opened:
        await opened.load(f"http://127.0.0.1:{port}/try#practise")
        yield opened
        assert opened.complaints == []


async def say(page: Page, words: str) -> None:
    """Type a line and wait for the customer's reply."""
    before = await page.run("document.querySelectorAll('#exchange .agent').length")
    await page.run(f"byId('words').value = {json.dumps(words)}; byId('speak').requestSubmit()")
    await page.until(f"document.querySelectorAll('#exchange .agent').length > {before} || !byId('result').hidden")


async def look(page: Page, name: str) -> None:
    if PICTURES:
        await page.picture(Path(PICTURES) / f"{name}.png")
    assert await page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"


async def begin(page: Page, name: str = "customer_service") -> None:
    await page.until(f"document.querySelector('[data-name={name}]')")
    await page.run(f"document.querySelector('[data-name={name}]').click()")
    await page.until("document.querySelector('#exchange .agent')")


@pytest.mark.parametrize(("device", "width", "height"), [("desk", 1280, 800), ("phone", 390, 844)])
async def test_a_session_from_choice_to_score(page: Page, device: str, width: int, height: int) -> None:
    await page.size(width, height)
    await page.until("document.querySelectorAll('.card').length >= 3")
    await look(page, f"{device}-1-choice")
    await begin(page)
    assert "Brightline" in await page.run("byId('brief').textContent")

    await page.run("document.querySelector('[data-filename=\"delivery_policy.md\"]').click()")
    await page.until("document.querySelectorAll('#paper li').length > 1")
    await look(page, f"{device}-2-document")
    await page.run("byId('query').value = 'carrier trace'; byId('look').requestSubmit()")
    await page.until("document.querySelector('#paper h4')")

    await say(page, "Hm.")
    await say(page, "Which order number is it?")
    await page.until("document.querySelector('#exchange .hint')")
    await look(page, f"{device}-3-talk")
    for words in GOOD[1:4]:
        await say(page, words)
    await page.run("byId('result').hidden && byId('finish').click()")
    await page.until("!byId('result').hidden")
    await look(page, f"{device}-4-score")
    quotes = await page.run("[...document.querySelectorAll('[data-item] blockquote')].map((one) => one.textContent)")
    typed = " ".join(("Hm.", "Which order number is it?", *GOOD[1:4]))
    assert quotes
    assert all(quote in typed for quote in quotes)
    lost = await page.run("document.querySelector('[data-item=apology]').textContent")
    assert "0 / 15" in lost
    assert "Better: “I'm sorry that your order is late" in lost
    assert "How we write to customers" in lost
    await page.run("document.querySelector('[data-item=apology] cite a').click()")
    await page.until("byId('paper').textContent.includes('Never tell a customer to calm down')")


async def test_a_lost_connection_and_a_reload_lose_and_double_nothing(page: Page) -> None:
    await begin(page)
    await say(page, GOOD[0])
    # The line breaks; what is typed meanwhile is said when it is back.
    await page.run("practice.socket.close()")
    await page.until("practice.socket.readyState === WebSocket.CLOSED")
    await say(page, GOOD[1])
    # It breaks again, right after a line was sent and before it was answered.
    await page.run(f"practice.say({json.dumps(GOOD[2])}); practice.socket.close()")
    await page.until("document.querySelectorAll('#exchange .agent').length === 4")
    talk = "[...document.querySelectorAll('#exchange .line')].map((one) => one.textContent)"
    before = await page.run(talk)
    assert before[1::2] == list(GOOD[:3])
    await page.load()
    await page.until("typeof practice !== 'undefined' && document.querySelectorAll('#exchange .agent').length === 4")
    assert await page.run(talk) == before
    await say(page, GOOD[3])
    assert (await page.run(talk))[:-2] == before
