"""The fixture that hands proved lines of a document to tests of code."""

from __future__ import annotations

from projects import Project

from verify import derivation, strategies

assert derivation
assert strategies  # loaded here: NumPy cannot be loaded again by a run of pytest within this one

DOCUMENT = r"""
$$\log p(x) \ge \mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \,\|\, p(z))$$

$$\log p(x) = \mathbb{E}_{z \sim q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \,\|\, p(z))$$
"""
TEST = """
    from verify import strategies

    def loss(q, x, model):
        log_joint = (q.probabilities * model.log_joints()).sum()
        return -(log_joint + q.entropy() {mistake}) / len(x)

    def test_loss(check_objective, jensen_derivation):
        case = strategies.build("finite-table", 1)
        elbo = jensen_derivation("elbo.md").claim(line={line})
        reference = elbo.over(case.model)
        check_objective(loss, case, returns="loss", reduction="mean", noise="none", reference=reference)
"""


def _ran(project: Project, line: int, mistake: str = "") -> tuple[dict[str, str], str]:
    project.write("tests/elbo.md", DOCUMENT)
    project.write("tests/test_loss.py", TEST.format(line=line, mistake=mistake))
    outcome = project.run("tests")
    return outcome.tests, outcome.printed


def test_code_is_compared_with_a_line_of_the_document_beside_the_test(project: Project) -> None:
    tests, _ = _ran(project, line=2)
    assert tests == {"tests/test_loss.py::test_loss": "passed"}


def test_a_wrong_program_fails_with_the_formula_and_its_line(project: Project) -> None:
    tests, printed = _ran(project, line=2, mistake="+ 0.25")
    assert list(tests.values()) == ["failed"]
    assert "E_{z~q(z|x)}[log p(x|z)] − KL(q(z|x) ‖ p(z))" in printed
    assert "elbo.md:2" in printed
    assert "0.25 nats" in printed


def test_a_refuted_line_is_no_reference(project: Project) -> None:
    tests, printed = _ran(project, line=4)
    assert list(tests.values()) == ["failed"]
    assert "elbo.md:4 is refuted, not proved" in printed
