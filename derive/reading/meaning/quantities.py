"""Entropies and informations of random variables: H(X), H(X | Y), I(X; Y), I(X; Y | Z), I_q(x; z), H(p, q)."""

from __future__ import annotations

from derive.reading.meaning.laws import ElaborationError, LawElaborator
from derive.reading.meaning.spelling import key_of, latex_of, subscript_parts
from derive.reading.syntax import Apply, Argument, Name
from derive.terms import nodes as t

ANONYMOUS = "ℙ"  # the law of random variables that the text does not name
Points = tuple[t.Variable, ...]


class QuantityElaborator(LawElaborator):
    """Reads quantities that are functions of the law of some random variables; all of them in nats."""

    def is_quantity(self, node: Apply) -> bool:
        """Whether H(…) or I(…) is the entropy or the information of random variables or laws."""
        head = node.head
        if not isinstance(head, Name) or head.base not in ("H", "I") or head.accents or head.superscript is not None:
            return False
        values = [argument.value for argument in node.arguments]
        names = [value for value in values if isinstance(value, Name)]
        if len(names) < len(values):
            return False
        if all(self._point_key(name) is not None for name in names):
            return head.base == "H" or any(argument.mark == ";" for argument in node.arguments)
        laws = all(self.roles.is_law(name) for name in names)
        return head.base == "H" and laws and [argument.mark for argument in node.arguments[1:]] == [","]

    def quantity(self, node: Apply) -> t.Term:
        """The term of such a quantity.  Raises ElaborationError where the text does not say of which law."""
        assert isinstance(node.head, Name)
        if node.head.base == "H" and self._point_key(_name(node.arguments[0])) is None:
            return self._cross_entropy(node)
        groups = self._groups(node)
        law = self._law_of_points([v for group in groups for v in group], node)
        if node.head.base == "H":
            drawn, given = groups[0], groups[-1] if len(groups) > 1 else ()
            return _mean(t.Entropy(t.Density(law, drawn, given)), law, given)
        first, second, given = groups[0], groups[1], groups[2] if len(groups) > 2 else ()
        together = t.Density(law, (*first, *second), given)
        apart = t.Times(t.Density(law, first, given), t.Density(law, second, given))
        return _mean(t.Divergence(together, apart), law, given)

    def _cross_entropy(self, node: Apply) -> t.Term:
        """H(p, q) = −E_p[log q]."""
        law = self.density(node.arguments[0].value)
        other = self.density(node.arguments[1].value, t.law_variables(law))
        return t.negative(t.Expectation(t.Log(other), law))

    def _groups(self, node: Apply) -> list[Points]:
        """The points between the semicolon and the bar."""
        groups: list[list[t.Variable]] = [[]]
        for argument in node.arguments:
            if argument.mark in (";", "|"):
                groups.append([])
            groups[-1].append(self._point(argument))
        named = [point for group in groups for point in group]
        if len(groups) > 3 or not all(groups) or len(set(named)) < len(named):
            raise ElaborationError("of which random variables this is cannot be told", node.span)
        return [tuple(group) for group in groups]

    def _point(self, argument: Argument) -> t.Variable:
        name = _name(argument)
        key = self._point_key(name)
        assert key is not None
        self.latex.setdefault(key, self.roles.variables.get(key, latex_of(name)))
        return t.Variable(key, key.rstrip("'"))

    def _point_key(self, name: Name) -> str | None:
        """The point x of the random variable X; X itself where no law of the text draws an x."""
        key = key_of(name)
        small = key[:1].lower() + key[1:]
        if key in self.roles.variables:
            return key
        if small in self.roles.variables:
            return small
        capital = name.base.isupper() and len(name.base) == 1 and not name.font
        return key if capital and not self.roles.is_law(name) and not self.roles.is_parameter(name) else None

    def _law_of_points(self, points: list[t.Variable], node: Apply) -> t.Law:
        """The law whose random variables these are: the one below I_q, or the one that draws them and most others."""
        assert isinstance(node.head, Name)
        below = [part for part in subscript_parts(node.head) if isinstance(part, Name)]
        if below:
            return self.law_name(below[0])
        wanted = {point.name for point in points}
        known = {key: {v for at, _ in use.signatures for v in at} for key, use in self.roles.laws.items()}
        drawing = {key: len(drawn) for key, drawn in known.items() if wanted <= drawn}
        most = [key for key, count in drawing.items() if count == max(drawing.values())]
        if len(most) == 1:
            return t.Law(most[0], *(t.Parameter(p) for p in self.roles.implied.get(most[0], ())))
        if not any(wanted & drawn for drawn in known.values()):
            return t.Law(ANONYMOUS)
        names = " and ".join(self.latex.get(point.name, point.name) for point in points)
        raise ElaborationError(f"from which law {names} are drawn is not said", node.span)


def _mean(inner: t.Term, law: t.Law, given: Points) -> t.Term:
    return t.Expectation(inner, t.Density(law, given)) if given else inner


def _name(argument: Argument) -> Name:
    assert isinstance(argument.value, Name)
    return argument.value
