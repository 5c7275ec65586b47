"""Reads the demo businesses from their folders and puts them into an empty installation, through the front doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from parley.app.resources import Resources
from parley.frontdesk import FrontDeskSettings
from parley.kit.yaml_text import load_yaml
from parley.tenants import Principal, Tenant, find_first_tenant, levels_of

_WHO = Principal("open", "demo", "", "admin", levels_of("admin"))
_TENANT_FIELDS = ("name", "industry", "language", "timezone", "settings")


async def load_demo(here: Resources, report: Callable[[str], None]) -> list[Tenant]:
    """Make the demo businesses where there is no tenant yet; returns those that were made."""
    async with here.db.begin_platform("is there any tenant yet?") as connection:
        if await find_first_tenant(connection) is not None:
            return []
    folders = sorted(_businesses().iterdir(), key=lambda folder: folder.name)
    # Side by side: while one business's documents are embedded in a thread, another's are parsed and stored. Each takes
    # its id before it first waits, so that the first folder is the first tenant.
    return await asyncio.gather(*(_load(here, folder, report) for folder in folders if folder.is_dir()))


def _businesses() -> Traversable:
    return resources.files("parley.app.demo").joinpath("businesses")


async def _load(here: Resources, folder: Traversable, report: Callable[[str], None]) -> Tenant:
    business: dict[str, Any] = load_yaml(folder.joinpath("business.yaml").read_text(encoding="utf-8"))
    values = {name: business[name] for name in _TENANT_FIELDS if name in business}
    tenant = await here.businesses.create(_WHO, values, is_demo=True)
    for agent in business["agents"]:
        await here.agents.create(_WHO, tenant.id, agent)
    for document in business["documents"]:
        file = folder.joinpath(document["file"])
        source, title = document["source"], document["title"]
        await here.library.upload(
            _WHO,
            tenant.id,
            data=file.read_bytes(),
            filename=file.name,
            content_type=None,
            source=source,
            title=title,
            language=business["language"],
        )
    await _furnish_desk(here, folder, business, tenant.id)
    report(business["name"])
    return tenant


async def _furnish_desk(here: Resources, folder: Traversable, business: dict[str, Any], tenant_id: str) -> None:
    """Hours, tables and homes, where the business has some."""
    if desk := business.get("frontdesk"):
        await here.reservations.put_settings(_WHO, tenant_id, FrontDeskSettings.model_validate(desk))
    if file := business.get("listings"):
        for listing in load_yaml(folder.joinpath(file).read_text(encoding="utf-8")):
            await here.listings.add(_WHO, tenant_id, listing)
