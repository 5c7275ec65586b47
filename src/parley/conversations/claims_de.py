"""Claims in German."""

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

_ASKS = re.compile(
    r"(?:(?:und|also|oder|aber|gut|prima|ja|nein|danke)[, ]+)*(?:soll|sollen|darf|dürfen|kann|können|könnten|"
    r"möchten|würden|wollen|"
    r"haben|hat|ist|sind|war|waren|wurde|wurden|wird|werden|wann|was|wie|wer|wo|welche\w*|auf welche\w*|für|um wie|"
    r"unter welche\w*|an welche\w*|wenn|falls|ob)\b"
)
_NOT = r"(?:nicht|kein\w*|nie|niemals|nichts|noch nicht|kaum|weder|ohne)"
# Between the verb and its participle: no denial, no second verb, no condition.
_GAP = (
    rf"(?P<gap>(?: (?!{_NOT}\b|wenn\b|falls\b|sobald\b|ob\b|bevor\b|dass\b|können\b|kann\b|könnte\w*\b|würde\w*\b|"
    rf"versucht\b|"
    r"muss\b|müssen\b|soll\w*\b)(?:[^\s.!?;]|(?<=\d)\.)+){0,14}?)"
)
_BLOCKS_CLAUSE = re.compile(
    rf"\b(?:{_NOT}|wenn|falls|sobald|sofern|bevor|nachdem|ob|bis|als|erst|würde\w*|hätte\w*|wäre\w*|könnte\w*|"
    rf"müsste\w*|sagten|"
    r"erwähnten|gäste|kunden|die|möchten|bitte|damit sie|vielleicht|leider)\b"
)
_BLOCKS_STATE = re.compile(r"\b(?:wenn|falls|sobald|sofern|erst|nachdem|bevor|solange|im falle)\b")
_FOLLOWED_BY = re.compile(
    r"[^;]*?\b(?:wenn|falls|sobald|sofern|nur|erst|automatisch|üblicherweise|normalerweise|immer|innerhalb|"
    r"vorbehaltlich)\b"
)
_TAKEN = re.compile(r"\b(?:leider|schon|bereits|vollständig|komplett|belegt|vergeben|ausgebucht|am wochenende)\b")
_AT_ONCE = re.compile(
    r"\b(?:jetzt|gleich|sofort|umgehend|direkt|eben|nun|schnell|kurz|gerade|einen moment|moment|einen augenblick|"
    r"augenblick)\b"
)
_LATER = re.compile(
    rf"\b(?:{_NOT}|wenn|falls|sobald|sofern|bevor|ob|dann|könnte\w*|würde\w*|kann|können|gern\w*|möchte\w*|soll\w*|"
    rf"damit|dass|muss|"
    r"brauche|benötige|täglich|immer|jeder|jeden)\b"
)
_RANGE = re.compile(r"\b(?:von|ab) \w+(?:tag|woch)\b|\bjede\w*\b|\btäglich\b")
_GENERAL = re.compile(
    r"\b(?:unser|unsere|unseren|unserem|unserer|mein|meine|meinen|alle|jede\w*|studierende\w*|mitglieder\w*|gäste\w*)\b"
)
_CALLER = re.compile(
    r"\b(?:ihnen|ihr|ihre|ihren|ihrem|ihrer|sie|das|es|dies|alles|uns|mir|den|die|der|einen|eine|ein|dem)\b"
)
_COMMON = ("booked", "changed", "cancelled", "noted", "transferred", "done")


