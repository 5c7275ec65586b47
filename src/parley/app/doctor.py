"""`parley doctor`: what is configured, what can be reached, what is missing. Secrets are masked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from parley.app.models import provider_keys
from parley.app.resources import cache_dir
from parley.app.settings import Settings
from parley.inference.errors import ProviderError
from parley.kit.db import Database
from parley.kit.errors import VoiceAgentException
from parley.kit.postgres import embedded

Finding = tuple[str, bool, str]


def examine(out: Console, settings: Settings) -> bool:
    """Print the findings; False when something that is needed does not work."""
    table = Table("Setting", "Value", title="Settings", title_justify="left")
    for name, value in settings.shown().items():
        table.add_row(name, value)
    out.print(table)
    findings = [finding for check in (_database, _embedder, _speech, _models, _carriers) for finding in check(settings)]
    result = Table("", "Part", "Finding", title="Checks", title_justify="left")
    for part, well, text in findings:
        result.add_row("[green]ok[/green]" if well else "[red]!![/red]", part, text)
    out.print(result)
    return all(well for _, well, _ in findings)


def _database(settings: Settings) -> Iterator[Finding]:
    from parley.app.migrate import is_current

    async def check(url: str) -> None:
        database = Database(url, pool_size=1)
        try:
            await database.verify_roles()
        finally:
            await database.aclose()

    def look(url: str) -> Finding:
        if not is_current(url):
            return "database", False, "The schema is not the newest: run `parley migrate`."
        asyncio.run(check(url))
        return "database", True, "reachable, newest schema, held by row-level security"

    yield _attempt("database", lambda: _on_database(settings, look))


def _carriers(settings: Settings) -> Iterator[Finding]:
    from parley.app.doctor_carriers import carrier_findings

    # What keeps the database from being asked is a finding of its own.
    is_well = settings.database_url is not None and next(_database(settings))[1]
    url = settings.database_url.get_secret_value() if settings.database_url is not None and is_well else None
    yield from carrier_findings(settings, url)


def _on_database(settings: Settings, look: Callable[[str], Finding]) -> Finding:
    if settings.database_url is not None:
        return look(settings.database_url.get_secret_value())
    if not (settings.data_dir.expanduser() / "postgres" / "PG_VERSION").exists():
        return "database", True, "embedded; made at the first start of `parley dev`"
    with embedded(settings.data_dir, shared=True) as url:
        return look(url)


def _attempt(part: str, look: Callable[[], Finding]) -> Finding:
    from sqlalchemy.exc import DBAPIError

    try:
        return look()
    except VoiceAgentException as error:
        return part, False, error.detail
    except DBAPIError as error:
        return part, False, str(error.orig).strip().splitlines()[0]


def _embedder(settings: Settings) -> Iterator[Finding]:
    from parley.app.resources import make_embedder
    from parley.providers.minilm import MiniLM

    def look() -> Finding:
        embedder = make_embedder(settings)
        if isinstance(embedder, MiniLM):
            embedder.load()
            return "embedder", True, f"{embedder.name}, cached in {cache_dir(settings)}"
        vector = asyncio.run(embedder.embed(["hello"]))
        return "embedder", True, f"{embedder.name}, {vector.shape[1]} dimensions"

    yield _attempt("embedder", look)


def _speech(settings: Settings) -> Iterator[Finding]:
    from parley.app.speech import findings

    yield from findings(settings, cache_dir(settings))


def _models(settings: Settings) -> Iterator[Finding]:
    from parley.providers.catalog import HostedChat, default_chain, resolve
    from parley.providers.retired import hint

    keys = provider_keys(settings)
    names = default_chain(keys)
    for name in names:
        if warning := hint(name):
            yield f"model {name}", False, warning

        async def ask(wanted: str = name) -> None:
            model = resolve(wanted, keys)
            assert isinstance(model, HostedChat)  # noqa: S101 - every row of the catalog connects one
            try:
                await model.check()
            finally:
                await model.aclose()

        def look(wanted: str = name) -> Finding:
            try:
                asyncio.run(ask(wanted))
            except ProviderError as error:
                return f"model {wanted}", False, error.detail
            return f"model {wanted}", True, "reachable"

        yield _attempt(f"model {name}", look)
    yield "model house/responder", True, "always there" + ("" if names else "; no hosted model is configured")
