"""The demo businesses' desks and homes say what their documents say."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from parley.frontdesk import FrontDeskSettings
from parley.frontdesk.routes_listings import ListingIn
from parley.kit.yaml_text import load_yaml

FOLDERS = sorted(
    (one for one in resources.files("parley.app.demo").joinpath("businesses").iterdir() if one.is_dir()),
    key=lambda one: one.name,
)


def business_of(folder: Any) -> dict[str, Any]:
    business: dict[str, Any] = load_yaml(folder.joinpath("business.yaml").read_text(encoding="utf-8"))
    return business


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_business_has_sound_settings_and_homes(folder: Any) -> None:
    business = business_of(folder)
    settings = FrontDeskSettings.model_validate(business.get("frontdesk", {}))
    assert settings.has_hours == ("frontdesk" in business)
    if "listings" not in business:
        return
    told = "\n".join(folder.joinpath(one["file"]).read_text(encoding="utf-8") for one in business["documents"])
    plain = told.replace(",", "").replace(".", "")
    for values in load_yaml(folder.joinpath(business["listings"]).read_text(encoding="utf-8")):
        listing = ListingIn.model_validate(values)
        assert listing.property_id in told
        assert listing.street in told
        assert f"{listing.price}" in plain
