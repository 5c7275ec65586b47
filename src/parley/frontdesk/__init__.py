"""What a receptionist writes down: reservations, leads, listings, incidents, and the tools a business declares.

Owns what is free and what is taken, and never books a place twice. Refuses to talk: it hands out facts and stable
codes, others find the words. Enter through `Reservations`, `Leads`, `Listings`, `Incidents`; an incident that belongs
to a transaction of the caller's is written by `raise_incident`.
"""

from parley.frontdesk.availability import Availability, Kind, NotBookable
from parley.frontdesk.declared import DeclaredTools, ToolOutcome
from parley.frontdesk.hours import Start
from parley.frontdesk.incidents import CHANGED, RAISED, Incidents, Severity, raise_incident
from parley.frontdesk.leads import Leads, NewLead
from parley.frontdesk.listings import Listings
from parley.frontdesk.matching import Criteria, Found, Likeness, Match
from parley.frontdesk.persons import (
    conversations_of,
    erase_person,
    export_person,
    forget_before,
    forget_words_of,
)
from parley.frontdesk.placing import Wish
from parley.frontdesk.references import normal_reference
from parley.frontdesk.reserve import Reservations
from parley.frontdesk.routes import router as frontdesk_routes
from parley.frontdesk.settings import FrontDeskSettings
from parley.frontdesk.store import Incident, Lead, Listing, Reservation
from parley.frontdesk.store import Tool as DeclaredTool

__all__ = [
    "CHANGED",
    "RAISED",
    "Availability",
    "Criteria",
    "DeclaredTool",
    "DeclaredTools",
    "Found",
    "FrontDeskSettings",
    "Incident",
    "Incidents",
    "Kind",
    "Lead",
    "Leads",
    "Likeness",
    "Listing",
    "Listings",
    "Match",
    "NewLead",
    "NotBookable",
    "Reservation",
    "Reservations",
    "Severity",
    "Start",
    "ToolOutcome",
    "Wish",
    "conversations_of",
    "erase_person",
    "export_person",
    "forget_before",
    "forget_words_of",
    "frontdesk_routes",
    "normal_reference",
    "raise_incident",
]
