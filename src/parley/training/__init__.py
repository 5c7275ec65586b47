"""Practice for people: a trainee talks with a simulated customer and is shown, line by line, how it went.

Owns scenarios (what is played, versioned), their documents, sessions and scores. Refuses to speak a wire protocol and
to invent a customer: `personas` talks back, `conversations` keeps the lines, masked. Enter through `Scenarios`,
`Rehearsals` and, for judging alone, `judge`.
"""

from parley.training.folders import Shelf
from parley.training.library import Scenarios
from parley.training.persons import export_person
from parley.training.rehearse import COMPLETED, Rehearsals
from parley.training.routes import router as scenario_routes
from parley.training.routes_sessions import router as session_routes
from parley.training.scenario import Scenario, parse_scenario
from parley.training.score import judge
from parley.training.store import Session

__all__ = [
    "COMPLETED",
    "Rehearsals",
    "Scenario",
    "Scenarios",
    "Session",
    "Shelf",
    "export_person",
    "judge",
    "parse_scenario",
    "scenario_routes",
    "session_routes",
]
