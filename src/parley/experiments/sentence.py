"""A verdict as a sentence, in English and German."""

from __future__ import annotations

from collections.abc import Sequence

from parley.experiments.sequential import Difference
from parley.experiments.verdict import ArmVerdict, Verdict

_WORDS = {
    "en": {
        "none": "There is no arm to compare.",
        "one": "There is only one arm, {names}; there is nothing to compare it with.",
        "better": "{better} is better than {worse} by {low} to {high} points",
        "also": "than {worse} by {low} to {high} points",
        "keep": "keep running {names}",
        "undecided": "Undecided after {outcomes} outcomes: no difference holds yet; keep running {names}.",
        "few": "Undecided: {names} need at least {minimum} outcomes each before anything can be said.",
        "few_one": "Undecided: {names} needs at least {minimum} outcomes before anything can be said.",
        "harm": "{name} does harm ({measures}) and should be stopped.",
        "success": "fewer tasks completed",
        "escalation": "more escalations",
        "satisfaction": "less satisfaction",
        "and": "and",
    },
    "de": {
        "none": "Es gibt keinen Arm zu vergleichen.",
        "one": "Es gibt nur einen Arm, {names}; es ist nichts da, womit er verglichen werden kann.",
        "better": "{better} ist um {low} bis {high} Punkte besser als {worse}",
        "also": "um {low} bis {high} Punkte besser als {worse}",
        "keep": "{names} weiterlaufen lassen",
        "undecided": "Unentschieden nach {outcomes} Ergebnissen: noch kein sicherer Unterschied; "
        "{names} weiterlaufen lassen.",
        "few": "Unentschieden: {names} brauchen je mindestens {minimum} Ergebnisse, bevor sich etwas sagen lässt.",
        "few_one": "Unentschieden: {names} braucht mindestens {minimum} Ergebnisse, bevor sich etwas sagen lässt.",
        "harm": "{name} schadet ({measures}) und sollte angehalten werden.",
        "success": "weniger erledigte Anliegen",
        "escalation": "mehr Weiterleitungen",
        "satisfaction": "weniger Zufriedenheit",
        "and": "und",
    },
}


def sentence_of(verdict: Verdict, language: str) -> str:
    """What the verdict says, such as "B is better than A by 4 to 9 points; keep running C."."""
    words = _WORDS.get(language, _WORDS["en"])
    if len(verdict.arms) < 2:
        names = _listed([one.arm.name for one in verdict.arms], words)
        return words["one" if verdict.arms else "none"].format(names=names)
    said = [_success(verdict, words, language)]
    said += [
        words["harm"].format(name=one.arm.name, measures=", ".join(words[harm.measure] for harm in one.harms))
        for one in verdict.arms
        if one.harms and one.arm.is_active
    ]
    return " ".join(said)


def _success(verdict: Verdict, words: dict[str, str], language: str) -> str:
    names = {one.arm.prompt_id: one.arm.name for one in verdict.arms}
    leader = _leader(verdict)
    claims = [one for one in verdict.comparisons if one.is_decided and one.better == leader]
    if leader is None or not claims:
        return _nothing_yet(verdict, words)
    parts = []
    for number, claim in enumerate(claims):
        low, high = _points(claim.difference, language)
        template = words["also" if number else "better"]
        parts.append(template.format(better=names[leader], worse=names[claim.worse], low=low, high=high))
    beaten = {one.worse for one in verdict.comparisons if one.is_decided}
    open_arms = [one.arm.name for one in verdict.arms if one.arm.prompt_id not in beaten | {leader}]
    sentence = f" {words['and']} ".join(parts)
    if open_arms:
        sentence += "; " + words["keep"].format(names=_listed(open_arms, words))
    return f"{sentence}."


def _leader(verdict: Verdict) -> str | None:
    """Of the arms that nobody beats, the one that is most probably the best."""
    beaten = {one.worse for one in verdict.comparisons if one.is_decided}
    better = {one.better for one in verdict.comparisons if one.is_decided}
    able: list[ArmVerdict] = [one for one in verdict.arms if one.arm.prompt_id in better - beaten]
    return max(able, key=lambda one: one.probability_best).arm.prompt_id if able else None


def _nothing_yet(verdict: Verdict, words: dict[str, str]) -> str:
    lacking = [one.arm.name for one in verdict.arms if one.missing]
    if lacking:
        template = words["few" if len(lacking) > 1 else "few_one"]
        return template.format(names=_listed(lacking, words), minimum=verdict.rules.min_outcomes)
    outcomes = sum(one.arm.tally.outcomes for one in verdict.arms)
    return words["undecided"].format(outcomes=outcomes, names=_listed([one.arm.name for one in verdict.arms], words))


def _points(found: Difference, language: str) -> tuple[str, str]:
    """Both ends in points of a hundred; as exact as it takes to tell the lower one from nothing."""
    low, high = 100 * found.low, 100 * found.high
    digits = 0 if low >= 0.95 else 1 if low >= 0.095 else 2
    said = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return (said[0].replace(".", ","), said[1].replace(".", ",")) if language == "de" else said


def _listed(names: Sequence[str], words: dict[str, str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {words['and']} {names[-1]}"
