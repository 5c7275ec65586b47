"""What a model writes but nobody may see: its thinking, calls written as text, the prompt itself, ids, placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

_BLOCK = (
    r"think|thinking|thought|reasoning|reflection|scratchpad|analysis|"
    r"tool_calls?|function_calls?|tool_response|tool_result"
)
_OPENS = re.compile(rf"<({_BLOCK})(?:\s[^<>]*)?>|<\|channel\|>\s*(?:analysis|commentary)\b", re.IGNORECASE)
_CLOSES = re.compile(rf"</(?:{_BLOCK})\s*>|<\|end\|>|<\|message\|>(?=final)", re.IGNORECASE)
_MAY_BE_TAG = re.compile(r"<(?:[/|]?[a-zA-Z_|][^<>]{0,40})?$")

_UUID = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
_INTERNAL = re.compile(
    rf"{_UUID}|</?\W?material\b|<\|[a-z_]+\|>|\b(?:call|toolu|chatcmpl|conv|req)_[a-z0-9]{{8,}}\b|"
    r"[{\[]\s*\"\w+\"\s*:|\"(?:name|arguments|parameters|function)\"\s*:|\{\{|\{[a-z_]{2,30}\}|\[tool_calls\]|"
    r"</?(?:function|invoke)\b|"
    r"\[(?:your|insert|name|date|time|phone|business|customer|caller)[^\]]{0,30}\]|"
    r"\bas an? (?:ai|artificial intelligence|large)? ?language model\b|\bals (?:ki|künstliche intelligenz|"
    r"ki-)[ -]?(?:sprach)?modell\b|"
    r"\b(?:my|the) system prompt\b|\b(?:mein|der) system-?prompt\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*_[0-9]+(?:\.[0-9]+)?>")
_MARKUP = (
    (re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+(?=\S)", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]\n]+)\]\([^)\s]*\)"), r"\1"),
    (re.compile(r"\*\*|__|`+|~~|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)"), ""),
    (re.compile(r"^[ \t]*\|?[ \t:|-]{3,}\|?[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"[ \t]*\|[ \t]*"), ", "),
)
_WORD = re.compile(r"\w+")
_RUN = 8
# A tenant's prompt may hold facts, which may be said; these are sentences that tell the model what to do.
_INSTRUCTS = re.compile(
    r"^(?:you (?:are|answer|must|should|never|always|will|may|can|do not|don't|speak|have to)|never|always|do not|"
    r"don't|say|speak|"
    r"keep|use|ask|answer|reply|respond|if (?:the|a|an|some|any)|your (?:role|task|job|words|instructions)|(?:how|"
    r"what) you|text in|"
    r"for a \w+ you|sie (?:sind|arbeiten|beantworten|dürfen|müssen|sollen)|so sprechen|das (?:wissen|tun)|nie|"
    r"niemals|immer|texte in|"
    r"sagen sie|fragen sie|antworten sie|sprechen sie|raten sie|erfinden sie|wenn (?:der|die|ein|jemand))\b",
    re.IGNORECASE,
)


class Blocks:
    """Takes blocks of thinking out of a stream, also where a tag is cut into pieces."""

    def __init__(self) -> None:
        self._inside = False
        self._tail = ""

    def take(self, text: str) -> Iterator[str | None]:
        """What is left of `text`. None: what came before belonged to a block whose beginning was never written."""
        if not self._inside and not self._tail and "<" not in text:
            yield text
            return
        rest = self._tail + text
        self._tail = ""
        while rest:
            if self._inside:
                closing = _CLOSES.search(rest)
                if closing is None:
                    self._tail = rest[-60:]
                    return
                self._inside, rest = False, rest[closing.end() :].lstrip()
                continue
            opening, stray = _OPENS.search(rest), _CLOSES.search(rest)
            if stray and (opening is None or stray.start() < opening.start()):
                yield None
                rest = rest[stray.end() :].lstrip()
            elif opening:
                if opening.start():
                    yield rest[: opening.start()]
                self._inside, rest = True, rest[opening.end() :]
            else:
                cut = _MAY_BE_TAG.search(rest)
                end = cut.start() if cut else len(rest)
                self._tail = rest[end:]
                if end:
                    yield rest[:end]
                return

    def finish(self) -> str:
        """What was held back as the possible beginning of a tag. A block that never closed is dropped."""
        rest, self._tail = self._tail, ""
        inside, self._inside = self._inside, False
        return "" if inside else rest


class Secrets:
    """Knows what is internal to one agent: its prompt, its tools."""

    def __init__(
        self,
        prompt: str = "",
        tools: Iterable[str] = (),
        *,
        made_up: Callable[[str], str | None] | None = None,
    ) -> None:
        """`made_up` finds a placeholder that stands for nothing; the others may pass, because they are put back behind
        the gate. Without it none may.
        """
        self._prompt = prompt
        names = [re.escape(name) for name in tools if "_" in name]
        self._tools = re.compile(rf"\b(?:{'|'.join(names)})\b") if names else None
        self._made_up = made_up or _placeholder

    def in_(self, sentence: str) -> bool:
        """Whether a sentence says something internal."""
        if _INTERNAL.search(sentence) or (self._tools is not None and self._tools.search(sentence)):
            return True
        if "<" in sentence and self._made_up(sentence) is not None:
            return True
        words = _WORD.findall(sentence.lower())
        if len(words) < _RUN or not self._prompt:
            return False
        runs = _runs(self._prompt)
        return any(" ".join(words[start : start + _RUN]) in runs for start in range(len(words) - _RUN + 1))


def _placeholder(text: str) -> str | None:
    found = _PLACEHOLDER.search(text)
    return found.group() if found else None


def speakable(text: str) -> str:
    """Text without the marks of Markdown, for a voice."""
    for mark, instead in _MARKUP:
        text = mark.sub(instead, text)
    return text


@lru_cache(maxsize=256)
def _runs(prompt: str) -> frozenset[str]:
    """Every run of words in the sentences of a prompt that instruct."""
    found: set[str] = set()
    for sentence in re.split(r"(?<=[.!?:])\s+|\n\s*\n", " ".join(prompt.split(" "))):
        if _INSTRUCTS.match(sentence.strip()):
            words = _WORD.findall(sentence.lower())
            found.update(" ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1))
    return frozenset(found)
