"""A headless Chromium over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import websockets

from tests.patience import PATIENCE

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-port=0",
)


class Page:
    """One tab. `complaints`: what the console and the content policy had to say."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        body = {"id": number, "method": method, "params": params}
        await self._wire.send(json.dumps(body | ({"sessionId": self._session} if self._session else {})))
        return await asyncio.wait_for(answer, PATIENCE)

    async def read(self) -> None:
        """Take what the browser sends, until it ends."""
        with suppress(websockets.ConnectionClosed):
            async for words in self._wire:
                self._take(json.loads(words))

    def _take(self, message: Mapping[str, Any]) -> None:
        if "id" in message:
            answer = self._answers.pop(message["id"])
            if not answer.done():
                answer.set_result(message.get("result", message))
        elif message["method"] == "Page.loadEventFired":
            self._loaded.set()
        elif message["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:500])
        elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])

    async def attach(self) -> None:
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def load(self, url: str | None = None) -> None:
        """Go to an address, or load the page again; returns when it is there."""
        self._loaded.clear()
        await (self.call("Page.navigate", url=url) if url else self.call("Page.reload"))
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def run(self, script: str) -> Any:
        """The value of an expression, a promise's too. Raises `AssertionError` for what it throws."""
        answer = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, condition: str, within: float = 20) -> Any:
        """Wait in the page until an expression holds; returns its value."""
        watch = (
            f"new Promise((done) => {{ const look = () => {{ const value = {condition};"
            f" if (value) done(value); else setTimeout(look, 20); }}; look(); }})"
        )
        try:
            async with asyncio.timeout(within):
                return await self.run(watch)
        except TimeoutError:
            shown = await self.run("document.body.innerText.slice(0, 2000)")
            raise AssertionError(f"not so: {condition}\n{self.complaints}\n{shown}") from None

    async def size(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    async def picture(self, place: Path) -> None:
        place.write_bytes(  # noqa: ASYNC240 - a test's own file
            base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])
        )


@asynccontextmanager
async def open_page() -> AsyncIterator[Page]:
    """A fresh browser with one empty tab."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="parley-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *_OPTIONS,
            f"--user-data-dir={folder}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with websockets.connect(await _address(process), max_size=None) as wire:
                page = Page(wire)
                reading = asyncio.create_task(page.read())
                await page.attach()
                yield page
                reading.cancel()
        finally:
            process.terminate()
            await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            if b"DevTools listening on " in line:
                return line.split()[-1].decode()
    raise TimeoutError("the browser did not start")
