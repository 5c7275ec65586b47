"""A talk as the extractor sees it: what the caller stated, sentence by sentence, and what the agent had asked before.

An answer is read by its question: "no" says nothing alone. A later statement takes the place of an earlier one, and
words of taking back ("no wait", "scratch that", "nein, eher") cut a sentence into what is dropped and what holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Literal

from parley.understanding import Line

Polarity = Literal["yes", "no", ""]

_SENTENCE = re.compile(
    r"(?:[^.!?…\n]|(?<=\d)[.](?=\d)|(?<=\b[A-Za-z])[.](?=\s?[A-Za-z]\b)"
    r"|(?<=\bSt)[.]|(?<=\bFt)[.]|(?<=\bMt)[.]|(?<=\bDr)[.]|(?<=\bMr)[.]|(?<=\bMrs)[.]|(?<=\bMs)[.]|"
    r"(?<=\bNo)[.](?=\s?\d)|(?<=\bmi)[.]"
    r"|(?<=\bam)[.](?=\s?\d)|(?<=\d)[.](?=\s?(?:[A-ZÄÖÜ][a-zäöü]+(?:er|ar|ai|li|ni|rz|ril|ust|är)|"
    r"Stock|Stockwerk|Etage|OG|Obergeschoss|Klasse|Mal|Platz|Reihe)\b)|"
    r"(?<!\.)\.\.+(?=\s?\w))+[.!?…]*"
)
_RETRACTS = re.compile(
    r"(?:\bno\W+wait\b|\bwait\W+no\b|\bno\W+sorry\b|\bsorry\W+(?=no\b|i mean|make|it'?s|that'?s)|"
    r"\bscratch that\b|\bmake (?:that|it)\b"
    r"|\bi mean\b|\bi meant\b|\bcorrection\b|\bactually\W+no\b|\bno\W+actually\b|\bno,? it'?s\b|\bno\W+make\b|"
    r"\brather\b"
    r"|\bor rather\b|(?<=\.\.)\.?\s*sorry\b|(?<=[,;–—-])\s*sorry\b|\b(?:ach|oh|äh|hm+)\W+n(?:ein|ee?)\b|\boh\W+no\b|"
    r"\bnein\W+(?:warte|moment|eher|doch|quatsch|"
    r"sorry|falsch)\b|\bquatsch\b|\bstimmt nicht\b"
    r"|\bich meine\b|\bkorrektur\b|\bbesser gesagt\b|\bbeziehungsweise\b|\bno,? now\b|\bno\W+i mean\b|\bmoment,? nein\b"
    r"|\bactually\b(?=\W+(?:it'?s|i'?m|that'?s|make|we'?re|\d)))",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:(?:oh|uh|um|well|so|ah|hey|and|ja dann|also|äh|naja|na|hm+|that'?s (?:very )?(?:kind|nice|sweet)"
    r"(?: of you)?|(?:thanks|thank you|danke|i appreciate (?:it|that)),? (?:but|aber)|but|"
    r"aber)\W+)*(?:(?P<no>no(?! problem| worries|"
    r" doubt| wait)|nope|nah|naw|negative|never|"
    r"not (?:really|yet|a (?:one|single|thing)|one|at all|exactly|that i|as far|so far|now|a (?:bit|chance)|today|"
    r"anymore|quite)|neither|"
    r"nothing|none|nobody|no one|nein|nö|ne|nee|nicht(?:s)?|"
    r"kein\w*|niemand|leider nein|leider nicht|unfortunately not?|afraid not|don'?t think so|i don'?t think so|"
    r"nichts)\b|"
    r"(?P<yes>yes+|yes ?(?:sir|ma'?am|m)|yessir\w*|yeah+|yea|yep|yup|yah|ya|sure|of course|absolutely|definitely|"
    r"correct|right(?! (?:now|away|after|before|here|next|at|on)\b)|affirmative|"
    r"exactly|indeed|"
    r"uh[- ]?huh|mm+[- ]?hm+|mhm+|ok(?:ay)?|k|alright|all right|sounds good|will do|copy(?: that)?|"
    r"roger(?: that)?|ten[- ]?four|10[- ]?4|"
    r"you got it|got it|should (?:do|be (?:fine|good|able|okay|ok))|oughta|ought to|i (?:should|think so|believe so|"
    r"reckon so)|think so|"
    r"that'?s the plan|looks that way|got ya|got you|gotcha|you bet|no problem|no worries|no doubt|i will|i do|i am|"
    r"i have|"
    r"i did|certainly|understood|"
    r"i hear ya|i hear you|fine|for sure|always do|always|that'?s right|that works|(?:that )?would be (?:great|"
    r"lovely|perfect|nice|wonderful|good|helpful|fine|fantastic)|i'?d (?:love|like) (?:that|to)(?=\W*(?:$|,|\.|"
    r"please))|"
    r"looks like it|seems (?:so|"
    r"like it|to be)|it (?:looks|seems|appears)(?: like it| so)?(?= |[.,!]|$)(?! (?:bad|not))|that'?d be great|"
    r"please do|perfect|great|wonderful|excellent|awesome|that'?s (?:fine|great|good|perfect)|"
    r"it is|they are|we are|we do|"
    r"ja+|jo|jep|jawohl|klar|natürlich|sicher|genau|stimmt|richtig|selbstverständlich|gerne?|mach(?:e)? ich|"
    r"wird gemacht|geht klar|"
    r"alles klar|in ordnung|einverstanden|passt|verstanden|doch|auf jeden fall|unbedingt|si|"
    r"da(?=\W*(?:$|[,.!]|da\b)))\b)",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r" (?:not|never|none|no|nicht|nie|niemals|kein\w*)\b(?! (?:problems?|worries|doubts?|objections?|issues?|sorge|"
    r"frage|thema)\b)",
    re.IGNORECASE,
)
"""What makes a yes of the words before it a no: "absolutely not", "I do not", "natürlich nicht"."""
_UNKNOWN = re.compile(r" not (?:sure|certain|know)\b", re.IGNORECASE)
_ENDS_YES = re.compile(r"^\W*(?:[\w']+\W+){1,7}(?:yeah|yes|yep|yup|ja)\W*$", re.IGNORECASE)
_UNSURE = re.compile(
    r"\b(?:not sure|no idea|don'?t know|dunno|do not know|no clue|can'?t (?:say|tell)|hard to say|who knows|"
    r"didn'?t check|haven'?t checked|couldn'?t say|"
    r"weiß (?:ich|es)? ?(?:noch )?nicht|keine ahnung|schwer zu sagen|nicht sicher|muss ich (?:noch )?(?:schauen|"
    r"prüfen|gucken)|i guess|"
    r"need to check|have to check|haven'?t looked|gotta check|let me check|i no know|not know)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\W*(?:and |so |ok(?:ay)?,? )?(?:when|what time|what'?s your eta|wann|um wie ?viel uhr)\b", re.IGNORECASE
)
_AGAIN = re.compile(
    r"\b(?:again|repeat|pardon|come again|didn'?t (?:catch|hear|get)|breaking up|you there|can you hear|"
    r"wiederhol\w*|noch ?mal|"
    r"nicht verstanden|wie bitte|be more specific|more specific)\b",
    re.IGNORECASE,
)
_INAUDIBLE = re.compile(
    r"[(\[<*][^)\]>*(\[<]{0,60}(?:inaudible|unintelligible|unverständlich|noise|static|silence|crosstalk|background|"
    r"rauschen|störgeräusch\w*|stille|garbled|music|beep|no response|cough|pause)[^)\]>*]{0,60}[)\]>*]",
    re.IGNORECASE,
)


def _goes_on(question: str) -> bool:
    """Whether an agent asks on after the same: "say again?", or an echo of the answer, "Joplin, Missouri?"."""
    return bool(_AGAIN.search(question)) or (question.rstrip().endswith("?") and len(question.split()) <= 4)


def polarity(text: str) -> Polarity:
    """How an answer begins: yes, no, or neither. "No problem" is a yes."""
    match = _YES.match(text)
    if match is None:
        return "yes" if len(text) <= 80 and _ENDS_YES.match(text) else ""
    if match["yes"] and _TURNED.match(text, match.end()):
        return "" if _UNKNOWN.match(text, match.end()) else "no"
    if match["yes"] and re.match(
        r"\W*(?:ok(?:ay)?|well|right|yeah|ja|ach|oh)\W+(?:no\b|nope|nah|nein|but no)",
        text[match.start() :],
        re.IGNORECASE,
    ):
        return "no"
    if match["no"] and re.match(r"\W*no\W+(?:that'?s (?:fine|right|correct)|you'?re right)", text, re.IGNORECASE):
        return "yes"
    return "yes" if match["yes"] else "no"


def unsure(text: str) -> bool:
    """Whether the caller says that he does not know."""
    return _UNSURE.search(text) is not None


def audible(text: str) -> str:
    """The words without notes such as "(unintelligible audio)"."""
    return re.sub(r"\s{2,}", " ", _INAUDIBLE.sub(" ", text)).strip(" .…-")


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the caller, the `first` of its line or not.

    `question` is all that the agent said right before, `asker` the last line of it.
    """

    line: Line
    text: str
    question: str
    place: int
    first: bool
    asked: frozenset[str] = frozenset()
    asker: Line | None = None

    @property
    def polarity(self) -> Polarity:
        return polarity(self.text) if self.first else ""

    def held(self) -> str:
        """What is left of the sentence after its last word of taking back; where nothing is, all of it."""
        return _held(self.text)

    def quote(self) -> str:
        return self.text.strip()


