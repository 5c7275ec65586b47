"""The front desk over HTTP: every router of this room as one."""

from __future__ import annotations

from fastapi import APIRouter

from parley.frontdesk.routes_incidents import router as incidents
from parley.frontdesk.routes_leads import router as leads
from parley.frontdesk.routes_listings import router as listings
from parley.frontdesk.routes_reservations import router as reservations
from parley.frontdesk.routes_tools import router as tools

router = APIRouter()
for part in (reservations, leads, listings, incidents, tools):
    router.include_router(part)
