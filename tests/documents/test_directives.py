"""Comments that the author writes for the checker."""

from __future__ import annotations

from checking import checked

WRONG = r"$$\log \mathbb{E}_{q(z)}[p(x,z)] = \mathbb{E}_{q(z)}[\log p(x,z)]$$"


def test_a_mistake_shown_on_purpose_is_as_expected_and_does_not_spoil_the_whole() -> None:
    document = checked(f"<!-- jensen: expect refuted -->\n{WRONG}\n\n$$p(x) = \\int p(x,z)\\,dz$$\n")
    first, second = document.claims
    assert (first.verdict.word, first.expected, first.as_expected) == ("refuted", "refuted", True)
    assert (second.expected, second.as_expected) == (None, False)
    assert document.whole is not None
    assert document.whole.word == "proved"


def test_an_announced_mistake_that_is_none_is_not_as_expected() -> None:
    document = checked("<!-- jensen: expect refuted -->\n$$p(x) = \\int p(x,z)\\,dz$$\n")
    assert document.claims[0].verdict.word == "proved"
    assert not document.claims[0].as_expected


def test_roles_can_be_declared() -> None:
    text = "$$\\log p(w) = \\log \\int p(w,u)\\,du$$\n"
    assert checked("<!-- jensen: latent u; observed w -->\n" + text).roles["latent"] == ("u",)
    assert checked("<!-- jensen: latent u; observed w -->\n" + text).roles["observed"] == ("w",)


def test_a_directive_that_is_not_understood_is_a_warning_at_its_place() -> None:
    document = checked("Text.\n\n<!-- jensen: frobnicate z -->\n\n$$p(x) = \\int p(x,z)\\,dz$$\n")
    warned = [t for t in document.troubles if "frobnicate" in t.message]
    assert len(warned) == 1
    assert warned[0].place is not None
    assert warned[0].place.line == 3
    assert document.claims[0].verdict.word == "proved"
