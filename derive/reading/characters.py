"""Single characters of a formula: letters and the words they form, digits, signs, and mathematical Unicode."""

from __future__ import annotations

import unicodedata

from derive.reading.lexer import Tex
from derive.reading.tokens import Translator
from derive.reading.vocabulary import (
    CHARACTERS,
    CONSTANTS,
    DIVERGENCE_WORDS,
    FUNCTIONS,
    KL_WORDS,
    LAYOUT,
    OPTIMA,
    SIGN_RELATIONS,
    SIGNS,
)
from derive.reading.words import split_run

_RELATION_SIGNS = frozenset("=<>:!-")
_COMBINING = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot"}
_UNICODE_FONTS = (("SCRIPT", "cal"), ("DOUBLE-STRUCK", "bb"), ("FRAKTUR", "frak"), ("BLACK-LETTER", "frak"))


def character(translator: Translator, index: int, high: int) -> int:
    """Translate the character at index, with its neighbours where they belong together."""
    token = translator.tex[index]
    sign = token.text
    if sign.isascii():
        if sign.isalpha():
            return _letters(translator, index, high)
        if sign.isdigit():
            translator.emit("letter" if translator.font == "bb" else "digit", sign, token, font=translator.font)
            return index + 1
        return _sign(translator, index, high)
    if sign in SIGNS:
        return _sign(translator, index, high)
    if sign in CHARACTERS:
        translator.tex[index] = Tex("command", CHARACTERS[sign], token.start, token.end)
        return translator.step(index, high)
    return _unicode(translator, index, high)


def _letters(translator: Translator, index: int, high: int) -> int:
    end = index
    while end < high and translator.tex[end].kind == "char" and _is_letter(translator.tex[end].text):
        end += 1
    run = "".join(token.text for token in translator.tex[index:end])
    for word in split_run(run, in_script=translator.script != ""):
        first, last = translator.tex[index], translator.tex[index + len(word) - 1]
        place = Tex("char", word, first.start, last.end)
        if len(word) > 3 and not translator.script and _is_unusual(word):
            translator.warn(f"“{word}” is read as one name", place)
        emit_word(translator, word, place)
        index += len(word)
    return end


def _is_letter(text: str) -> bool:
    return text.isascii() and text.isalpha()


def _is_unusual(word: str) -> bool:
    return not (word in FUNCTIONS or word in OPTIMA or word.isupper())


def emit_word(translator: Translator, word: str, place: Tex, upright: bool = False) -> None:
    """Emit a word or a single letter as the token it is."""
    if word in FUNCTIONS:
        translator.emit("function", FUNCTIONS[word], place)
    elif word in OPTIMA:
        emit_optimum(translator, OPTIMA[word], place)
    elif word in ("lim", "arg"):
        translator.emit(word, word, place)
    elif word in CONSTANTS:
        translator.emit("const", word, place)
    elif word == "iid":
        translator.emit("text", "iid", place)
    elif word == "E":
        translator.emit("expect", "E", place, extra="" if upright else "maybe", font=translator.font)
    elif word == "V" and translator.font == "bb":
        translator.emit("function", "Var", place)
    elif word == "d" and upright:
        translator.emit("upright d", "d", place)
    elif word == "T" and upright and translator.script == "^" and not translator.out:
        translator.emit("symbol", "top", place)
    else:
        _emit_name(translator, word, place)


def _emit_name(translator: Translator, word: str, place: Tex) -> None:
    if word in KL_WORDS:
        word = "KL"
    elif word in DIVERGENCE_WORDS:
        word = DIVERGENCE_WORDS[word]
    font = "word" if len(word) > 1 else translator.font
    translator.emit("letter", word, place, font=font, extra="bold" if translator.bold else "")


def emit_optimum(translator: Translator, kind: str, place: Tex) -> None:
    r"""max, argmax, …; a max after a lone \arg completes it."""
    if kind in ("max", "min") and translator.out and translator.out[-1].kind == "arg":
        arg = translator.out.pop()
        kind, place = "arg" + kind, Tex("command", kind, arg.start, place.end)
    translator.emit("optimum", kind, place)


