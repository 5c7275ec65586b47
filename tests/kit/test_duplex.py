"""A connection inside one process behaves as one over a wire does."""

from __future__ import annotations

import asyncio

import pytest

from parley.kit.duplex import Closed, connected

pytestmark = pytest.mark.anyio


async def test_frames_arrive_in_order_both_ways() -> None:
    one, other = connected()
    for text in "abc":
        await one.send(text)
    await other.send("x")
    assert [await other.receive() for _ in range(3)] == ["a", "b", "c"]
    assert await one.receive() == "x"


async def test_what_was_sent_before_the_end_is_received() -> None:
    one, other = connected()
    await one.send("last")
    await one.close(1000)
    await one.close(1011)
    assert await other.receive() == "last"
    for end in (one, other):
        with pytest.raises(Closed) as closed:
            await end.receive()
        assert closed.value.code == 1000
        with pytest.raises(Closed):
            await end.send("more")


async def test_closing_wakes_who_waits() -> None:
    one, other = connected()
    waiting = asyncio.create_task(one.receive())
    await asyncio.sleep(0)
    await other.close(1006)
    with pytest.raises(Closed):
        await waiting


async def test_a_far_end_that_does_not_read_is_waited_for() -> None:
    one, other = connected()
    for number in range(1000):
        await one.send(str(number))
    sending = asyncio.create_task(one.send("one too many"))
    await asyncio.sleep(0.01)
    assert not sending.done()
    await other.receive()
    await sending
    last = [await other.receive() for _ in range(1000)][-1]
    assert last == "one too many"
