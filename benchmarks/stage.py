"""The stage of the HTTP benchmarks: a true installation that knows a restaurant, questions without repetition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources

import httpx

from tests.soak.installation import ServerProcess, Tenant, found_tenant, installed, serving

_FRAMES = (
    "Do you have {} on the menu?",
    "How much is the {}?",
    "Is the {} made without nuts?",
    "Can the {} be prepared for a child?",
    "What is the {} served with?",
    "Could I get the {} to take away?",
    "Which wine goes well with the {}?",
    "How large is a portion of the {}?",
)
_QUALITIES = "grilled fried cold warm large small classic spicy creamy crispy smoked stuffed braised fresh".split()
_DISHES = "lasagna risotto tiramisu bruschetta calamari gnocchi carbonara minestrone saltimbocca branzino".split()


def questions(count: int, *, offset: int = 0) -> list[str]:
    """`count` questions, none twice: a remembered answer would spare the turn its work."""
    found = []
    for number in range(offset, offset + count):
        rest, frame = divmod(number, len(_FRAMES))
        rest, dish = divmod(rest, len(_DISHES))
        rest, quality = divmod(rest, len(_QUALITIES))
        again = f" ({rest})" if rest else ""
        found.append(_FRAMES[frame].format(f"{_QUALITIES[quality]} {_DISHES[dish]}") + again)
    return found


@dataclass(frozen=True)
class Stage:
    """A running server and its tenant."""

    url: str
    server: ServerProcess
    tenant: Tenant

    @property
    def headers(self) -> dict[str, str]:
        return {"X-API-Key": self.tenant.key}


@contextmanager
def staged(environment: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """A server over a database of its own; the tenant knows the demo restaurant's documents."""
    with installed() as postgres:
        tenant = found_tenant(postgres.url, "Tony's Restaurant")
        with serving(postgres.url, environment=environment) as [server]:
            stage = Stage(postgres.url, server, tenant)
            with httpx.Client(base_url=server.base_url, headers=stage.headers, timeout=60) as client:
                teach(client)
            yield stage


def teach(client: httpx.Client) -> None:
    """Give the tenant an agent and the demo restaurant's documents."""
    client.post("/agents", json={"name": "Front Desk", "type": "receptionist"}).raise_for_status()
    for title, content in _documents():
        body = {"source": "faq", "title": title, "content": content}
        client.post("/knowledge/ingest", json=body).raise_for_status()


def _documents() -> Iterator[tuple[str, str]]:
    folder = resources.files("parley.app.demo").joinpath("businesses", "01_restaurant")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".md"):
            yield file.name.removesuffix(".md").replace("_", " ").title(), file.read_text(encoding="utf-8")
