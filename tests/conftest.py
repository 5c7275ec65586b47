"""What every test may use: a real PostgreSQL per worker, the true app over it, and tenants of one's own.

Tests share a database and keep apart by tenant, as customers do; whoever needs a server or a database alone makes one.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import structlog

from parley.app.http import create_app
from parley.app.migrate import migrate
from parley.app.resources import Resources, open_resources
from parley.app.settings import Settings
from parley.app.warmup import one_arithmetic_thread
from parley.kit import log
from parley.kit.ids import new_id
from parley.kit.postgres import embedded
from parley.tenants import Principal, levels_of, passwords, record_audit, store

# The same examples in every run: what is found today is found by everybody. `make soak` looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("searching", deadline=None, print_blob=True)
SOAKING = "soak" in " ".join(sys.argv)
hypothesis.settings.load_profile("searching" if SOAKING else "steady")
collect_ignore = [] if SOAKING else ["soak"]  # importing the long proofs costs every worker seconds

one_arithmetic_thread()  # as every server does: threads that wait for one another take the other workers' time

gc.disable()  # until all is collected: what is imported stays, and looking through it again and again finds nothing

log.configure("WARNING", json=True)
structlog.configure(cache_logger_on_first_use=False)  # so that a test can read what any logger says

SECRET = "a secret for tests, long enough"
PASSWORD = "correct horse battery"


def pytest_collection_finish() -> None:
    """From here on garbage is looked for among what tests make, not among 8,000 cases and all modules."""
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder with a short path (a socket's path is limited) for this worker."""
    folder = Path(tempfile.mkdtemp(prefix="parley-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url(scratch: Path) -> Iterator[str]:
    with embedded(scratch / "db") as url:
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def settings(scratch: Path) -> Settings:
    """No vendor is configured: the house answers, whatever this machine's environment says."""
    return Settings.model_construct(data_dir=scratch)


@pytest.fixture(scope="session")
async def resources(database_url: str, settings: Settings) -> AsyncIterator[Resources]:
    async with open_resources(settings, database_url, SECRET) as here:
        yield here


class _Opened:
    """Resources that another fixture opens and closes."""

    def __init__(self, here: Resources) -> None:
        self._here = here

    async def __aenter__(self) -> Resources:
        return self._here

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.fixture(scope="session")
async def app(resources: Resources) -> AsyncIterator[Any]:
    """The true application, started; credentials required."""
    application = create_app(_Opened(resources), ["http://localhost:3000"])
    async with application.router.lifespan_context(application) as state:
        yield _with_state(application, state)


def _with_state(application: Any, state: Any) -> Any:
    async def served(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "state": dict(state)}, receive, send)

    served.application = application  # type: ignore[attr-defined]
    return served


@dataclass(frozen=True)
class Business:
    """A tenant with an owner who is signed in."""

    id: str
    owner: httpx.AsyncClient
    email: str


@pytest.fixture
async def anyone(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def business(app: Any, resources: Resources) -> AsyncIterator[Business]:
    async with _business(app, resources) as made:
        yield made


@pytest.fixture
async def rival(app: Any, resources: Resources) -> AsyncIterator[Business]:
    """A second tenant, for what must be kept apart."""
    async with _business(app, resources) as made:
        yield made


@pytest.fixture
async def admin(app: Any, resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """The platform administrator."""
    async with _business(app, resources, role="admin") as made:
        yield made.owner


_HASHES: dict[int, str] = {}


async def _hash() -> str:
    """The password's hash, made once per cost: bcrypt takes a fifth of a second, and every owner has this password."""
    rounds = passwords._ROUNDS
    if rounds not in _HASHES:
        _HASHES[rounds] = await passwords.hashed(PASSWORD)
    return _HASHES[rounds]


@asynccontextmanager
async def _business(app: Any, resources: Resources, role: str = "owner") -> AsyncIterator[Business]:
    who = Principal("open", "test", "", "admin", levels_of("admin"))
    tenant = await resources.businesses.create(who, {"name": "A business", "timezone": "Europe/Berlin"})
    email = f"{role}-{new_id()}@example.com"
    row = {"id": new_id(), "tenant_id": tenant.id, "email": email, "role": role, "hashed_password": await _hash()}
    async with resources.db.begin(tenant.id) as connection:
        user = await store.add_user(connection, row)
        await record_audit(connection, who, tenant.id, "user.created", user.id, role=role)
        tokens = await resources.login._issue(connection, user, family=new_id())
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield Business(tenant.id, client, email)
