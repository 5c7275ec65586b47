"""HTTP to addresses that somebody else chose, without letting them reach what is ours (server-side request forgery).

The name is resolved here, every address it has is judged, and the connection goes to the address that was judged: a
name that answers differently the second time (DNS rebinding) is asked only once. Redirects are judged like the first
address; time, size and number of hops are bounded. No proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from typing_extensions import override

from parley.kit import guard
from parley.kit.errors import VoiceAgentException

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_MOST_HOPS = 3
_AUTHORITY = re.compile(r"[^:]*://([^/?#]*).*", re.DOTALL)
_MOST_URL = 2000
_EMBEDS_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))  # NAT64; compatible, RFC 4291
# Not public, though `ipaddress` of some Python says so: NAT64's local prefix, documentation (RFC 9637), the 6to4 relay
# (RFC 7526), and a cloud's metadata service at a public address.
_ALSO_SPECIAL = tuple(
    ipaddress.ip_network(text) for text in ("64:ff9b:1::/48", "3fff::/20", "192.88.99.0/24", "168.63.129.16/32")
)
_KEPT_ELSEWHERE = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})


class OutboundRefused(VoiceAgentException):
    """400: the address is not one this server connects to."""

    code, status = "outbound.refused", 400


class OutboundFailed(VoiceAgentException):
    """502: the other side did not answer, not in time, or with too much."""

    code, status = "outbound.failed", 502


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is complete: a longer one is an error, not cut."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def is_public(address: IPAddress) -> bool:
    """Whether an address is a public, single host's, looking through every notation that wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
    special = address.is_multicast or address.is_reserved or any(address in network for network in _ALSO_SPECIAL)
    return address.is_global and not special


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDS_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def check_url(url: str, allow: Allowed | None = None) -> httpx.URL:
    """The URL, if its text alone forbids nothing. Raises `OutboundRefused` with a sentence."""
    if len(url) > _MOST_URL or any(char <= " " or char == "\x7f" for char in url) or "\\" in url:
        raise OutboundRefused("url must be an http or https address without spaces.")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise OutboundRefused("url must be an http or https address.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise OutboundRefused("url must start with http:// or https:// and name a host.")
    if parsed.userinfo or "@" in _AUTHORITY.sub(r"\1", url, count=1):
        raise OutboundRefused("url must not hold a user name or password; use headers.")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise OutboundRefused("url names a port that does not exist.")
    literal = _literal(parsed.host)
    if literal is not None and not (is_public(literal) or (allow is not None and allow.address(literal))):
        raise OutboundRefused("url points to an address that is not public.")
    return parsed


def _literal(host: str) -> IPAddress | None:
    """The address a host is written as. Raises for notations that resolvers and this check may read differently."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last.lower().startswith("0x"):
        raise OutboundRefused("url must write an IP address in its usual form.")
    return None


class Allowed:
    """What is reached although it is not public: networks ("10.1.0.0/16"), addresses and host names ("hooks.lan")."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._hosts.add(entry.strip().lower().rstrip("."))

    def address(self, address: IPAddress) -> bool:
        return any(address in network for network in self._networks)

    def host(self, host: str) -> bool:
        return host.lower().rstrip(".") in self._hosts


async def system_resolver(host: str, port: int) -> list[str]:
    """Every address of a name, as the operating system knows it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class _JudgedTransport(httpx.AsyncBaseTransport):
    """Resolves, judges, and connects to the judged address; TLS still asks for the name."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        # Connections are not kept: the pool knows them by address, and two names may share one.
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = check_url(str(request.url), self._allowed)
        addresses = await self._addresses(url)
        failure: httpx.TransportError | None = None
        for address in addresses:
            extensions = {**request.extensions, "sni_hostname": url.host}
            target = url.copy_with(host=str(address))
            judged = httpx.Request(
                request.method, target, headers=request.headers, stream=request.stream, extensions=extensions
            )
            try:
                return await self._inner.handle_async_request(judged)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("no address")

    async def _addresses(self, url: httpx.URL) -> list[IPAddress]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            texts = await self._resolve(url.host, port)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed("The host of url cannot be found.", code="outbound.unknown_host") from error
        addresses = [ipaddress.ip_address(text) for text in texts]
        if not addresses:
            raise OutboundFailed("The host of url cannot be found.", code="outbound.unknown_host")
        if not self._allowed.host(url.host):
            for address in addresses:
                if not is_public(address) and not self._allowed.address(address):
                    raise OutboundRefused("url points to an address that is not public.")
        return addresses

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


class Outbound:
    """A client for addresses of somebody else's choosing. `allow`: see `Allowed`."""

    def __init__(
        self, allow: Iterable[str] = (), *, max_bytes: int = 256_000, resolve: Resolve = system_resolver
    ) -> None:
        self.allowed = Allowed(allow)
        self._max_bytes = max_bytes
        self._client = httpx.AsyncClient(
            transport=_JudgedTransport(self.allowed, resolve), trust_env=False, follow_redirects=False
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float = 10,  # noqa: ASYNC109 - the limit of the whole exchange, redirects included
    ) -> Answer:
        """Send and read the answer. Raises `OutboundRefused`, `OutboundFailed`.

        A redirect to another origin is followed without the caller's headers and never from https to http.
        """
        guard.require_no_transaction("an outbound request")
        target = check_url(url, self.allowed).copy_merge_params(dict(params or {}))
        request = httpx.Request(method, target, headers=_plain(headers or {}), content=content)
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(request, timeout)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OutboundFailed(
                f"The other side did not answer within {timeout:g} seconds.", code="outbound.timeout"
            ) from error
        except httpx.HTTPError as error:
            raise OutboundFailed("The connection to the other side failed.") from error

    async def _follow(self, request: httpx.Request, timeout: float) -> Answer:  # noqa: ASYNC109
        request.extensions["timeout"] = httpx.Timeout(timeout).as_dict()
        for _ in range(_MOST_HOPS + 1):
            response = await self._client.send(request, stream=True)
            try:
                following = _redirected(request, response)
                if following is None:
                    return await self._read(response)
            finally:
                await response.aclose()
            following.extensions["timeout"] = request.extensions["timeout"]
            request = following
        raise OutboundFailed(f"More than {_MOST_HOPS} redirects.", code="outbound.redirects")

    async def _read(self, response: httpx.Response) -> Answer:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise OutboundFailed("The answer is compressed, which was not asked for.", code="outbound.encoding")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise OutboundFailed(f"The answer is larger than {self._max_bytes} bytes.", code="outbound.too_large")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, kind, bytes(body), dict(response.headers))

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """A compressed answer could be a thousand times its size."""
    return {**headers, "accept-encoding": "identity"}


def _redirected(request: httpx.Request, response: httpx.Response) -> httpx.Request | None:
    """The request a redirect asks for, or None. RFC 9110, section 15.4."""
    if response.status_code not in (301, 302, 303, 307, 308) or "location" not in response.headers:
        return None
    try:
        target = request.url.join(response.headers["location"])
    except (httpx.InvalidURL, UnicodeError) as error:
        raise OutboundFailed("The other side redirects to no valid address.", code="outbound.redirects") from error
    if request.url.scheme == "https" and target.scheme != "https":
        raise OutboundRefused("url redirects from https to http.")
    keeps_body = response.status_code in (307, 308) or request.method in ("GET", "HEAD")
    same_origin = (target.scheme, target.host, target.port) == (
        request.url.scheme,
        request.url.host,
        request.url.port,
    )
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in ("host", "content-length", "transfer-encoding") and (same_origin or name in _KEPT_ELSEWHERE)
    }
    if keeps_body:
        return httpx.Request(request.method, target, headers=headers, content=request.content or None)
    headers.pop("content-type", None)
    return httpx.Request("GET", target, headers=headers)
