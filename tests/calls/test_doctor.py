"""`parley doctor` on a Retell account: reached or not, and where its agents differ."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from parley.app.doctor import examine
from parley.app.doctor_carriers import _drift, carrier_findings
from parley.app.settings import Settings
from tests.calls.conftest import KEY, WHO, Phone
from tests.conftest import SECRET
from tests.wire.retell_server import RetellServer


def settings_for(server: RetellServer, scratch: Path, key: str = KEY) -> Settings:
    return Settings.model_construct(
        data_dir=scratch,
        secret_key=SecretStr(SECRET),
        retell_api_key=SecretStr(key),
        retell_base_url=server.base_url,
        public_url="https://parley.example",
    )


def test_an_account_that_answers_and_one_that_does_not(server: RetellServer, scratch: Path) -> None:
    found = list(carrier_findings(settings_for(server, scratch), None))
    assert [well for _, well, _ in found] == [True, True]
    found = list(carrier_findings(settings_for(server, scratch, "wrong"), None))
    assert not found[-1][1]
    assert "API key" in found[-1][2]
    out = io.StringIO()
    examine(Console(file=out, width=200), Settings.model_construct(data_dir=scratch))
    assert "simulated line" in out.getvalue()


@pytest.mark.anyio
async def test_an_agent_that_differs_is_named(phone: Phone, calls_url: str, scratch: Path) -> None:
    change = {"name": f"Agent {phone.tenant}", "voice_settings": {"carrier": "retell"}}
    await phone.resources.agents.change(WHO, phone.tenant, phone.agent, change)
    await phone.work()
    settings = settings_for(phone.server, scratch)
    part = f"Retell agent Agent {phone.tenant}"
    assert (part, True, "as it is here") in await _drift(settings, calls_url)
    [row] = [one[-1] for one in phone.server.agents.values() if one[-1]["agent_name"] == change["name"]]
    row["webhook_url"] = "https://elsewhere.example"
    [(_, well, said)] = [one for one in await _drift(settings, calls_url) if one[0] == part]
    assert not well
    assert "webhook_url" in said
