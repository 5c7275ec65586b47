"""The carrier's part of `parley doctor`: can Retell be reached, and do its agents say what ours say?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from parley.app.settings import Settings
from parley.inference.errors import ProviderError
from parley.kit.errors import VoiceAgentException

Finding = tuple[str, bool, str]
_PART = "carrier retell"
_TENANTS = 200


def carrier_findings(settings: Settings, url: str | None) -> Iterator[Finding]:
    """What there is to say. `url` is the database's; None where there is none yet, so no agents either."""
    if settings.retell_api_key is None:
        yield "carrier", True, "no RETELL_API_KEY: `parley dev` calls on the simulated line"
        return
    if settings.public_url is None:
        yield _PART, False, "PUBLIC_URL is not set: Retell cannot reach this installation"
    if settings.retell_from_number is None:
        yield _PART, True, "RETELL_FROM_NUMBER is not set: only agents with a number of their own can call"
    try:
        asyncio.run(_reach(settings))
    except ProviderError as error:
        yield _PART, False, error.detail
        return
    yield _PART, True, "reachable"
    if url is not None and settings.public_url is not None:
        yield from asyncio.run(_drift(settings, url))


async def _reach(settings: Settings) -> None:
    from parley.providers.retell import Retell

    assert settings.retell_api_key is not None  # noqa: S101 - looked at by the caller
    carrier = Retell(settings.retell_api_key.get_secret_value(), settings.retell_base_url, tries=0)
    try:
        await carrier.find("doctor")
    finally:
        await carrier.aclose()


async def _drift(settings: Settings, url: str) -> list[Finding]:
    from parley.app.resources import open_resources
    from parley.app.serve import dev_secret

    findings: list[Finding] = []
    async with open_resources(settings, url, dev_secret(settings)) as here:
        for tenant in (await here.businesses.page(_TENANTS, None))[:_TENANTS]:
            try:
                drifts = await here.calls.lines.drift(tenant.id)
            except VoiceAgentException as error:
                findings.append((f"agents of {tenant.name}", False, error.detail))
                continue
            for drift in drifts:
                said = "; ".join(drift.differences) or "as it is here"
                findings.append((f"Retell agent {drift.name}", not drift.differences, said))
    return findings
