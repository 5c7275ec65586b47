"""What a persona makes of each line, by rules alone: what it answers, feels, wants, and when it has had enough.

The order of decisions is the order of `Mind._content`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from parley.personas.definition import Fact, Goal, Objection, Persona
from parley.personas.drawing import Deck, draw, fill
from parley.personas.listening import Heard, common, listen

_MOST_ANSWERS = {"full": 3, "short": 2, "one_word": 1}
_SOFTENED, _HARDENED = 0.05, 0.08  # by what anyone takes kindly, or amiss
_TOUCHED, _STUNG = 0.15, 0.15  # by what this persona does
_TIRED = 0.05  # of being asked the same again
_OFTEN = 4  # times after which being asked the same again is too much
_GRUMBLES = 0.3  # the mood below which it grumbles
_DOWN = 0.02  # the mood at which it hangs up
_KEPT = ("mood", "replies", "over", "gave_up", "told", "_last_text", "_idle", "_unknowns", "_accepted")


@dataclass(frozen=True, slots=True)
class Line:
    """What a caller says. `silent`: nothing is said. `hang_up`: the call is over after these words.

    `pause_ms` is how long it takes to begin; `interrupts`: it begins while the other side still speaks.
    """

    text: str = ""
    hang_up: bool = False
    silent: bool = False
    pause_ms: int = 0
    interrupts: bool = False


@dataclass(slots=True)
class _Wish:
    goal: Goal
    raised: int = 0
    met: bool = False

    @property
    def open(self) -> bool:
        return not self.met and self.raised < self.goal.tries


@dataclass(slots=True)
class _Grudge:
    objection: Objection
    raised: int = 0
    resolved: bool = False


class Mind:
    """One persona in one conversation. The same persona, seed, language and lines give the same words."""

    def __init__(self, persona: Persona, seed: int, language: str) -> None:
        self.persona = persona
        self.language = language
        self.script = persona.scripts[language]  # type: ignore[index]
        key = f"{persona.key}:{language}:{seed}"
        self.values = draw(self.script, Random(key))
        self.mood = persona.mood
        self.replies = 0
        self.over = False
        self.gave_up = False
        self.told: dict[str, int] = {}
        self._deck = Deck(key)
        self._wishes = [_Wish(goal) for goal in self.script.goals]
        self._grudges = [_Grudge(objection) for objection in self.script.objections]
        self._last_topics: tuple[str, ...] = ()
        self._last_text = ""
        self._idle = 0
        self._unknowns = 0
        self._accepted = 0

    @property
    def satisfied(self) -> bool:
        """Whether every goal is met and every objection that was raised is resolved."""
        return all(wish.met for wish in self._wishes) and not any(
            grudge.raised and not grudge.resolved for grudge in self._grudges
        )

    @property
    def noises(self) -> tuple[str, ...]:
        """The markers of what does not come through."""
        return self._variants("noise")

    def open(self) -> Line | None:
        """First words, or None for one who waits to be greeted."""
        if not self.script.opening:
            return None
        if self._wishes:
            self._wishes[0].raised = 1
        self._last_text = self._say("opening", self.script.opening)
        return Line(self._last_text, pause_ms=self._pause())

    def answer(self, line: str) -> Line:
        """What the persona says to a line."""
        self.replies += 1
        if self.over:
            return Line(hang_up=True, silent=True)
        if self.persona.manner.silent:
            self.over = self.replies > self.persona.patience
            return Line(silent=True, hang_up=self.over, pause_ms=self._pause())
        heard = listen(line, self.script, self.language)
        self._feel(heard)
        told = dict(self.told)
        content = self._content(heard)
        text, whole = self._spoken(" ".join(part for part in content if part))
        if not whole:
            self.told = told
        interrupts = self._deck.chance("interrupts", self.persona.manner.interrupts)
        return Line(text, hang_up=self.over, pause_ms=self._pause(), interrupts=interrupts)

    def memory(self) -> dict[str, Any]:
        """All that the lines so far have made of it, as JSON, for `recall`. None of it is the other side's words."""
        kept = {name: getattr(self, name) for name in _KEPT}
        wishes = [[wish.raised, wish.met] for wish in self._wishes]
        grudges = [[grudge.raised, grudge.resolved] for grudge in self._grudges]
        return {**kept, "dealt": self._deck.dealt, "topics": self._last_topics, "wishes": wishes, "grudges": grudges}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Be as the mind of the same persona, seed and language was whose `memory` this is."""
        for name in _KEPT:
            setattr(self, name, memory[name])
        self._deck.dealt = dict(memory["dealt"])
        self._last_topics = tuple(memory["topics"])
        for wish, (raised, met) in zip(self._wishes, memory["wishes"], strict=True):
            wish.raised, wish.met = raised, met
        for grudge, (raised, resolved) in zip(self._grudges, memory["grudges"], strict=True):
            grudge.raised, grudge.resolved = raised, resolved

    # What it makes of a line

    def _feel(self, heard: Heard) -> None:
        """The mood follows the other side's words; goals and objections are settled by them."""
        change = _SOFTENED * ("softens" in heard.signals) - _HARDENED * ("hardens" in heard.signals)
        change -= _STUNG * ("insults" in heard.signals)
        change += _TOUCHED * heard.holds(self.script.softened_by) - _STUNG * heard.holds(self.script.hardened_by)
        self.mood = min(1.0, max(0.0, self.mood + change))
        for grudge in self._grudges:
            early = grudge.objection.early and not grudge.raised
            grudge.resolved |= early and heard.holds(grudge.objection.resolved_by)
        for wish in self._wishes:
            if (wish.raised or wish.goal.early) and not wish.met and heard.text.strip():
                granted = heard.holds(wish.goal.met_by) if wish.goal.met_by else not heard.topics
                wish.met = granted

    def _content(self, heard: Heard) -> list[str]:
        if "out_of_role" in heard.signals:
            self.mood = max(0.0, self.mood - _TIRED)
            return [self._phrase("confused"), *self._next_wish(first_time=True)]
        if self.mood <= _DOWN or self.replies >= self.persona.patience:
            return self._leave("fed_up")
        if "insults" in heard.signals:
            return [self._phrase("offended")]
        if heard.text.strip() and not "".join(heard.sentences).strip():
            return [self._phrase("wordless")]
        if "farewell" in heard.signals and not heard.asks:
            return self._leave("goodbye")
        if "repeat" in heard.signals and self._last_text:
            return self._once_more(heard)
        if grudge := self._grudge(heard):
            return grudge
        if heard.topics:
            return self._answers(heard)
        self._last_topics = ()
        return self._reaction(heard) if heard.asks else self._remark(heard)

    def _leave(self, phrase: str) -> list[str]:
        self.over = True
        self.gave_up = phrase in ("fed_up", "gives_up")
        return [self._phrase(phrase)]

    def _once_more(self, heard: Heard) -> list[str]:
        """The same again: in other words where facts were told, else as it was said."""
        topics = [topic for topic in (heard.topics or self._last_topics) if topic in self.script.facts]
        if topics:
            return [self._phrase("again"), *(self._tell(topic, self.script.facts[topic]) for topic in topics[:2])]
        return [self._last_text]

    def _grudge(self, heard: Heard) -> list[str]:
        """What is held against the other side, or that it is settled now."""
        for grudge in self._grudges:
            if grudge.resolved or self.replies <= grudge.objection.after:
                continue
            if grudge.raised and heard.holds(grudge.objection.resolved_by):
                grudge.resolved = True
                self.mood = min(1.0, self.mood + _TOUCHED)
                rest = self._answers(heard) if heard.topics else []
                settled = grudge.objection.settled or self._variants("softened")
                return [self._say(f"settled:{grudge.objection.say[0]}", settled), *rest]
            if grudge.raised > grudge.objection.insists:
                continue
            if grudge.raised:
                self.mood = max(0.0, self.mood - _HARDENED)
            grudge.raised += 1
            said = self._say(f"objection:{grudge.objection.say[0]}", grudge.objection.say)
            return [said] if grudge.objection.blocking or not heard.topics else [*self._answers(heard), said]
        return []

    def _answers(self, heard: Heard) -> list[str]:
        """What was asked for, as much as this manner of speaking says at once."""
        answerable = [topic for topic in heard.topics if self._knows(topic)]
        if not answerable:
            return self._at_a_loss()
        topics = tuple(answerable)[: _MOST_ANSWERS[self.persona.manner.length]]
        if any(self.told.get(topic, 0) >= _OFTEN for topic in topics):
            return self._leave("fed_up")
        self._last_topics = topics
        self._idle = 0
        said = [self._on(topic) for topic in topics]
        if self.persona.manner.length == "full" and self.mood > _GRUMBLES and self._deck.chance("volunteers", 0.5):
            said += self._volunteer()
        return list(dict.fromkeys(said))

    def _knows(self, topic: str) -> bool:
        return topic in self.script.facts or topic in common(self.language).assumed

    def _on(self, topic: str) -> str:
        fact = self.script.facts.get(topic)
        if fact is None:
            assumed = common(self.language).assumed.get(topic)
            if assumed:
                return self._say(f"assumed:{topic}", assumed)
            return self._phrase("dont_know")
        if fact.tell == "secret" and self.mood < fact.warmth:
            return self._phrase("evades")
        if self.told.get(topic):
            self.mood = max(0.0, self.mood - _TIRED)
            return _led_by(self._phrase("as_said"), self._tell(topic, fact, short=True), self.language)
        return self._tell(topic, fact)

    def _tell(self, topic: str, fact: Fact, *, short: bool = False) -> str:
        if fact.once is not None and not self.told.get(fact.once):
            return self._say(f"before:{topic}", fact.before)
        self.told[topic] = self.told.get(topic, 0) + 1
        length = self.persona.manner.length
        brief = short or length == "one_word" or (length == "short" and self._deck.chance("short", 0.6))
        variants = fact.short if brief and fact.short else fact.say
        return self._say(f"fact:{topic}:{brief}", variants)

    def _volunteer(self) -> list[str]:
        for topic, fact in self.script.facts.items():
            if fact.tell == "volunteered" and not self.told.get(topic):
                return [self._tell(topic, fact)]
        return []

    def _reaction(self, heard: Heard) -> list[str]:
        """To a question for nothing in particular."""
        self._idle = 0
        for signal in ("more", "help"):
            if signal in heard.signals:
                wanted = self._next_wish()
                return wanted or [self._phrase("nothing_else" if signal == "more" else "needs_help")]
        if "there" in heard.signals:
            return [self._phrase("there")]
        if "who" in heard.signals:
            return [self._on("name")]
        if "well" in heard.signals:
            return [self._phrase("well")]
        if "offers" in heard.signals:
            return self._offered()
        if "confirm" in heard.signals:
            return [self._phrase("yes")]
        if "wait" in heard.signals:
            return [self._phrase("waits")]
        if " " not in heard.text.strip() and (wanted := self._next_wish()):
            return wanted
        return self._at_a_loss()

    def _offered(self) -> list[str]:
        """Something is offered: taken where nothing else is left to ask, and twice at most."""
        unasked = [wish for wish in self._wishes if wish.open and not wish.raised]
        if unasked:
            return [self._phrase("no_thanks"), *self._next_wish()]
        self._accepted += 1
        if self._accepted <= 2 and self.mood >= _GRUMBLES:
            return [self._phrase("yes_please")]
        return self._leave("gives_up") if self._wishes else [self._phrase("no_thanks")]

    def _at_a_loss(self) -> list[str]:
        """Not knowing, differently each time; from the second time on it comes back to what it wants, or asks why."""
        self._unknowns += 1
        if self._unknowns > 1 and (wanted := self._next_wish()):
            return wanted
        if self._unknowns % 3 == 0:
            return [self._phrase("dont_know"), self._phrase("ask_back")]
        return [self._phrase("dont_know")]

    def _remark(self, heard: Heard) -> list[str]:
        """To a line that asks nothing."""
        if "wait" in heard.signals:
            return [self._phrase("waits")]
        if "handoff" in heard.signals:
            return [self._phrase("help_coming")]
        if volunteered := self._volunteer():
            return volunteered
        if wanted := self._next_wish():
            return wanted
        if self._wishes and self.persona.leaves_satisfied:
            return self._leave("satisfied" if all(wish.met for wish in self._wishes) else "gives_up")
        self._idle += 1
        if self._idle > 4:
            return self._leave("gives_up")
        if self._idle > 2:
            return [self._phrase("hangs_on")]
        return [self._phrase("thanks_back" if "softens" in heard.signals else "backchannel")]

    def _next_wish(self, *, first_time: bool = False) -> list[str]:
        """The next thing it wants, in other words each time; with `first_time` nothing that was not said before."""
        for wish in sorted(self._wishes, key=lambda wish: wish.raised):
            if wish.open and (wish.raised or not first_time):
                wish.raised += 1
                return [self._say(f"goal:{wish.goal.say[0]}", wish.goal.say)]
        return []

    # How it says it

    def _spoken(self, text: str) -> tuple[str, bool]:
        """The words as they come through, and whether they come through whole."""
        manner, deck = self.persona.manner, self._deck
        self._last_text = text
        if not self.over and deck.chance("noise", manner.noise):
            return self._phrase("noise"), False
        if not self.over and deck.chance("broken", manner.broken) and len(text.split()) > 2:
            words = text.split()
            kept = words[: max(1, len(words) * deck.between("cut", 30, 60) // 100)]
            return f"{' '.join(kept).rstrip('.,!?')}... {self._phrase('noise')}", False
        begins = "grumbles" if self.mood < _GRUMBLES else "fillers"
        share = 0.35 if self.mood < _GRUMBLES else manner.fillers
        if not self.over and manner.length != "one_word" and deck.chance(begins, share):
            text = _led_by(self._phrase(begins), text, self.language)
        return text, True

    def _variants(self, name: str) -> tuple[str, ...]:
        return self.script.phrases.get(name) or common(self.language).phrases[name]

    def _phrase(self, name: str) -> str:
        return self._say(name, self._variants(name))

    def _say(self, name: str, variants: tuple[str, ...]) -> str:
        text = fill(self._deck.deal(name, variants), self.values)
        return f"{text[:1].upper()}{text[1:]}"

    def _pause(self) -> int:
        return self._deck.between("pause", *self.persona.manner.pause_ms)


# Words that lose their capital where something stands before them; names and nouns are not among them.
_LOSES = {
    "en": frozenset(
        "The A An It It's My We We're We've Yes Yeah Yep No Nope Nobody Not Just Still About Around At On In By Near "
        "Under For From Somewhere Everything Everyone All Right Going Sure Should Maybe Probably There There's They "
        "They're That That's This Then Two Three Four Five Six Make Please Nothing What Can Could Do Does Is Are You "
        "Good Fine Not Driving Running Rolling Coming Heavy Road Later When Tomorrow Already".split()
    ),
    "de": frozenset(
        "Ich Wir Das Der Die Ein Eine Es Er Sie Ja Nein Nicht Noch Nur Mir Mein Meine Bin Etwa Gegen Kurz Auf An Am In "
        "Im Bei Für Um Zu Alles Gut Läuft Keine Kein Leider Bisher Irgendwo Niemand Hier Da Schon Zwischen Morgen Nach "
        "Vor Unterwegs Pünktlich Verspätet Beim Später Wenn Gerade Weiter".split()
    ),
}


_ANSWERS = frozenset("Yes Yeah Yep Yup No Nope Sure Okay Right Well Ja Jo Nein Nee Klar Gut Also".split())


def _led_by(before: str, text: str, language: str) -> str:
    """The text with a few words before it; without them where it would read badly."""
    first, _, _ = text.partition(" ")
    bare = first.rstrip(".,!?:")
    if bare in _ANSWERS and before.rstrip(",").split()[0].rstrip(",") in _ANSWERS:
        return text  # "Yeah, so, yeah, okay."
    if bare in _LOSES[language]:
        return f"{before} {text[0].lower()}{text[1:]}"
    keeps = before.endswith(":") or bare in {"I", "I'm", "I've", "I'll", "I'd", "My"} or any(c.isdigit() for c in bare)
    return f"{before} {text}" if keeps else text
