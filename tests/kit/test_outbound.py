"""Requests to addresses of somebody else's choosing reach public hosts only."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from parley.kit.guard import CalledInsideTransaction, transaction_open
from parley.kit.outbound import Outbound, OutboundFailed, OutboundRefused, check_url, is_public

pytestmark = pytest.mark.anyio


@dataclass
class Server:
    """A raw HTTP server on loopback that answers each path with the bytes it was given."""

    port: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")]
        body = await reader.readexactly(int(lengths[0])) if lengths else b""
        self.seen.append(head + body.decode())
        path = head.split(" ")[1].partition("?")[0]
        answer = self.answers.get(path)
        if answer is None:
            await reader.read()  # says nothing until the other side gives up
        else:
            writer.write(answer)
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made


def ok(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def resolving(*answers: Sequence[str]) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A resolver that gives one answer after the other, and the names it was asked."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "0.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "168.63.129.16",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:db8::1",
        "3fff::1", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_what_is_not_a_public_host(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_a_public_host(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com", "example.com", "http://",
        "http://user:pw@example.com/", "http://@example.com/", "http://127.0.0.1@example.com/", "http://2130706433/",
        "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://127.1/", "http://127.0.0.1./",
        "http://[::1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1%25eth0]/", "http://169.254.169.254/latest",
        "http://example.com:0/", "http://example.com:70000/", "http://example.com\\@127.0.0.1/", "http://exa mple.com/",
        "http://１２７.0.0.1/", "http://①②⑦.⓪.⓪.①/", "https://example.com/" + "a" * 2000,
    ],
)  # fmt: skip
def test_a_url_that_its_text_alone_forbids(url: str) -> None:
    with pytest.raises(OutboundRefused, match="url"):
        check_url(url)


@pytest.mark.parametrize("url", ["https://example.com", "http://api.example.com:8080/a?b=c", "https://face.example/"])
def test_a_url_that_is_fine(url: str) -> None:
    assert check_url(url).host


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["fe80::1%2"]])
async def test_a_name_with_any_address_that_is_not_public_is_refused(server: Server, addresses: list[str]) -> None:
    resolve, _ = resolving(addresses)
    client = Outbound(resolve=resolve)
    with pytest.raises(OutboundRefused):
        await client.send("GET", f"http://innocent.example:{server.port}/")
    assert server.seen == []


async def test_a_name_is_resolved_once_and_the_judged_address_is_used(server: Server) -> None:
    """A name that would lead elsewhere when asked again (DNS rebinding) is not asked again."""
    server.answers["/"] = ok(b'{"a":1}')
    resolve, asked = resolving(["127.0.0.1"], ["127.0.0.2"])
    client = Outbound(["127.0.0.1"], resolve=resolve)
    answer = await client.send("GET", f"http://hooks.example:{server.port}/", params={"order": "47 11"})
    assert (answer.status, answer.body, answer.content_type) == (200, b'{"a":1}', "application/json")
    assert asked == ["hooks.example"]
    assert server.seen[0].startswith("GET /?order=47+11 ") or server.seen[0].startswith("GET /?order=47%2011 ")
    assert f"host: hooks.example:{server.port}\r\n" in server.seen[0].lower()


async def test_a_name_that_turns_private_is_refused_the_second_time(server: Server) -> None:
    server.answers["/"] = ok()
    resolve, _ = resolving(["127.0.0.1"], ["127.0.0.2"])
    client = Outbound(["127.0.0.1"], resolve=resolve)
    await client.send("GET", f"http://hooks.example:{server.port}/")
    with pytest.raises(OutboundRefused):
        await client.send("GET", f"http://hooks.example:{server.port}/")


async def test_an_allowed_name_is_reached_wherever_it_lives(server: Server) -> None:
    server.answers["/"] = ok()
    resolve, _ = resolving(["127.0.0.1"])
    client = Outbound(["Hooks.LAN"], resolve=resolve)
    assert (await client.send("GET", f"http://hooks.lan:{server.port}/")).status == 200


async def test_a_redirect_is_judged_like_the_first_address(server: Server) -> None:
    server.answers["/"] = ok(b"", "location: http://169.254.169.254/latest", status="302 Found")
    client = Outbound(["127.0.0.1"])
    with pytest.raises(OutboundRefused):
        await client.send("GET", f"http://127.0.0.1:{server.port}/")


async def test_secrets_do_not_follow_a_redirect_to_another_origin(server: Server) -> None:
    async with serving() as other:
        other.answers["/there"] = ok()
        server.answers["/"] = ok(b"", f"location: http://127.0.0.1:{other.port}/there", status="307 Temporary")
        server.answers["/same"] = ok(b"", "location: /end", status="303 See Other")
        server.answers["/end"] = ok()
        client = Outbound(["127.0.0.0/8"])
        secret = {"x-api-key": "s3cret", "content-type": "application/json"}
        base = f"http://127.0.0.1:{server.port}"
        await client.send("POST", f"{base}/", headers=secret, content=b'{"a":1}')
        assert "s3cret" in server.seen[0]
        assert "s3cret" not in other.seen[0]
        assert other.seen[0].endswith('{"a":1}')
        await client.send("POST", f"{base}/same", headers=secret, content=b'{"a":1}')
        assert server.seen[-1].startswith("GET /end ")
        assert "s3cret" in server.seen[-1]
        assert not server.seen[-1].endswith("}")


async def test_redirects_end(server: Server) -> None:
    server.answers["/"] = ok(b"", "location: /", status="302 Found")
    with pytest.raises(OutboundFailed) as failed:
        await Outbound(["127.0.0.1"]).send("GET", f"http://127.0.0.1:{server.port}/")
    assert failed.value.code == "outbound.redirects"
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ok(b"x" * 1001), "outbound.too_large"),
        (ok(b"x", "content-encoding: gzip"), "outbound.encoding"),
        (b"not http at all\r\n\r\n", "outbound.failed"),
        (b"", "outbound.failed"),
    ],
)
async def test_an_answer_that_is_too_much_or_none(server: Server, answer: bytes, code: str) -> None:
    server.answers["/"] = answer
    with pytest.raises(OutboundFailed) as failed:
        await Outbound(["127.0.0.1"], max_bytes=1000).send("GET", f"http://127.0.0.1:{server.port}/")
    assert failed.value.code == code


async def test_an_endpoint_that_says_nothing_is_given_up(server: Server) -> None:
    with pytest.raises(OutboundFailed) as failed:
        await Outbound(["127.0.0.1"]).send("GET", f"http://127.0.0.1:{server.port}/silent", timeout=0.05)
    assert failed.value.code == "outbound.timeout"


async def test_a_name_that_does_not_exist() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(OutboundFailed) as failed:
        await Outbound(resolve=resolve).send("GET", "http://nowhere.example/")
    assert failed.value.code == "outbound.unknown_host"


async def test_no_request_leaves_while_a_transaction_is_open() -> None:
    with transaction_open(), pytest.raises(CalledInsideTransaction):
        await Outbound().send("GET", "http://example.com/")
