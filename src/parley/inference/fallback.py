"""Several chat models behind one port: when one fails the next one answers, and the caller hears a useful sentence.

- Text is passed on in whole sentences as long as another model might have to take over; what has been passed on is
  never taken back, and the unfinished sentence of a failed model is dropped. The last model streams unhindered.
- A model that takes over in the middle is told what has been said (an assistant message with the sentences passed on,
  then the request to go on from there). A sentence that it repeats word for word is left out.
- Tool calls are held until their reply is complete, so that no tool runs for a reply that then fails.
- Until the first sentence is out, all models but the last share `Budget.first_sentence_s`; then the last one is asked,
  without a limit. With the house responder as the last one, a caller always gets an answer in that time.
- The same model is asked a second time only when nothing was passed on, the failure was quick or names a short wait,
  and the budget allows it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from parley.inference.breaker import Breaker, ModelHealth
from parley.inference.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import ProviderCut, ProviderError, ProviderRefused, ProviderStalled, ProviderUnavailable
from parley.inference.ports import ChatModel

EMPTY_REPLY = "provider.empty_reply"
_CONTINUE = (
    "[Your last message was cut off by a technical fault after the words above, which I have received. Write only what "
    "is still missing, beginning with a new sentence in the same language. Repeat nothing, mention no fault.]"
)
# Generous on purpose ("Dr." counts): a boundary too many matters only if a model fails exactly there, a boundary too
# few makes the caller wait. A full stop at the very end counts at once, except in a number that may go on.
_SENTENCE_END = re.compile(r"""(?:[.!?…]['"”’)\]]*(?=\s)|(?<!\d)[.!?…]['"”’)\]]*\Z|[。！？\n])\s*""")
_NO_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds. `first_sentence_s`: for all models but the last, until the first sentence is out. `least_try_s`: with
    less than this left a model is not asked. `longest_wait_s`: before a second attempt on the same model.
    `quick_failure_s`: a connection that failed sooner (a stale one from the pool, say) is tried again at once."""

    first_sentence_s: float = 2.6
    least_try_s: float = 0.3
    longest_wait_s: float = 0.4
    quick_failure_s: float = 0.2


class FallbackChat:
    """A `ChatModel` over others, tried in order. `Finished.model` names the one that ended the reply.

    Share one `breaker` among the chains that use the same keys. When every model fails, the last error is raised.
    """

    def __init__(
        self,
        models: Sequence[ChatModel],
        *,
        breaker: Breaker | None = None,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if not models:
            raise ValueError("a chain needs at least one model")
        self._models = tuple(models)
        self._breaker = breaker or Breaker(clock=clock)
        self._budget = budget or Budget()
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The name of the first model, which the others stand in for."""
        return self._models[0].name

    def health(self) -> list[ModelHealth]:
        """How each model of the chain is doing, in order."""
        return [self._breaker.health(model.name) for model in self._models]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        said = _Said()
        deadline = self._clock() + self._budget.first_sentence_s
        failure: ProviderError
        for left, model in zip(range(len(self._models) - 1, -1, -1), self._models, strict=True):
            if left and not self._worth_asking(model, said, deadline):
                continue
            for second in (False, True):
                said.begin(hold=left > 0)
                begun = self._clock()
                try:
                    async with aclosing(self._ask(model, request, said, deadline if left else None)) as events:
                        async for event in events:
                            yield event
                    return
                except ProviderError as error:
                    failure = error
                wait = None if second else self._wait_before_second(failure, self._clock() - begun, said, deadline)
                if wait is None:
                    break
                await self._sleep(wait)
            if said.text and failure.code == EMPTY_REPLY:  # asked to go on, it had nothing to add
                yield Finished(model=model.name)
                return
            if not left:
                raise failure

    async def aclose(self) -> None:
        for model in self._models:
            await model.aclose()

    async def _ask(
        self, model: ChatModel, request: ChatRequest, said: _Said, deadline: float | None
    ) -> AsyncGenerator[ChatEvent, None]:
        """One attempt: its outcome goes to the breaker, unless the consumer leaves."""
        calls: list[ToolCall] = []
        events = model.stream(said.asked_in(request))
        try:
            async with aclosing(events):
                while (event := await self._next(events, deadline, model, said)) is not None:
                    if isinstance(event, TextDelta):
                        text = said.take(event.text)
                    elif isinstance(event, ToolCall):
                        calls.append(event)
                        continue
                    else:
                        text = said.rest()
                    if text:
                        yield TextDelta(text)
                    if isinstance(event, Finished):
                        self._check_not_empty(said, calls, model)
                        self._breaker.succeeded(model.name)
                        for call in calls:
                            yield call
                        yield event
                        return
            raise ProviderCut(f"{model.name} ended without finishing.", vendor=_vendor(model))
        except ProviderError as error:
            self._breaker.failed(model.name, error)
            raise

    async def _next(
        self, events: AsyncGenerator[ChatEvent, None], deadline: float | None, model: ChatModel, said: _Said
    ) -> ChatEvent | None:
        """The next event, None at the end. Raises `ProviderStalled` once the first sentence cannot be out in time."""
        if deadline is None or said.text:  # a timeout around every word would cost more than passing it on
            return await anext(events, None)
        try:
            async with asyncio.timeout(deadline - self._clock()):
                return await anext(events, None)
        except TimeoutError:
            sentence = f"{model.name} brought no sentence in time."
            raise ProviderStalled(sentence, vendor=_vendor(model)) from None

    def _worth_asking(self, model: ChatModel, said: _Said, deadline: float) -> bool:
        in_time = bool(said.text) or deadline - self._clock() >= self._budget.least_try_s
        return in_time and self._breaker.allows(model.name)

    def _wait_before_second(self, error: ProviderError, took: float, said: _Said, deadline: float) -> float | None:
        """Seconds to wait before asking the same model again, or None to leave it."""
        if said.text or not error.retryable or isinstance(error, ProviderStalled):
            return None
        wait = error.retry_after
        if wait is None and isinstance(error, ProviderUnavailable) and took < self._budget.quick_failure_s:
            wait = 0.0
        if wait is None or wait > self._budget.longest_wait_s:
            return None
        return wait if self._clock() + wait + self._budget.least_try_s < deadline else None

    @staticmethod
    def _check_not_empty(said: _Said, calls: Sequence[ToolCall], model: ChatModel) -> None:
        if not calls and not said.text.strip():
            raise ProviderRefused(f"{model.name} answered nothing.", vendor=_vendor(model), code=EMPTY_REPLY)


class _Said:
    """The text passed on so far and the sentence still held back."""

    __slots__ = ("_held", "_hold", "_repeats", "text")

    def __init__(self) -> None:
        self.text = ""
        self._held = ""
        self._hold = True
        self._repeats: frozenset[str] = frozenset()

    def begin(self, *, hold: bool) -> None:
        """A model begins: what its predecessor left unfinished is dropped."""
        self._held = ""
        self._repeats = frozenset(map(_normal, _sentences(self.text)))
        self._hold = hold or bool(self._repeats)

    def asked_in(self, request: ChatRequest) -> ChatRequest:
        """The request, or the request to go on from what has been said."""
        if not self.text:
            return request
        so_far = (Message("assistant", self.text.strip()), Message("user", _CONTINUE))
        return replace(request, messages=(*request.messages, *so_far))

    def take(self, text: str) -> str:
        """Take a delta and return what may be passed on now."""
        if not self._hold:
            self.text += text
            return text
        self._held += text
        end = max((match.end() for match in _SENTENCE_END.finditer(self._held)), default=0)
        ready, self._held = self._held[:end], self._held[end:]
        return self._pass_on(ready)

    def rest(self) -> str:
        """What is left at the end of a complete reply."""
        ready, self._held = self._held, ""
        return self._pass_on(ready)

    def _pass_on(self, ready: str) -> str:
        if self._repeats and ready:
            ready = "".join(sentence for sentence in _sentences(ready) if _normal(sentence) not in self._repeats)
            if ready and not self.text[-1:].isspace() and not ready[0].isspace():
                ready = f" {ready}"
        if not self.text:
            ready = ready.lstrip()  # blank space is nothing said: the next model may still begin afresh
        self.text += ready
        return ready


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    if start < len(text):
        yield text[start:]


def _normal(sentence: str) -> str:
    return _NO_WORD.sub(" ", sentence).strip().casefold()


def _vendor(model: ChatModel) -> str:
    return model.name.partition("/")[0]