def _sign(translator: Translator, index: int, high: int) -> int:
    token = translator.tex[index]
    if token.text in _RELATION_SIGNS:
        after = _relation(translator, index, high)
        if after is not None:
            return after
    if token.text == "~":
        return index + 1
    if token.text in "_^":
        translator.emit(SIGNS[token.text][0], token.text, token)
        return translator.argument(index + 1, high, script=token.text)
    if token.text == "." and [t.text for t in translator.tex[index : min(index + 3, high)]] == [".", ".", "."]:
        translator.emit("symbol", "dots", Tex("char", "...", token.start, translator.tex[index + 2].end))
        return index + 3
    if token.text in SIGNS:
        kind, text = SIGNS[token.text]
        translator.emit(kind, text or token.text, token)
    else:
        translator.emit("error", f"unexpected character {token.text!r}", token)
    return index + 1


def _relation(translator: Translator, index: int, high: int) -> int | None:
    """A relation made of one or several characters, := with spaces inside too."""
    run = ""
    places: list[int] = []
    position = index
    while position < high and len(run) < 3:
        token = translator.tex[position]
        if token.kind == "char" and token.text in _RELATION_SIGNS:
            run += token.text
            places.append(position)
        elif run != ":" or not (token.kind == "space" or token.text in LAYOUT):
            break
        position += 1
    for signs, relation, marked in SIGN_RELATIONS:
        if run.startswith(signs):
            last = places[len(signs) - 1]
            place = Tex("char", signs, translator.tex[index].start, translator.tex[last].end)
            translator.emit("relation", relation, place, font="marked" if marked else "")
            return last + 1
    return None


def _unicode(translator: Translator, index: int, high: int) -> int:
    token = translator.tex[index]
    script = unicodedata.decomposition(token.text).partition(" ")[0]
    if script in ("<super>", "<sub>"):
        return _script_characters(translator, index, high, script)
    if _accented(translator, token):
        return index + 1
    plain = unicodedata.normalize("NFKC", token.text)
    if unicodedata.category(token.text) == "No" and "⁄" in plain:
        translator.emit("digit", plain.replace("⁄", "/"), token)
    elif unicodedata.decimal(token.text, None) is not None:
        translator.emit("digit", str(unicodedata.decimal(token.text)), token)
    elif len(plain) == 1 and plain in CHARACTERS:
        translator.tex[index] = Tex("command", CHARACTERS[plain], token.start, token.end)
        return translator.step(index, high)
    elif plain.isalpha() and len(plain) == 1:
        _unicode_letter(translator, token, plain)
    elif not token.text.isspace():
        translator.emit("error", f"unexpected character {token.text!r}", token)
    return index + 1


def _accented(translator: Translator, token: Tex) -> bool:
    """ẑ, or an accent that stands by itself after its letter."""
    letter, accent = unicodedata.normalize("NFD", token.text)[:-1], unicodedata.normalize("NFD", token.text)[-1]
    if accent not in _COMBINING or len(letter) > 1:
        return False
    if letter:
        emit_word(translator, letter, token)
    if not translator.out or translator.out[-1].kind != "letter":
        return False
    name = translator.out.pop()
    translator.emit("accent", _COMBINING[accent], token)
    translator.emit("{", "{", token)
    translator.out.append(name)
    translator.emit("}", "}", token)
    return True


def _unicode_letter(translator: Translator, token: Tex, plain: str) -> None:
    """A letter of another alphabet, or one of the mathematical alphabets (𝔼, ℒ, 𝐱)."""
    name = unicodedata.name(token.text, "")
    before = translator.font
    translator.font = next((font for word, font in _UNICODE_FONTS if word in name), before)
    emit_word(translator, plain, token, upright=translator.font == "bb")
    translator.font = before


def _script_characters(translator: Translator, index: int, high: int, script: str) -> int:
    """x², x₁₂: a run of raised or lowered characters is one script."""
    first = translator.tex[index]
    translator.emit("sup" if script == "<super>" else "sub", "", first)
    translator.emit("{", "{", first)
    while index < high and unicodedata.decomposition(translator.tex[index].text[:1]).startswith(script):
        token = translator.tex[index]
        plain = unicodedata.normalize("NFKC", token.text)
        kind = "char" if len(plain) == 1 else "error"
        translator.tex[index] = Tex(kind, "-" if plain == "−" else plain, token.start, token.end)
        index = translator.step(index, index + 1)
    translator.emit("}", "}", translator.tex[index - 1])
    return index
