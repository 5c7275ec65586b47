"""Who answers: agents, their flows, and the versions that conversations keep.

Owns the definition of an agent and its validation. A published version never changes. Refuses to know how an answer
comes about. Enter through `Agents`.
"""

from parley.agents.agent import Agent, Definition, LlmChoice, Version
from parley.agents.flow import Flow, Node, parse_flow
from parley.agents.publish import Agents
from parley.agents.routes import agents_of
from parley.agents.routes import router as agent_routes
from parley.agents.store import get_agent, oldest_active_agent
from parley.agents.types import TypeDefaults, defaults

__all__ = [
    "Agent",
    "Agents",
    "Definition",
    "Flow",
    "LlmChoice",
    "Node",
    "TypeDefaults",
    "Version",
    "agent_routes",
    "agents_of",
    "defaults",
    "get_agent",
    "oldest_active_agent",
    "parse_flow",
]
