"""Claims in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parley.conversations.claims_words import (
    NONE,
    Claims,
    clause_before,
    kind_of,
    one_of,
    states,
    without_question,
    word_lists,
)

_SHORT_FORMS = (
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\b(let)'s\b"), r"\1 us"),
    (re.compile(r"(\w)'s\b"), r"\1 is"),
)
_ASKS = re.compile(
    r"(?:(?:and|so|or|but|okay|ok|great|perfect|alright|sure|yes|no|thanks|thank you)[, ]+)*(?:shall|should|would|"
    r"could|can|"
    r"may|might|do|does|did|is|are|am|was|were|has|have|had|will|what|when|which|who|whose|where|how|why|if)\b"
)
_ADVERB = (
    r"(?:(?:just|now|already|also|successfully|all|gladly|happily|officially|finally|hereby|therefore|then|both|"
    r"personally|"
    r"quickly|actually|indeed|duly|gone ahead and|went ahead and|since) )*"
)
_NOT_IN_GAP = (
    r"(?!(?:not|never|no|nothing|can|could|will|would|may|might|must|should|if|once|when|who|which|that|to be|have|"
    r"has|had|"
    r"need|needs|is|are|was|were|and|or|but|until|unless|cannot|do|does|did|whether|depends)\b)"
)
_OBJECT = r"\b(?:you|your|it|that|this|everything|them|both)\b"
_ANY_DAY = re.compile(r"\bany (?:day|time|evening)|\bto (?:mon|tues|wednes|thurs|fri|satur|sun)day|\bevery\b")
_BLOCKS_CLAUSE = re.compile(
    r"\b(?:if|once|when|whenever|until|till|unless|as soon as|before|after|whether|nothing|never|not|no|cannot|in case|"
    r"provided|would|could|might|did|who|which|said|mentioned|because you|depends|guests|customers|people|please)\b"
    r"(?! (?:again|more|problem|worries|trouble|issue))"
)
_BLOCKS_STATE = re.compile(
    r"\b(?:if|once|unless|as soon as|when|whenever|in case|provided|should you)\b(?! (?:again|more))"
)
_FOLLOWED_BY = re.compile(
    r"[^,;]*?\b(?:if|once|unless|as soon as|provided|only|automatically|usually|normally|always|within|on arrival|"
    r"on departure|after you|after we|for \d+ minutes|up to|free of charge)\b"
)
_TAKEN = re.compile(r"\b(?:already|fully|unfortunately|sadly|out|until|by (?:someone|another))\b")
_AT_ONCE = re.compile(
    r"\b(?:now|right away|straight away|straightaway|immediately|at once|right now|one moment|just a moment|"
    r"hold on|one second|"
    r"a second|in a moment|as we speak|this minute)\b"
)
_LATER = re.compile(
    r"\b(?:if|once|when|as soon as|after|before|need|then|unless|until|would|could|can|like|not|should|whether|"
    r"happy to|glad to|"
    r"see if|check)\b"
)


_LONE = ("booked", "changed", "cancelled", "sent", "refunded")
_OF_BOOKINGS = frozenset({"booked", "changed", "cancelled"})


class English:
    """Reads one sentence at a time."""

    def __init__(self) -> None:
        lists = word_lists("en")
        self._trigger = re.compile(lists["trigger"])
        self._verbs = lists["verbs"]
        self._needs = {kind: re.compile(rule) for kind, rule in lists["needs"].items()}
        self._details = re.compile(lists["details"])
        self._viewing = re.compile(lists["viewing"])
        self._acts, self._ings = lists["acts"], lists["ings"]
        things = rf"(?:{lists['things']})"
        thing = (
            rf"(?:the|a|an|this|that|both) (?!no |not )(?:[\w-]+ )?{things}\b"
            r"(?! (?:desk|fee|policy|system|line|area|office|form|page))"
        )
        self._object = re.compile(rf"{_OBJECT}|\b{thing}")
        self._for_caller = re.compile(r"\b(?:you|your|under|in the name|for \w+ (?:people|guests|persons))\b")
        verbs = one_of(self._verbs)
        someone = r"(?:my|our|the|a) (?:colleague|team|system|staff|manager|kitchen|host)"
        middle = rf"(?:(?:you|your [\w' ]{{2,30}}?|it|that|this|everything|them|{thing}) )?"
        self._active = re.compile(
            rf"\b(?P<who>i|we|{someone}) {_ADVERB}(?P<have>(?:have|had|has) )?{_ADVERB}(?:got )?"
            rf"(?P<middle>{middle}){_ADVERB}{verbs}\b(?P<rest>[^.!?;]*)"
        )
        self._weak = re.compile(
            rf"\b(?P<who>i|"
            rf"we) {_ADVERB}(?:have )?{_ADVERB}(?:{lists['weak']})\b(?P<rest>[^.!?;,]{{0,40}}?\b(?P<thing>{things})\b"
            r"[^.!?;]*)"
        )
        subject = (
            rf"(?:you|your(?: [\w'-]+){{1,3}}?|(?P<pronoun>it|that|this|everything|all of (?:it|that))|(?:^|"
            rf"(?<=[,;:!] ))(?!\w+s )"
            rf"{things}|{thing}|(?P<other>(?:the|a|an|our) (?:[\w-]+ )?(?:confirmation|message|refund|amount|fee|"
            rf"manager|team|"
            r"kitchen|chef|staff|police|driver|discount|invoice|details|money|payment|call|owner|party|note|"
            r"request|ambulance|"
            r"colleague|host)))"
        )
        self._passive = re.compile(
            rf"\b(?P<subject>{subject})(?P<gap>(?: {_NOT_IN_GAP}[\w'@.:-]+){{0,8}}?) "
            rf"(?P<be>is|are|am|has been|have been|is being|are being|is been|was|were) "
            rf"(?P<adverb>(?:{_ADVERB}|fully )){verbs}\b(?P<rest>[^.!?;]*)"
        )
        ends = r"(?= ?(?:$|[!.,;:–—-])| (?:for|under|you|it|in|to|as|until)\b)"
        lone = one_of({kind: self._verbs[kind] for kind in _LONE})
        self._lone = re.compile(
            rf"(?:^|[,.;:!–—] ?| - |^(?:okay|ok|great|perfect|alright|sure|right|good) )(?:(?:all|just|"
            rf"successfully|now|and|then) )*"
            rf"(?:(?P<thing>table|room|reservation|booking|viewing|cancellation|message|"
            rf"refund)(?: \w+){{0,3}}? )?{lone}{ends}"
            r"(?P<rest>[^.!?;]*)"
        )
        self._weak_passive = re.compile(
            rf"\b(?P<subject>your|the|a|an|this|"
            rf"that)(?: [\w-]+){{0,2}}? (?P<thing>{things})(?: {_NOT_IN_GAP}[\w'-]+){{0,5}}? "
            rf"(?:has been|have been|was|is now) {_ADVERB}(?:{lists['weak']})\b(?P<rest>[^.!?;]*)"
        )
        managed = {**self._acts, "booked": f"{self._acts['booked']}|booking|get you|getting you|made"}
        self._managed = re.compile(
            r"\b(?:i|we) (?:(?:was|were|have been) able to|(?:have )?managed to|(?:took|have taken) the liberty of|"
            r"went ahead and|"
            rf"have gone ahead and) (?:{one_of(managed)})\b"
        )
        self._states = states(lists)
        self._doing = re.compile(
            rf"\b(?:i|we) (?:am|are) {_ADVERB}(?:currently )?{one_of(self._ings)}\b(?P<rest>[^.!?;]*)"
        )
        self._will = re.compile(
            r"\b(?:(?:i|we) (?:will|shall|am going to|are going to)|let me) (?:(?:now|just|quickly|gladly|"
            r"go ahead and) )*"
            rf"{one_of(self._acts)}\b(?P<rest>[^.!?;]*)"
        )

    def read(self, sentence: str) -> Claims:
        """The claims of a sentence; the very object `NONE` where there are none."""
        text = sentence.strip().lower().replace("’", "'")
        if not self._trigger.search(text):
            return NONE
        for short, long in _SHORT_FORMS:
            if "'" not in text and "n't" not in text:
                break
            text = short.sub(long, text)
        text = without_question(text.strip('"“”* '), _ASKS)
        done = frozenset(self._done(text))
        promised, offered = self._coming(text)
        return Claims(done, promised, offered) if done or promised or offered else NONE

    def _done(self, text: str) -> Iterator[str]:
        yield from self._said_actively(text)
        yield from self._said_passively(text)
        for match in self._lone.finditer(text):
            kind = kind_of(match, _LONE)
            if not _BLOCKS_STATE.search(text[: match.start()]) and not _FOLLOWED_BY.match(match["rest"]):
                yield self._named(kind, match.group())
        for rule, kind in self._states:
            found = rule.search(text)
            if not found or _ANY_DAY.search(found.group()):
                continue
            if not self._blocked(text, found.start()) and not self._conditional(text, found):
                yield self._named(kind, found.group())

    def _said_actively(self, text: str) -> Iterator[str]:
        for match in self._active.finditer(text):
            kind = kind_of(match, self._verbs)
            if self._active_holds(match, kind) and not self._blocked(text, match.start()):
                yield self._named(kind, match.group())
        for match in self._weak.finditer(text):
            own = match["who"] == "i" or self._for_caller.search(match["rest"])
            if own and not self._blocked(text, match.start()):
                yield self._thing_kind(match["thing"], match.group())
        for match in self._managed.finditer(text):
            if not self._blocked(text, match.start()):
                yield self._named(kind_of(match, self._acts), text[match.start() :])

    def _said_passively(self, text: str) -> Iterator[str]:
        for match in self._passive.finditer(text):
            kind = kind_of(match, self._verbs)
            if self._passive_holds(text, match, kind):
                yield self._named(kind, match.group())
        for match in self._weak_passive.finditer(text):
            if not self._blocked(text, match.start()) and not self._conditional(text, match):
                yield self._thing_kind(match["thing"], match.group())

    def _coming(self, text: str) -> tuple[frozenset[str], frozenset[str]]:
        promised: set[str] = set()
        offered: set[str] = set()
        if not _LATER.search(text):
            for match in self._doing.finditer(text):
                if self._object.search(match["rest"]) or "you" in match.group():
                    (promised if _AT_ONCE.search(text) else offered).add(kind_of(match, self._ings))
            for match in self._will.finditer(text):
                if self._object.search(match.group()) or " you" in match.group():
                    (promised if _AT_ONCE.search(text) else offered).add(kind_of(match, self._acts))
        return frozenset(promised), frozenset(offered)

    def _active_holds(self, match: re.Match[str], kind: str) -> bool:
        said = f"{match['middle']} {match['rest']}"
        if kind in self._needs and not self._needs[kind].search(f"{match[kind]} {said}"):
            return False
        if kind == "noted" and self._details.match(match["rest"]):
            return False
        if re.match(r"\s*(?:our|my)\b", match["rest"]) and not match["middle"]:
            return kind == "alerted"
        if kind in {"alerted", "noted", "discounted", "sent", "refunded"} and match["have"]:
            return True
        return (match["who"] == "i" and bool(match["have"])) or bool(self._object.search(said))

    def _passive_holds(self, text: str, match: re.Match[str], kind: str) -> bool:
        subject = match["subject"]
        whole = f"{subject}{match['gap']} {match['rest']}"
        if match["pronoun"] and match["gap"]:
            return False
        if match["other"] and (kind in _OF_BOOKINGS or (subject[:2] in {"a ", "an"} and match["be"] in {"is", "are"})):
            return False
        if kind in {"alerted", "refunded", "discounted"} and not self._needs[kind].search(f"{subject}{match['gap']}"):
            return False
        if subject == "you" and kind in {"alerted", "noted", "sent"}:
            return False
        if kind == "noted" and not self._needs[kind].search(whole):
            return False
        if self._blocked(text, match.start()):
            return False
        if match["be"] in {"is", "are"}:
            taken = f"{match['gap']} {match['adverb']} {match['rest'][:30]}"
            if not subject.startswith("you") and _TAKEN.search(taken):
                return False
            return not self._conditional(text, match)
        return True

    @staticmethod
    def _blocked(text: str, place: int) -> bool:
        return _BLOCKS_CLAUSE.search(clause_before(text, place)) is not None

    @staticmethod
    def _conditional(text: str, match: re.Match[str]) -> bool:
        """Whether a state holds only on a condition, named before it or right behind it."""
        if _BLOCKS_STATE.search(text[: match.start()]):
            return True
        rest = match.groupdict().get("rest")
        return _FOLLOWED_BY.match(text[match.end() :] if rest is None else rest) is not None

    def _named(self, kind: str, text: str) -> str:
        return "viewing" if kind == "booked" and self._viewing.search(text) else kind

    def _thing_kind(self, thing: str, text: str) -> str:
        if thing.startswith("cancel"):
            return "cancelled"
        return "changed" if thing.startswith("change") else self._named("booked", text)
