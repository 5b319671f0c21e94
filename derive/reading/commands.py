r"""What each command does to the token stream: one small handler per kind of command, and the table of them all.

translate() is the door: TeX tokens in, mathematical tokens, notes and warnings out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from derive.reading import vocabulary as words
from derive.reading.characters import character, emit_optimum, emit_word
from derive.reading.environments import environment
from derive.reading.lexer import SIZES, Tex
from derive.reading.stacks import brace, stack, wrapper
from derive.reading.statements import Note, Warning_
from derive.reading.tokens import MAX_NESTING, Handler, Token, Translator, at_top
from derive.reading.words import classify_text, is_known, plain_word, text_of


class Translation(NamedTuple):
    tokens: list[Token]
    notes: list[Note]
    warnings: list[Warning_]


def translate(tex: list[Tex]) -> Translation:
    """The mathematical tokens of a formula."""
    translator = Translator(list(tex), COMMANDS, character, environment)
    if translator.deepest > MAX_NESTING:
        whole = translator.span(0, len(tex))
        message = f"braces are nested more than {MAX_NESTING} deep"
        return Translation([Token("error", message, whole.start, whole.end)], [], [])
    translator.run(0, len(tex))
    return Translation(translator.out, translator.notes, translator.warnings)


# ---------------------------------------------------------------- marks and names


def _mark(t: Translator, index: int, high: int) -> int:
    kind, text = words.MARKS[t.tex[index].text]
    t.emit(kind, text or t.tex[index].text, t.tex[index])
    if text == "elementwise":
        t.warn("⊙ is read as a product", t.tex[index])
    return index + 1


def _with_arguments(count: int) -> Handler:
    def handler(t: Translator, index: int, high: int) -> int:
        after = _mark(t, index, high)
        for _ in range(count):
            after = t.argument(after, high)
        return after

    return handler


def _root(t: Translator, index: int, high: int) -> int:
    optional = t.optional_range(index + 1, high)
    t.emit("root" if optional else "sqrt", "sqrt", t.tex[index])
    after = index + 1
    if optional:
        low, last, after = optional
        t.emit("{", "{", t.tex[low - 1])
        t.run(low, last)
        t.emit("}", "}", t.tex[last])
    return t.argument(after, high)


def _greek(t: Translator, index: int, high: int) -> int:
    t.emit("letter", t.tex[index].text, t.tex[index], extra="bold" if t.bold else "")
    return index + 1


def _function(t: Translator, index: int, high: int) -> int:
    t.emit("function", words.FUNCTIONS[t.tex[index].text], t.tex[index])
    return index + 1


def _optimum(t: Translator, index: int, high: int) -> int:
    emit_optimum(t, words.OPTIMA[t.tex[index].text], t.tex[index])
    return index + 1


def _accent(t: Translator, index: int, high: int) -> int:
    t.emit("accent", words.ACCENTS[t.tex[index].text], t.tex[index])
    return t.argument(index + 1, high)


def _relation(t: Translator, index: int, high: int) -> int:
    name = t.tex[index].text
    sign, marked = words.RELATIONS[name]
    above, after = "", index + 1
    if name.startswith("x"):
        optional = t.optional_range(after, high)
        below = text_of(t.tex[optional[0] : optional[1]]) if optional else ""
        above, after = t.text_argument(optional[2] if optional else after, high)
        above = " ".join(part for part in (above, below) if part)
    t.emit("relation", sign, t.tex[index], extra=above, font="marked" if marked else "")
    return after


def _negated(t: Translator, index: int, high: int) -> int:
    after = t.skip_spaces(index + 1, high)
    if after < high and (t.tex[after].text in ("=", "eq") or words.RELATIONS.get(t.tex[after].text) == ("=", False)):
        t.emit("relation", "!=", Tex("command", "not", t.tex[index].start, t.tex[after].end))
        return after + 1
    t.emit("error", r"only = can be negated with \not here", t.tex[index])
    return index + 1


def _foreign(t: Translator, index: int, high: int) -> int:
    t.emit("error", rf"the sign \{t.tex[index].text} is not understood", t.tex[index])
    return index + 1


def _unknown(t: Translator, index: int, high: int) -> int:
    token = t.tex[index]
    if not token.text.isalpha():
        t.emit("error", rf"the command \{token.text} is not understood", token)
    elif is_known(token.text):
        emit_word(t, token.text, token, upright=True)
    else:
        t.warn(rf"unknown command \{token.text}, read as a name", token)
        t.emit("letter", token.text, token, font="word")
    return index + 1


# ---------------------------------------------------------------- fonts and text


def _font(t: Translator, index: int, high: int) -> int:
    """A font before its argument."""
    name = t.tex[index].text
    start = t.skip_spaces(index + 1, high)
    start += t.next_is(start, high, "char", "*")  # \operatorname*
    low, last, after = t.argument_range(start, high)
    if _font_word(t, name, index, (low, last), after):
        return after
    before = t.font, t.bold
    t.font, t.bold = _new_font(t, name), t.bold or name in words.BOLD_FONTS
    emitted = len(t.out)
    if after == last and low < last and t.tex[low].kind == "command":
        after = t.step(low, high)
    else:
        _inside_font(t, name, low, last)
    t.font, t.bold = before
    _widen(t, emitted, t.tex[index].start, t.tex[max(index, after - 1)].end)
    return after


def _widen(t: Translator, first: int, start: int, end: int) -> None:
    r"""The tokens of \mathcal{L} cover the font and its braces, too: what is quoted is what was written."""
    if first < len(t.out) and start <= t.out[first].start and t.out[-1].end <= end:
        t.out[first] = t.out[first]._replace(start=start)
        t.out[-1] = t.out[-1]._replace(end=end)


def _old_font(t: Translator, index: int, high: int) -> int:
    r"""A switch, {\bf x}: it holds to the end of its group."""
    short = high - index < 40
    if short and _font_word(t, t.tex[index].text, index, (index + 1, high), high):
        return high
    t.font, t.bold = _new_font(t, t.tex[index].text), t.bold or t.tex[index].text in words.BOLD_FONTS
    return index + 1


def _new_font(t: Translator, name: str) -> str:
    return words.LETTER_FONTS.get(name, "" if name in words.WORD_FONTS else t.font)


def _font_word(t: Translator, font: str, index: int, inside: tuple[int, int], after: int) -> bool:
    """Emit the inside of the font as one word, if it is one."""
    word = plain_word(t.tex[slice(*inside)])
    if word is None or not _is_word(font, word):
        return False
    emit_word(t, word, Tex("char", word, t.tex[index].start, t.tex[max(index, after - 1)].end), upright=True)
    return True


def _is_word(font: str, word: str) -> bool:
    if font in words.WORD_FONTS:
        return True
    if len(word) > 1:
        return is_known(word)
    return word == "E" and (font in ("mathbf", "bf") or words.LETTER_FONTS.get(font) == "bb")


def _inside_font(t: Translator, font: str, low: int, last: int) -> None:
    r"""The inside of a font; a bold 1 is a name (the indicator, the vector of ones), like \mathbb{1}."""
    if font in words.PLAIN_FONTS and last - low == 1 and t.tex[low].text == "1":
        t.emit("letter", "1", t.tex[low], font="bb")
    else:
        t.run(low, last)


def _text(t: Translator, index: int, high: int) -> int:
    low, last, after = t.argument_range(index + 1, high)
    text = text_of(t.tex[low:last])
    place = Tex("char", text, t.tex[index].start, t.tex[max(index, after - 1)].end)
    kind = "word" if t.script and text else classify_text(text)
    if kind == "word" and not t.script and text.islower() and not is_known(text) and _is_spaced(t.tex[low:last]):
        kind = "prose"
    if kind == "prose":
        t.emit("text", text, place)
    elif kind == "punctuation":
        t.emit(words.SIGNS[text][0], text, place)
    elif kind == "word":
        compact = text.replace(" ", "").rstrip(".")
        emit_word(t, compact if is_known(compact) else text, place, upright=True)
    return after


def _is_spaced(text: list[Tex]) -> bool:
    r"""\text{ over } is prose, \text{loss} a name."""
    return any(token.kind == "space" or token.text in ("~", " ") for token in (text[0], text[-1]))


# ---------------------------------------------------------------- layout and annotation


def _layout(t: Translator, index: int, high: int) -> int:
    return index + 1


_DIMENSION = re.compile(r"-?[\d.]+(?:pt|em|ex|mm|cm|in|mu|\\baselineskip)?")


def _row(t: Translator, index: int, high: int) -> int:
    t.emit("row", "\\\\", t.tex[index])
    after = index + 1
    if t.next_is(after, high, "char", "*"):
        after += 1
    optional = t.optional_range(after, high)
    if optional and _DIMENSION.fullmatch(text_of(t.tex[optional[0] : optional[1]]).replace(" ", "")):
        t.note("space", text_of(t.tex[optional[0] : optional[1]]), after, optional[2])
        return optional[2]
    return after


def _dimension(t: Translator, index: int, high: int) -> int:
    r"""\kern3pt, \mskip-2mu: a length without braces."""
    after = t.skip_spaces(index + 1, high)
    start = after
    while after < high and after < start + 12 and (t.tex[after].text.isdigit() or t.tex[after].text in ("-", ".")):
        after += 1
    unit = "".join(token.text for token in t.tex[after : min(after + 2, high)])
    if unit in ("pt", "em", "ex", "mm", "cm", "in", "mu"):
        after += 2
    t.note("space", text_of(t.tex[start:after]), index, after)
    return after


def _size(t: Translator, index: int, high: int) -> int:
    r"""\left, \right, \big … and the delimiter after it; \left. is nothing."""
    name = t.tex[index].text
    side = "open" if name == "left" or name.endswith("l") else "close" if name == "right" or name.endswith("r") else ""
    after = t.skip_spaces(index + 1, high)
    if after >= high:
        return after
    token = t.tex[after]
    if token.kind == "char" and token.text == ".":
        return after + 1
    if token.kind == "char" and token.text == {"open": "<", "close": ">"}.get(side):
        t.emit(side, token.text, token)
        return after + 1
    before = len(t.out)
    after = t.step(after, min(high, after + 1))
    if side and len(t.out) == before + 1 and t.out[-1].kind in ("bar", "doublebar"):
        t.out[-1] = t.out[-1]._replace(extra=side)
    return after


def _annotation(t: Translator, index: int, high: int) -> int:
    name = t.tex[index].text
    kind = words.ANNOTATIONS[name]
    text, after = t.text_argument(index + 1 + t.next_is(index + 1, high, "char", "*"), high)
    if kind == "tag":
        t.emit("tag", text, t.tex[index], extra=name)
    elif kind == "text":
        t.emit("row", "\\\\", t.tex[index])
        t.emit("text", text, t.tex[index])
    else:
        t.note(kind, text, index, after)
    return after


def _substack(t: Translator, index: int, high: int) -> int:
    """Conditions on several lines, as a list."""
    low, last, after = t.argument_range(index + 1, high)
    inside = t.capture(low, last)
    rows = {id(token) for token in at_top(inside) if token.kind == "row"}
    t.out.extend(token._replace(kind="comma", text=",") if id(token) in rows else token for token in inside)
    return after


COMMANDS: dict[str, Handler] = {
    "?": _unknown,
    **dict.fromkeys(words.LAYOUT, _layout),
    " ": _layout,
    **dict.fromkeys(words.FOREIGN_OPERATORS, _foreign),
    **dict.fromkeys(words.MARKS, _mark),
    **{name: _with_arguments(2) for name in words.MARKS if words.MARKS[name][0] in ("frac", "binom")},
    "sqrt": _root,
    **dict.fromkeys(words.GREEK, _greek),
    **dict.fromkeys(words.FUNCTIONS, _function),
    **dict.fromkeys(words.OPTIMA, _optimum),
    **dict.fromkeys(words.ACCENTS, _accent),
    **dict.fromkeys(words.RELATIONS, _relation),
    "not": _negated,
    **dict.fromkeys(words.PLAIN_FONTS | words.WORD_FONTS | set(words.LETTER_FONTS), _font),
    **dict.fromkeys(words.OLD_FONTS, _old_font),
    **dict.fromkeys(words.TEXT_FONTS, _text),
    **dict.fromkeys(SIZES, _size),
    **dict.fromkeys(("\\", "newline", "cr", "tabularnewline"), _row),
    **dict.fromkeys(("kern", "mkern", "hskip", "mskip"), _dimension),
    **dict.fromkeys(words.ANNOTATIONS, _annotation),
    **dict.fromkeys(words.WRAPPERS, wrapper),
    **dict.fromkeys(words.BRACES, brace),
    **dict.fromkeys(words.STACKS, stack),
    "substack": _substack,
}
