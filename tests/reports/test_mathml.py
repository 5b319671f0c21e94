"""Terms and LaTeX as MathML: well-formed, complete, and free of whatever a name may contain."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import ELBO, EVIDENCE, FALSE, JOINT, NASTY, OPTIMUM, TRUE, p, q, theta, x, z

from derive.terms.nodes import Function, Law, Named, Number, Parameter, Plus, Term, Times, Variable
from derive.terms.notation import KL, E, H, exp, integral, log, sqrt
from derive.writing import Notation, latex
from derive.writing.latex_to_mathml import latex_pieces, latex_to_mathml
from derive.writing.mathml import Marked, mathml, mathml_pieces

ARITY = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3, "mroot": 2}
ELEMENTS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msqrt", "mstyle", *ARITY}
TERMS = [
    *(side for claim in (*TRUE, *FALSE, OPTIMUM) for side in (claim.lhs, claim.rhs)),
    exp(p(x)) ** 2, p(x) ** 2, (p(x) + 1) ** theta,
    sqrt(p(x)) / 3, Number(2) * p(x), p(x) * 2, -p(x) + 1, Named("L", theta), Function("f", x, z),
    H(q(z | x)) - KL(q(z | x), p(z | x)), Law("P", theta, Parameter("beta"))(x, z), Variable("z'", "z") * 1,
]  # fmt: skip


SAME = str.maketrans({"⋅": "", " ": "", "'": "′"})  # a dot for a product, arg max in one word or two


def parsed(content: str) -> ET.Element:
    """The content inside <math>, as XML; checks that every element is known and has as many children as it needs."""
    root = ET.fromstring(f"<math>{content}</math>")
    for element in root.iter():
        assert element.tag in ELEMENTS, element.tag
        assert len(element) == ARITY.get(element.tag, len(element)), ET.tostring(element)
        assert element.tag in ("mi", "mn", "mo", "mtext") or not (element.text or "").strip()
        assert not (element.tail or "").strip()
    return root


def letters(content: str) -> str:
    return "".join(parsed(content).itertext()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("term", TERMS, ids=latex)
@pytest.mark.parametrize("notation", [Notation(), Notation(sampled=True, parameters="semicolon"),
                                      Notation(parameters="bar", discrete=frozenset(["z"]))])  # fmt: skip
def test_every_construct_is_well_formed(term: Term, notation: Notation) -> None:
    assert letters(mathml(term, notation))


@pytest.mark.parametrize("term", TERMS, ids=latex)
def test_the_printed_latex_and_the_printed_mathml_show_the_same_symbols(term: Term) -> None:
    through_latex = latex_to_mathml(latex(term))
    assert through_latex is not None
    symbols = [letters(content).translate(SAME) for content in (through_latex, mathml(term))]
    assert symbols[0] == symbols[1]


@pytest.mark.parametrize("term", TERMS, ids=latex)
def test_the_pieces_together_are_the_whole(term: Term) -> None:
    assert "".join(mathml_pieces(term)) == mathml(term)
    assert "".join(latex_pieces(latex(term)) or ()) == latex_to_mathml(latex(term))


def test_a_sum_breaks_before_its_signs_and_nowhere_inside_brackets() -> None:
    assert len(mathml_pieces(ELBO + KL(q(z | x), p(z | x)))) == 2
    assert len(latex_pieces(r"a - b + \left(c - d\right) + (e - f)") or ()) == 4


def test_names_come_out_in_the_authors_notation() -> None:
    notation = Notation(names={"phat": r"\hat p", "q": r"q_\phi"}, divergence=r"\mathrm{KL}", log=r"\ln")
    assert "p^" in letters(mathml(Law("phat")(x), notation))
    assert letters(mathml(log(q(z | x)), notation)) == "lnqϕ(z|x)".replace("ϕ", "φ")
    assert "KL" in letters(mathml(KL(q(z | x), p(z | x)), notation))


def test_a_number_behind_a_factor_has_a_dot() -> None:
    assert "⋅" in letters(mathml(Times(p(x), Number(2))))
    assert "⋅" not in letters(mathml(Times(Number(2), p(x))))


def test_a_marked_part_is_shown_as_it_is_and_marked() -> None:
    whole = mathml(Plus(EVIDENCE, Marked(log(JOINT))))
    assert letters(whole) == letters(mathml(Plus(EVIDENCE, log(JOINT))))
    changed = [e for e in parsed(whole).iter("mrow") if e.get("class") == "changed"]
    assert len(changed) == 1
    assert "".join(changed[0].itertext()) == letters(mathml(log(JOINT)))


def test_hostile_names_stay_text() -> None:
    name = NASTY.replace("\ud800", "")
    term = E(log(Law(name, Parameter(name))(Variable(name), z)), q(z | Variable(name)))
    for notation in (Notation(), Notation(names={"q": NASTY, name: NASTY})):
        assert "<script>" in letters(mathml(term, notation))


# ---------------------------------------------------------------- LaTeX


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"\theta^* = \arg\min_\theta D_{KL}(P_x \parallel P_\theta(x))", "θ∗=argminθDKL(Px‖Pθ(x))"),
        (r"\operatorname{argmax}_{\theta} \left[ \mathbb{E}_{p_x} \log p_0(x) \right]", "arg maxθ[𝔼pxlogp0(x)]"),
        (r"\{x_i\}_{i=1}^n", "{xi}i=1n"),
        (r"\mathcal{L}(\theta,\phi;x) \le \hat p(x)", "ℒ(θ,φ;x)≤p^(x)"),
        (r"f''(x)^2 \cdot x_10", "f′′(x)2⋅x10"),
        (r"\frac12 \tfrac{1}{3} \sqrt{2} e^{-x}", "12132e−x"),
        (r"\underbrace{a+b}_{\text{the bound}}", "a+b⏟the bound"),
        (r"p(x\mid z)\, \big| \, \left.y\right|_0", "p(x|z)|y|0"),
    ],
)
def test_what_authors_write_is_understood(source: str, shown: str) -> None:
    content = latex_to_mathml(source)
    assert content is not None
    assert letters(content) == shown


@pytest.mark.parametrize(
    "source",
    [r"\unknown x", "L}(x)", "{x", r"\left( x", r"x \right)", "x^", "a_b_c", r"\frac{1}", r"\sqrt[3]{x}", "a & b",
     r"\begin{x}", "#1", "{" * 200 + "}" * 200, "x" * 5000, "\\"],
)  # fmt: skip
def test_what_is_not_understood_is_refused_whole(source: str) -> None:
    assert latex_to_mathml(source) is None


def test_a_leading_minus_stands_close_to_what_it_negates() -> None:
    forms = [mo.get("form") for mo in parsed(latex_to_mathml("-a - b") or "").iter("mo")]
    assert forms == ["prefix", "infix"]


def test_one_digit_is_an_argument_without_braces() -> None:
    (sub,) = parsed(latex_to_mathml("x_10") or "").iter("msub")
    assert "".join(sub.itertext()) == "x1"


TOKENS = st.sampled_from(
    [r"\frac", r"\left(", r"\right)", r"\mathbb{E}", "{", "}", "_", "^", "'", "x", "12", "+", "-", "|", r"\|", r"\sum",
     r"\log", r"\hat", r"\text{a<b}", "<", "&", " ", r"\,", r"\operatorname{ELBO}", r"\underbrace", "]]>", r"\middle|"]
)  # fmt: skip


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(st.lists(TOKENS, max_size=14).map("".join))
def test_any_latex_is_either_refused_or_becomes_well_formed_mathml(source: str) -> None:
    content = latex_to_mathml(source)
    if content is not None:
        parsed(content)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.text(max_size=40))
def test_any_text_is_either_refused_or_becomes_well_formed_mathml(source: str) -> None:
    content = latex_to_mathml(source)
    if content is not None:
        parsed(content)
    assert parsed(mathml(integral(p(Variable(source)), Variable(source)))) is not None