@dataclass(frozen=True)
class Talk:
    """All lines, with the caller's statements and a look at what they answer."""

    lines: Sequence[Line]
    topics: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The caller's sentences in order."""
        found: list[Statement] = []
        question, asked, answered = "", frozenset[str](), False
        asker: Line | None = None
        for line in self.lines:
            if line.speaker == "agent":
                asker = line
                question = f"{question} {line.text}".strip() if not answered and question else line.text
                question = question[-_LONGEST_QUESTION:]
                asked = self._asked(question) or (asked if _goes_on(question) else frozenset())
                answered = False
                continue
            first = True
            for sentence in sentences(line.text):
                if audible(sentence):
                    found.append(Statement(line, sentence, question, len(found), first, asked, asker))
                    first = False
            answered = True
        return tuple(found)

    @cached_property
    def answers_by_line(self) -> tuple[tuple[Statement, ...], ...]:
        """The caller's sentences in order, those of one line together."""
        return tuple(tuple(group) for _, group in groupby(self.statements, lambda one: one.line.number))

    def _asked(self, question: str) -> frozenset[str]:
        """Topics of what the agent asked last: of its questions the last one that has any, and all of its topics."""
        parts = sentences(question) if self.topics else []
        asking = [part for part in parts if part.rstrip().endswith("?")] or parts
        found: set[str] = set()
        for part in asking:
            topics = {topic for topic, pattern in self.topics.items() if pattern.search(part)}
            found |= topics - {"location"} if _WHEN.match(part) and "eta" in topics else topics
        return frozenset(found)

    @cached_property
    def agent_lines(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.speaker == "agent")

    @cached_property
    def caller_lines(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.speaker == "caller")

    def answers(self, topic: str) -> Iterator[tuple[Statement, tuple[Statement, ...]]]:
        """Every line of the caller that follows a question about `topic`: its first sentence and all of them."""
        by_line: dict[int, list[Statement]] = {}
        for one in self.statements:
            if topic in one.asked:
                by_line.setdefault(one.line.number, []).append(one)
        for group in by_line.values():
            yield group[0], tuple(group)

    def answer_to(self, line: Line) -> tuple[Statement, ...]:
        """The caller's sentences right after an agent's line."""
        after = next((one for one in self.lines[line.number + 1 :] if one.speaker == "caller"), None)
        if after is None:
            return ()
        return tuple(one for one in self.statements if one.line.number == after.number)


@lru_cache(maxsize=64)  # every field and every number of a sentence ask
def _held(text: str) -> str:
    rest = text
    for match in _RETRACTS.finditer(text):
        after = text[match.end() :].strip(" ,.;:–—-")
        if len(after) > 1:
            rest = after
    return rest


def sentences(text: str) -> list[str]:
    """The sentences of a line, word for word; one without an end is cut."""
    found: list[str] = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        found += _PIECE.findall(sentence) if len(sentence) > _LONGEST else [sentence]
    return [sentence for sentence in found if sentence.strip(" .!?…,;-–")]


_LONGEST_QUESTION = 4_000  # characters: of an agent that talks on, the last
_LONGEST = 600  # characters: nobody says a longer sentence, and what reads one takes time by the square of it
_PIECE = re.compile(rf"\S.{{0,{_LONGEST - 2}}}(?=\s|\Z)|\S{{1,{_LONGEST}}}", re.DOTALL)