class German:
    """Reads one sentence at a time."""

    def __init__(self) -> None:
        lists = word_lists("de")
        self._trigger = re.compile(lists["trigger"])
        self._verbs, self._acts = lists["verbs"], lists["acts"]
        self._needs = {kind: re.compile(rule) for kind, rule in lists["needs"].items()}
        self._details = re.compile(lists["details"])
        self._viewing = re.compile(lists["viewing"])
        self._things = things = rf"(?:{lists['things']})"
        verbs = one_of(self._verbs)
        who = r"(?:ich|wir|mein kollege|meine kollegin|unser team|das system|das team)"
        have = r"(?:habe?|hab'|haben|hat)(?:'?s)?"
        infinitive = r"(?! (?:zu|werden|wird|kann|können|hätte\w*|wäre\w*|würde\w*))"
        self._perfect = re.compile(
            rf"\b(?:(?P<who>{who}) {have}|{have} (?P<after>{who}))\b{_GAP} {verbs}\b{infinitive}"
        )
        self._perfect_last = re.compile(rf"\b(?P<first>{verbs}) {have} (?:ich|wir)\b")
        subject = (
            rf"(?:ihr\w* (?:[\w-]+ )?[\w-]+|(?:der|die|das|dieser|diese|ein|eine) (?:[\w-]+ )?[\w-]*{things}\b|"
            rf"{things}|das|es|alles|"
            r"sie|(?:der|die|das|unser|unsere) (?:chef|chefin|team|küche|polizei|betrag|geld|gebühr|mail|sms|"
            r"kollege|kollegin)|dies)"
        )
        self._passive = re.compile(
            rf"\b(?P<subject>{subject})(?P<before>(?: (?!{_NOT}\b|wenn\b|können\b|kann\b|wird\b|werden\b|die\b|"
            rf"hat\b|haben\b)(?:[^\s.!?;,]|(?<=\d)\.)+)"
            rf"{{0,8}}?) (?P<be>ist|sind|wurde|wurden|bist){_GAP} {verbs}\b(?P<end>(?: worden)?){infinitive}"
        )
        self._turned = re.compile(
            rf"(?P<lead>\S[^.!?;,]*?) (?:ist|sind|wurde|wurden) (?P<subject>{subject}){_GAP} {verbs}\b{infinitive}"
        )
        self._after_that = re.compile(
            rf"\bdass (?:ich|wir|ihr\w*|der|die|das|alles|sie)\b{_GAP} {verbs} (?:habe|haben|ist|sind|wurde|wurden|"
            rf"worden)\b"
        )
        ends = r"(?= ?(?:$|[!.,;:–—-])| (?:für|auf|am|um|ist|sind|habe|haben|wie)\b(?! werden))"
        self._lone = re.compile(
            r"(?:^|[,.;:!–—] ?| - |^(?:okay|ok|gut|prima|super|passt|so|perfekt|alles klar|schon|jetzt) )"
            r"(?:(?:alles|schon|bereits|ist|sind|so|und|hiermit|nun|jetzt|gerade|eben|soeben|ja|auch|erfolgreich|"
            r"hab ich|habe ich|"
            rf"(?P<thing>{things})) )*{one_of({kind: self._verbs[kind] for kind in _COMMON})}{ends}"
        )
        self._managed = re.compile(
            rf"\b(?:ich|wir) konnte[n]?\b{_GAP} (?:{one_of(lists['infinitives'])})\b|\bkonnte[n]? (?:ich|wir)\b"
        )
        self._infinitives = lists["infinitives"]
        self._states = states(lists)
        self._now = re.compile(
            rf"\b(?:(?:ich|wir) {one_of(self._acts)}|"
            rf"(?P<turned>{'|'.join(self._acts.values())}) ich)\b(?P<rest>[^.!?;]*)"
        )
        self._will = re.compile(
            rf"\b(?:ich werde|wir werden|werde ich|lassen sie mich)\b{_GAP} {one_of(lists['infinitives'])}\b"
        )

    def read(self, sentence: str) -> Claims:
        """The claims of a sentence; the very object `NONE` where there are none."""
        text = sentence.strip().lower().replace("’", "'")
        if not self._trigger.search(text):
            return NONE
        text = without_question(text.strip('"„“”* '), _ASKS)
        done = frozenset(self._done(text))
        promised, offered = self._coming(text)
        return Claims(done, promised, offered) if done or promised or offered else NONE

    def _done(self, text: str) -> Iterator[str]:
        yield from self._said_actively(text)
        yield from self._said_passively(text)
        for match in self._lone.finditer(text):
            kind = kind_of(match, _COMMON)
            if self._lone_holds(text, match, kind):
                yield self._named(kind, match.group())
        for rule, kind in self._states:
            found = rule.search(text)
            if found and not self._conditional(text, found) and not _RANGE.search(found.group()):
                yield self._named(kind, found.group())

    def _said_actively(self, text: str) -> Iterator[str]:
        for match in self._perfect.finditer(text):
            kind = kind_of(match, self._verbs)
            clause = clause_before(text, match.start())
            said = f"{clause} {match['gap']} {text[match.end() :]}"
            if self._perfect_holds(match, kind, clause, said):
                yield self._named(kind, f"{clause}{match.group()}")
        for match in self._perfect_last.finditer(text):
            yield self._named(kind_of(match, self._verbs), text)
        for match in self._managed.finditer(text):
            found = [kind for kind in self._infinitives if match.group(kind)]
            if found and not _BLOCKS_CLAUSE.search(clause_before(text, match.start())):
                yield found[0]

    def _said_passively(self, text: str) -> Iterator[str]:
        for rule in (self._passive, self._turned):
            for match in rule.finditer(text):
                kind = kind_of(match, self._verbs)
                if self._passive_holds(text, match, kind):
                    yield self._named(kind, match.group())
        for match in self._after_that.finditer(text):
            if not _BLOCKS_CLAUSE.search(text[: match.start()]):
                yield self._named(kind_of(match, self._verbs), match.group())

    def _coming(self, text: str) -> tuple[frozenset[str], frozenset[str]]:
        promised: set[str] = set()
        offered: set[str] = set()
        if _LATER.search(text):
            return frozenset(), frozenset()
        for match in self._now.finditer(text):
            kind = next((kind for kind in self._acts if match.group(kind)), "booked")
            if kind_fits(kind, match["rest"]):
                (promised if _AT_ONCE.search(text) else offered).add(kind)
        for match in self._will.finditer(text):
            (promised if _AT_ONCE.search(text) else offered).add(kind_of(match, self._infinitives))
        return frozenset(promised), frozenset(offered)

    def _perfect_holds(self, match: re.Match[str], kind: str, clause: str, said: str) -> bool:
        if _BLOCKS_CLAUSE.search(clause) and not re.match(r"\s*(?:die|den|der) ", clause):
            return False
        if kind in self._needs and not self._needs[kind].search(said):
            return False
        if kind == "noted" and self._details.match(match["gap"]):
            return False
        who = match["who"] or match["after"]
        if who == "wir":
            return bool(_CALLER.search(said)) and not _GENERAL.search(said)
        return True

    def _passive_holds(self, text: str, match: re.Match[str], kind: str) -> bool:
        subject = match["subject"]
        clause = clause_before(text, match.start("subject"))
        if _BLOCKS_CLAUSE.search(clause) or self._conditional(text, match):
            return False
        if subject == "sie" and kind not in {"booked", "transferred", "noted"}:
            return False
        if kind in {"alerted", "discounted"} and not self._needs[kind].search(subject):
            return False
        if kind == "refunded" and not re.search(r"ihr|betrag|geld|anzahlung|das|es", subject):
            return False
        if subject == "alles" and re.match(r"\s*(?:an|am|zu|über|ab) ", text) and kind == "booked":
            return False
        return subject.startswith("ihr") or not _TAKEN.search(f"{match['gap']} {clause}") or kind in {"noted", "done"}

    def _lone_holds(self, text: str, match: re.Match[str], kind: str) -> bool:
        behind = text[match.end() :]
        if _BLOCKS_STATE.search(text) or re.match(r"\s*(?:werden|wird)\b", behind):
            return False
        return not (kind == "noted" and "ist" not in match.group() and not match["thing"])

    @staticmethod
    def _conditional(text: str, match: re.Match[str]) -> bool:
        """Whether a state holds only on a condition, named before it or right behind it."""
        before = text[: match.start()]
        denied = re.search(rf"\b{_NOT}\b", clause_before(text, match.start()))
        return bool(denied or _BLOCKS_STATE.search(before) or _FOLLOWED_BY.match(text[match.end() :]))

    def _named(self, kind: str, text: str) -> str:
        if re.search(r"\bstornierung\b|\babsage\b", text) and kind in {"booked", "done"}:
            return "cancelled"
        if "rückerstattung" in text or "erstattung" in text:
            return "refunded"
        return "viewing" if kind == "booked" and self._viewing.search(text) else kind


_FITS = {
    "booked": r"\b(?:ein|vor|frei)\b\s*$|\b(?:ihnen|sie|das|es|den|einen|ihr\w*|alles|die)\b",
    "changed": r"\b(?:um|ab|an)\b\s*$|\b(?:das|es|ihr\w*|den|die)\b",
    "cancelled": r"\b(?:ab)\b\s*$|\b(?:das|es|ihr\w*|den|die)\b",
    "noted": r"\b(?:weiter|auf|fest|aus)\b|\b(?:mir)\b",
    "transferred": r"\b(?:sie|durch|weiter)\b",
    "sent": r"\b(?:ihnen)\b",
    "refunded": r"\b(?:ihnen|zurück|gut)\b",
    "discounted": r"\b(?:ihnen|ein)\b",
    "alerted": r"\b(?:küche|chef\w*|team|kolleg\w*|mitarbeiter\w*|polizei|bescheid)\b",
    "paid": r"\b(?:ab|karte)\b",
}


def kind_fits(kind: str, rest: str) -> bool:
    """Whether what follows a verb makes it that act: "ich gebe" alone says nothing."""
    return re.search(_FITS[kind], rest) is not None
