"""Which prompt answers, and which one wins.

Owns prompts with their immutable revisions, the assignment of arms, exact counts of what conversations came to, and the
verdict. Refuses to know how a conversation goes: `conversations` asks `Arms` for an arm when one begins, writes its id
and revision on the conversation, and triggers of the database count. Enter through `Prompts` (write and compare),
`Arms` (assign and recall) and `Watch` (what happens by itself); `judge_arms` is the pure statistics.
"""

from parley.experiments.arms import Addressed, Arms, Choice, UnitKind
from parley.experiments.assign import Option, pick, pick_adaptively
from parley.experiments.prompt import Arm, Prompt, Rules, Tally
from parley.experiments.prompts import Prompts, Scope, find_prompt
from parley.experiments.routes import router as prompt_routes
from parley.experiments.routes_results import router as result_routes
from parley.experiments.sentence import sentence_of
from parley.experiments.store import STICK
from parley.experiments.verdict import Contender, Verdict, judge_arms
from parley.experiments.watch import Watch

__all__ = [
    "STICK",
    "Addressed",
    "Arm",
    "Arms",
    "Choice",
    "Contender",
    "Option",
    "Prompt",
    "Prompts",
    "Rules",
    "Scope",
    "Tally",
    "UnitKind",
    "Verdict",
    "Watch",
    "find_prompt",
    "judge_arms",
    "pick",
    "pick_adaptively",
    "prompt_routes",
    "result_routes",
    "sentence_of",
]
