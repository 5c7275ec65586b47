"""How it goes: conversations, outcomes, speed and cost of a business, read straight from what is on record.

Owns no rows: it reads the views that migrations declare over other rooms' tables, which row-level security holds like
any table. Every number is current to the last turn that was settled. Refuses to change anything. Enter by `Insights`.
"""

from parley.insights.measure import Insights, Scope
from parley.insights.routes import router as insight_routes

__all__ = ["Insights", "Scope", "insight_routes"]
