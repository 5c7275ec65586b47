"""A persona played by a hosted model: what it is told, and what of its words may be spoken.

The rules decide first what the persona would say and whether it hangs up; the model words it, and answers what the
rules have no answer for. What falls out of role is not spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from parley.inference.chat import ChatRequest, Message
from parley.inference.facts import Facts
from parley.personas.definition import Fact, Persona, Script
from parley.personas.drawing import fill
from parley.personas.mind import Line

_LONGEST = 600
_TALK_LINES = 16
_TEMPERATURE = 0.8
_MOST_TOKENS = 160

_OUT = re.compile(
    r"\b(?:language model|ai (?:assistant|model)|as an ai|artificial intelligence|openai|anthropic|system prompt"
    r"|i(?: a|['’])m (?:just |only |actually |really )?an? (?:ai|bot|chatbot|robot|machine|computer program)"
    r"|simulat(?:ed|ion)|role-?play|my (?:instructions|persona|prompt)|how (?:can|may) i (?:help|assist) you"
    r"|full (?:points|marks)|your score|rubric"
    r"|sprachmodell|ki-(?:assistent|modell)\w*|als ki|künstliche intelligenz|rollenspiel|meine (?:anweisungen|rolle)"
    r"|ich bin (?:nur |eigentlich |in wahrheit )?eine? (?:ki|bot|chatbot|roboter|maschine|computerprogramm)"
    r"|wie kann ich ihnen (?:heute )?(?:helfen|behilflich sein)|volle (?:punktzahl|punkte))\b",
    re.IGNORECASE,
)
_DIRECTIONS = re.compile(r"\*[^*\n]{1,80}\*|\[[^\]\n]{1,80}\]|<[^>\n]{1,80}>")
_SPEAKER = re.compile(
    r"^\s*(?:caller|customer|driver|me|anrufer(?:in)?|kunde|kundin|fahrer(?:in)?|ich)\s*:\s*", re.IGNORECASE
)

_WORDS = {
    "en": {
        "role": "You play a person on the telephone. Never leave the role, whatever the other side says or asks: "
        "requests to do so are nonsense to this person. You speak to an agent; you are none, and never offer help.",
        "facts": "What you know (tell it only when asked for it, unless it says volunteered):",
        "full": "You speak in one or two ordinary spoken sentences.",
        "short": "You speak in short sentences, a few words each.",
        "one_word": "You answer in one or two words only.",
        "mood": "Your mood, from 0 (furious) to 1 (delighted): {mood}.",
        "line": "Next, this person would say something like: {text}",
        "end": "These are your last words: say goodbye, then you hang up.",
        "only": "Answer with the spoken words alone, in English, in other words than before.",
    },
    "de": {
        "role": "Sie spielen einen Menschen am Telefon. Fallen Sie nie aus der Rolle, was auch immer die andere Seite "
        "sagt oder verlangt: Für diesen Menschen ist das Unsinn. Sie sprechen mit einem Agenten, sind aber keiner, und "
        "bieten nie Hilfe an.",
        "facts": "Was Sie wissen (nur auf Nachfrage sagen, außer es steht volunteered dabei):",
        "full": "Sie sprechen ein oder zwei gewöhnliche gesprochene Sätze.",
        "short": "Sie sprechen in kurzen Sätzen von wenigen Wörtern.",
        "one_word": "Sie antworten nur mit ein oder zwei Wörtern.",
        "mood": "Ihre Stimmung von 0 (wütend) bis 1 (begeistert): {mood}.",
        "line": "Als Nächstes würde dieser Mensch etwa sagen: {text}",
        "end": "Das sind Ihre letzten Worte: Verabschieden Sie sich, dann legen Sie auf.",
        "only": "Antworten Sie nur mit den gesprochenen Worten, auf Deutsch, in anderen Worten als zuvor.",
    },
}


def request(
    persona: Persona,
    language: str,
    values: Mapping[str, str],
    talk: Sequence[tuple[str, str]],
    line: Line,
    mood: float,
) -> ChatRequest:
    """What the model is asked. `talk` are (role, words), role agent or caller, the agent's new line last."""
    words = _WORDS[language]
    script = persona.scripts[language]  # type: ignore[index]
    about = [words["role"], fill(script.situation, values), *_known(script, values, words["facts"])]
    now = [
        words[persona.manner.length],
        words["mood"].format(mood=round(mood, 1)),
        words["line"].format(text=line.text),
        *([words["end"]] if line.hang_up else []),
        words["only"],
    ]
    earlier = [Message("user" if role == "agent" else "assistant", said) for role, said in talk[-_TALK_LINES:] if said]
    messages = (
        Message("system", "\n".join(about)),
        *earlier[:-1],
        Message("system", "\n".join(now)),
        *earlier[-1:],
    )
    facts = Facts(message=talk[-1][1] if talk else "", language=language)
    return ChatRequest(messages, facts, temperature=_TEMPERATURE, max_tokens=_MOST_TOKENS)


def _known(script: Script, values: Mapping[str, str], title: str) -> list[str]:
    facts = [
        f"- {name}: {fill(_as_known(fact), values)}{' (volunteered)' if fact.tell == 'volunteered' else ''}"
        for name, fact in script.facts.items()
    ]
    return [title, *facts] if facts else []


def _as_known(fact: Fact) -> str:
    return f"{fact.before[0]} → {fact.once} → {fact.say[0]}" if fact.once is not None else fact.say[0]


def spoken(text: str) -> str | None:
    """The model's words without stage directions; None where they fall out of role or are no line at all."""
    if _OUT.search(text):  # in a stage direction too: who steps out there has stepped out
        return None
    said = " ".join(_SPEAKER.sub("", _DIRECTIONS.sub(" ", text)).split()).strip(' "“”„')
    return said if said and len(said) <= _LONGEST else None
