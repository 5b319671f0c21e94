r"""What LaTeX's commands look like in MathML: symbols, operators, spaces, brackets, accents, fonts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from derive.writing.notation import GREEK


def escaped(text: str) -> str:
    """Text for XML or HTML content and attributes.

    Characters that XML does not allow, and those that turn the order of text round, are replaced.
    """
    return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", text).translate(_ENTITIES)


_UNWANTED = re.compile(
    "[^\t\n\r\u0020-\u007e\u00a0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})

THIN = '<mspace width="0.1667em"></mspace>'


@dataclass(frozen=True)
class Part:
    """One element of a row.

    kind  "atom"; "function", which wants a space before its argument; "limits", whose scripts stand below and above;
          "open" and "close" brackets; "sign", a + or −; any other "operator"; "space"
    """

    markup: str
    kind: str = "atom"


def _operator(character: str, kind: str = "operator", attributes: str = "") -> Part:
    return Part(f"<mo{attributes}>{escaped(character)}</mo>", kind)


_STILL = ' stretchy="false"'
_BAR = ' stretchy="false" lspace="0.2em" rspace="0.2em"'
_INFIX = ' form="infix"'

CHARACTERS = {
    **{c: _operator(c, "open", _STILL) for c in "(["},
    **{c: _operator(c, "close", _STILL) for c in ")]"},
    "+": _operator("+", "sign", _INFIX),
    "-": _operator("−", "sign", _INFIX),
    "−": _operator("−", "sign", _INFIX),
    "|": _operator("|", "operator", _BAR),
    "*": _operator("∗"),
    **{c: _operator(c) for c in "=<>/,;:.!?"},
}

LEADING = {c: _operator(shown, "sign", ' form="prefix"') for c, shown in {"+": "+", "-": "−", "−": "−"}.items()}

SYMBOLS: dict[str, Part] = {
    **{name: Part(f"<mi>{letter}</mi>") for name, letter in GREEK.items()},
    **{name: Part(f'<mi mathvariant="normal">{c}</mi>') for name, c in {
        "infty": "∞", "partial": "∂", "nabla": "∇", "emptyset": "∅", "top": "⊤", "bot": "⊥", "prime": "′",
    }.items()},
    **{name: _operator(c) for name, c in {
        "ge": "≥", "geq": "≥", "geqslant": "≥", "le": "≤", "leq": "≤", "leqslant": "≤", "ne": "≠", "neq": "≠",
        "sim": "∼", "propto": "∝", "approx": "≈", "equiv": "≡", "triangleq": "≜", "coloneqq": "≔", "cdot": "⋅",
        "times": "×", "pm": "±", "in": "∈", "to": "→", "rightarrow": "→", "mapsto": "↦", "Rightarrow": "⇒", "iff": "⇔",
        "ll": "≪", "gg": "≫", "cup": "∪", "cap": "∩", "setminus": "∖", "forall": "∀", "exists": "∃", "perp": "⟂",
        "ldots": "…", "dots": "…", "cdots": "⋯", "circ": "∘", "lt": "<", "gt": ">", "colon": ":", "ast": "∗",
    }.items()},
    **{name: _operator("|", "operator", _BAR) for name in ("mid", "vert", "lvert", "rvert")},
    **{name: _operator("‖", "operator", _BAR) for name in ("|", "parallel", "Vert", "lVert", "rVert")},
    **{name: _operator(c, "open", _STILL) for name, c in {"{": "{", "langle": "⟨", "lbrack": "["}.items()},
    **{name: _operator(c, "close", _STILL) for name, c in {"}": "}", "rangle": "⟩", "rbrack": "]"}.items()},
    **{name: _operator(c, "atom", ' rspace="0.1em"') for name, c in {"int": "∫", "iint": "∬", "oint": "∮"}.items()},
    **{name: _operator(c, "limits") for name, c in {"sum": "∑", "prod": "∏"}.items()},
    **{name: Part(f"<mi>{name}</mi>", "function") for name in ("log", "ln", "exp", "det", "dim", "arg", "sin", "cos")},
    **{name: Part(f"<mi>{name}</mi>", "limits") for name in ("max", "min", "sup", "inf", "lim", "Pr")},
    **{name: Part(f"<mi>{w}</mi>", "limits") for name, w in {"argmax": "arg max", "argmin": "arg min"}.items()},
    "%": _operator("%"), "$": _operator("$"), "&": _operator("&"), "#": _operator("#"), "_": _operator("_"),
}  # fmt: skip

SPACES = {
    ",": "0.1667em", ":": "0.2222em", ";": "0.2778em", " ": "0.25em", "quad": "1em", "qquad": "2em", "!": "", "\\": "",
}  # fmt: skip
IGNORED = frozenset(
    [f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")]
    + ["displaystyle", "textstyle", "limits", "nolimits", "nonumber", "notag", "bf", "rm", "it", "cal"]
)
DELIMITERS = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", ".": "", "/": "/", r"\{": "{", r"\}": "}", r"\|": "‖",
    r"\vert": "|", r"\lvert": "|", r"\rvert": "|", r"\Vert": "‖", r"\lVert": "‖", r"\rVert": "‖", r"\mid": "|",
    r"\parallel": "‖", r"\langle": "⟨", r"\rangle": "⟩", r"\lbrack": "[", r"\rbrack": "]",
}  # fmt: skip
ACCENTS = {
    "hat": "^", "widehat": "^", "tilde": "~", "widetilde": "~", "bar": "‾", "overline": "‾", "vec": "→", "dot": "˙",
}  # fmt: skip
TEXT_ESCAPES = {r"\_": "_", r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\ ": " ", r"\,": " ", r"\-": ""}


# ---------------------------------------------------------------- fonts


def _upright(text: str) -> str:
    return f'<mi mathvariant="normal">{escaped(text)}</mi>' if len(text) == 1 else f"<mi>{escaped(text)}</mi>"


def _prose(text: str) -> str:
    no_break = "\N{NO-BREAK SPACE}"  # ordinary spaces at the ends would be dropped
    return f"<mtext>{escaped(text.replace(' ', no_break))}</mtext>"


def _alphabet(upper: int, lower: int, exceptions: dict[str, str]) -> Callable[[str], str]:
    """A font of Unicode's mathematical alphabets; other characters stay as they are."""

    def change(character: str) -> str:
        if character in exceptions:
            return exceptions[character]
        if "A" <= character <= "Z":
            return chr(upper + ord(character) - ord("A"))
        return chr(lower + ord(character) - ord("a")) if "a" <= character <= "z" else character

    return lambda text: f"<mi>{escaped(''.join(change(c) for c in text))}</mi>"


_DOUBLE = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
_SCRIPT = {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ", "e": "ℯ", "g": "ℊ", "o": "ℴ"}
_BOLD = _alphabet(0x1D400, 0x1D41A, {})

FONTS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("mathrm", "mathsf", "mathit", "mathop"), _upright),
    **dict.fromkeys(("text", "textrm", "textit", "textbf", "mbox"), _prose),
    **dict.fromkeys(("mathbf", "boldsymbol", "bm", "pmb"), _BOLD),
    "mathbb": _alphabet(0x1D538, 0x1D552, _DOUBLE),
    "mathcal": _alphabet(0x1D49C, 0x1D4B6, _SCRIPT),
    "mathscr": _alphabet(0x1D49C, 0x1D4B6, _SCRIPT),
}
