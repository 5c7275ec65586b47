"""A remembered answer is settled in the transaction that opens its turn: one transaction where other turns take two."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from parley.conversations.about import SLOT
from parley.conversations.recall import Question, Recall, stands_alone
from parley.conversations.settle import Settlement, Written
from parley.conversations.tool_run_store import RETRACTED
from parley.conversations.trace import Trace
from parley.conversations.turn import Answer, Turn
from parley.kit.db import make_durable
from parley.privacy import has_placeholder
from parley.understanding import detect_language, kind_of_house


class AtOnce:
    """One turn's try. `question` is what it was looked up by, `written` the answer, where there was one."""

    def __init__(self, recall: Recall, settlement: Settlement, trace: Trace) -> None:
        self._recall = recall
        self._settlement = settlement
        self._trace = trace
        self.question: Question | None = None
        self.written: Written | None = None

    async def __call__(self, connection: AsyncConnection, turn: Turn) -> None:
        """Look the line up, and settle its turn where it has an answer. The memory is prepared for its tenant."""
        answer = self._look_up(turn)
        if answer is not None:
            self._trace.released()
            await make_durable(connection)
            self.written = await self._settlement.write(connection, turn, answer, self._trace)

    def _look_up(self, turn: Turn) -> Answer | None:
        """The remembered answer to these very words. Only what was understood as a plain question is remembered, and
        the same words mean the same wherever the conversation waits for nothing: they need not be understood again."""
        self.question = asked(turn, detect_language(turn.said, turn.language))
        state = turn.conversation.state
        busy = turn.conversation.held_by is not None or state.get("alarm") or state.get(RETRACTED)
        if self.question is None or busy:
            return None
        with self._trace.step("recall") as step:
            found = self._recall.look_up(self.question)
            step["hit"] = found is not None
        if found is None:
            return None
        answer = Answer(language=self.question.language, slots=turn.slots, node=turn.conversation.state.get("node"))
        answer.cached, remembered = found
        answer.sources, answer.reply, answer.intent = remembered.sources, remembered.reply, remembered.intent
        return answer


def asked(turn: Turn, language: str) -> Question | None:
    """The cache's view of these words; None where they lean on the conversation, or hold something private."""
    node = turn.flow().nodes.get(turn.conversation.state.get("node") or "")
    waits = node is not None and node.type == "ask"
    private = turn.masking.hides and has_placeholder(turn.message)
    if waits or private or turn.slots.get(SLOT) or not stands_alone(turn.message):
        return None
    return Question(
        tenant_id=turn.tenant.id,
        agent_id=turn.version.agent_id,
        version=turn.version.number,
        prompt_id="" if turn.arm is None else turn.arm.key,
        language=language,
        knowledge_revision=turn.tenant.knowledge_revision,
        text=turn.message,
        house=kind_of_house(f"{turn.tenant.name} {turn.tenant.industry} {turn.version.definition.system_prompt}"),
    )
