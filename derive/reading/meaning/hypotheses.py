"""What the words between the formulas assume.

    "none of them ever vanishes", "both densities are positive"        laws are positive
    "for any concave function f"                                       the curvature of f
    "for a bounded positive function f"                                the bounds of f (see ranges)
    "let", "assume", "for", "if" before an equation between laws       that equation

Only what is plainly said is taken; a hypothesis too few can only leave a claim undecided or name one condition more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import prod

from derive.claims import Curvature, Hypothesis, Positive, PositiveVariable
from derive.reading.meaning.ranges import spoken_bounds
from derive.terms.nodes import Density, Law, Number, Plus, Quotient, Term, Times, law_factors

_POSITIVE = re.compile(
    r"""(?ix)
    \b(?:none|no(?:thing|where)?|never)\b[^.;:]{0,60}\bvanish(?:es|ing)?\b
  | \bvanish(?:es)?\s+nowhere\b
  | \b(?:all|every|each|both|any|these|the)\b[^.;:$]{0,60}\b(?:densit(?:y|ies)|laws?|distributions?|of\s+them)\b
        [^.;:$]{0,40}\b(?:strictly\s+)?positive\b
  | \b(?:taken|assumed|assume[sd]?|are|is)\b[^.;:$]{0,40}\b(?:strictly\s+)?positive\s+everywhere\b
  | \bpositive\s+densit(?:y|ies)\b
  | \b(?:be|are)\s+(?:strictly\s+)?positive\b
    """
)
_DENIED = re.compile(r"(?i)\b(not|need|neither|without|whether|let us not)\b")
_CURVATURE = re.compile(
    r"(?i)\b(?P<kind>concave|convex)(?:\s+(?:real\s+)?function)?s?,?\s*\$\s*\\?(?P<name>[A-Za-z]+)(?P<more>[^$]*)\$"
)
_POSITIVE_VARIABLE = re.compile(
    r"(?i)\b(?:positive|non-?negative)\s+(?:real\s+)?(?:random\s+)?variable\s*\$\s*\\?(?P<name>[A-Za-z]+)\s*\$"
)
_CURVATURE_AFTER = re.compile(
    r"(?i)\$\s*\\?(?P<name>[A-Za-z]+)(?P<more>[^$]*)\$\s*(?:be|is|are)\s+(?:a\s+|any\s+)?(?P<kind>concave|convex)"
)
_ANY_FUNCTION = re.compile(
    r"""(?ix)
    \$\s*\\?(?P<name>[A-Za-z]+)[^$]*\$\s*(?:be|is)\s+(?:now\s+)?(?:any|an\s+arbitrary|a\s+general|some)\b(?P<what>[^.;$]*)
  | \b(?:any|every|all|arbitrary|general)\b(?P<kind>[^.;$]{0,40})\bfunctions?\s*,?\s*\$\s*\\?(?P<called>[A-Za-z]+)
    """
)
_ASSUMING = re.compile(
    r"(?i)\b(let|assume|assuming|suppose|supposing|model|where|with|for|if|when|given|since|factori[sz]es?|under)\b\W*$"
)
_SUPPOSING = re.compile(r"(?i)\b(?:assum(?:e|es|ed|ing)|suppos(?:e|es|ed|ing))(?:\s+(?:that|now|further|also))*\W*$")
_PASSING = re.compile(r"(?i)\b(with|for|if|when|where|since|under)\b")


def spoken(text: str) -> Iterator[tuple[int, Hypothesis]]:
    """The hypotheses that a stretch of prose states, each with the offset at which it ends."""
    for sentence in re.finditer(r"[^.;]+[.;]?", text):
        words, start = sentence.group(), sentence.start()
        if not _DENIED.search(words):
            for match in _POSITIVE.finditer(words):
                yield start + match.end(), Positive(None, _quoted(words))
        for match in _POSITIVE_VARIABLE.finditer(words):
            yield start + match.end(), PositiveVariable(match["name"], _quoted(words))
        for pattern in (_CURVATURE, _CURVATURE_AFTER):
            for match in pattern.finditer(words):
                if match["name"] not in ("log", "ln", "exp", "sqrt"):
                    yield start + match.end(), _curvature(match, words)
        for offset, bounds in spoken_bounds(words, _quoted(words)):
            yield start + offset, bounds


def freed(text: str) -> Iterator[tuple[int, str]]:
    """The functions of which a stretch of prose says that they are arbitrary from there on, each with the offset."""
    for match in _ANY_FUNCTION.finditer(text):
        said = match["what"] or match["kind"] or ""
        if not re.search(r"(?i)concave|convex", said):
            yield match.end(), match["name"] or match["called"]


def _curvature(match: re.Match[str], words: str) -> Curvature:
    kind = "concave" if match["kind"].lower() == "concave" else "convex"
    half_line = re.search(r"\(0|\[0|positive|\\infty", match["more"]) is not None
    return Curvature(match["name"], kind, "positive" if half_line else "real", _quoted(words))  # type: ignore[arg-type]


def _quoted(words: str) -> str:
    return "“" + " ".join(words.split()).strip(" .,;:") + "”"


def assumes(lead: str) -> bool:
    """Whether the words before an equation mark it as assumed."""
    return _ASSUMING.search(lead.strip()) is not None


_CONCLUDING = re.compile(
    r"(?i)\b(?:claim|show|prove|hence|therefore|thus|follows?|conclude|impl(?:y|ies)|so|yields?|gives?)\b\W*(?:that\W*)?$"
)


def concludes(lead: str) -> bool:
    """Whether the words say that what follows is a conclusion or a claim: "hence", "it follows that"."""
    return _CONCLUDING.search(re.sub(r"\$[^$]*\$", "…", lead).strip()) is not None


def supposes(lead: str) -> bool:
    """Whether the words say that what follows is supposed, whatever it is: "suppose that", "we assume"."""
    return _SUPPOSING.search(lead.strip()) is not None


def in_passing(lead: str) -> bool:
    """Whether the words assume it for their own sentence only ("with q the posterior …")."""
    found = _ASSUMING.search(lead.strip())
    return found is not None and _PASSING.fullmatch(found.group(1)) is not None


_CHOOSING = re.compile(
    r"""(?ix)
    \b(?:at|with|for|choos(?:e|ing)|tak(?:e|ing)|set(?:ting)?|put(?:ting)?|plug(?:ging)?\s+in
    |substitut(?:e|ing)|insert(?:ing)?|case)
    (?:\s+(?:only|just|the))?
    (?:\s*\$[^$]*\$\s*(?:,|and))?  # another one before it
    \W*$
    """
)


def chooses(lead: str) -> bool:
    """Whether the words before an equation pick a special case: "at α = ½", "choosing P = p(x, y) and …"."""
    return _CHOOSING.search(lead.strip()) is not None


_MODEL = re.compile(
    r"(?i)\b(model|encoder|decoder|guide|factori[sz](?:es?|ing|ation)|forward|backward|generative|markov|chain|family"
    r"|assum(?:e|ed|es|ing|ption)|suppos(?:e|ed|ing))\b"
)
_CONDITIONAL = re.compile(
    r"(?i)\b(if|when(?:ever)?|provided|as soon as|unless|assuming|suppos(?:e|ing)|in the case|i\.?i\.?d\.?|copies|"
    r"independen(?:t|tly|ce)|uncorrelated|"
    r"for (?:an?|any|some|those|independent)\b[^.;]*\b(?:that|which|independent))\b"
)


def marks_a_model(lead: str) -> bool:
    """Whether the sentence introduces a model, an encoder …: equations between its laws are then assumed."""
    return _MODEL.search(lead) is not None or assumes(lead)


def conditional_words(words: str) -> str:
    """The words of a condition in a sentence, quoted, or nothing."""
    plain = re.sub(r"\$[^$]*\$", "…", words)
    found = _CONDITIONAL.search(plain)
    return _quoted(plain[found.start() : found.start() + 60]) if found else ""


def is_law_equation(left: Term, right: Term) -> bool:
    """Whether an equation says something about laws: a density equal to a density or a product of densities."""
    return isinstance(left, Density) and all(isinstance(factor, Density) for factor in law_factors(right))


def is_tautology(left: Term, right: Term) -> bool:
    """The product rule itself: p(x, z) = p(x | z) p(z) assumes nothing."""
    if not isinstance(left, Density):
        return False
    parts = [factor for factor in law_factors(right) if isinstance(factor, Density)]
    laws: set[Law] = {part.law for part in parts} | {left.law}
    if len(laws) != 1:
        return False
    known = set(left.given)
    waiting = list(parts)
    while waiting:
        ready = next((p for p in waiting if set(p.given) == known), None)
        if ready is None:
            return False
        known |= set(ready.at)
        waiting.remove(ready)
    return known == set(left.points)


def constant(term: Term) -> Fraction | None:
    """The value of a term made of numbers alone."""
    if isinstance(term, Number):
        return Fraction(term.value)
    if not isinstance(term, Plus | Times | Quotient):
        return None
    values = [constant(part) for part in term.args if isinstance(part, Term)]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    if isinstance(term, Plus):
        return sum(known, Fraction(0))
    if isinstance(term, Times):
        return prod(known, start=Fraction(1))
    return known[0] / known[1] if known[1] else None
