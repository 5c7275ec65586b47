"""Which country a business is in, as far as its timezone tells."""

from __future__ import annotations

from functools import cache
from importlib import resources

from parley.tenants.store import Tenant

_OF_LANGUAGE = {"de": "DE", "en": "US"}


def region_of(tenant: Tenant) -> str | None:
    """The country (ISO 3166) whose national telephone numbers its callers say: its timezone's, else its language's."""
    return _countries().get(tenant.timezone) or _OF_LANGUAGE.get(tenant.language)


@cache
def _countries() -> dict[str, str]:
    """Timezone → country, from the tz database's own table."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}
