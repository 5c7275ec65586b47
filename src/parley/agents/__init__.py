"""Who answers: agents, their flows, and the versions that conversations keep.

Owns the definition of an agent and its validation. A published version never changes. Refuses to know how an answer
comes about. Enter through `Agents` (define and publish), `Reader` (what a line means to an agent)
and `Learning` (an agent's own intents).
"""

from parley.agents.agent import Agent, Definition, LlmChoice, ModelName, Version
from parley.agents.flow import Branch, Flow, Node, parse_flow
from parley.agents.learn import Learning
from parley.agents.publish import Agents
from parley.agents.reading import Line, Read, Reader
from parley.agents.reading_routes import router as understanding_routes
from parley.agents.routes import agents_of
from parley.agents.routes import router as agent_routes
from parley.agents.store import get_agent, page_agents
from parley.agents.types import TypeDefaults, default_flow, defaults

__all__ = [
    "Agent",
    "Agents",
    "Branch",
    "Definition",
    "Flow",
    "Learning",
    "Line",
    "LlmChoice",
    "ModelName",
    "Node",
    "Read",
    "Reader",
    "TypeDefaults",
    "Version",
    "agent_routes",
    "agents_of",
    "default_flow",
    "defaults",
    "get_agent",
    "page_agents",
    "parse_flow",
    "understanding_routes",
]
