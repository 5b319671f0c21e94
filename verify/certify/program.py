"""Integrands for Arb, compiled from SymPy expressions in one variable.

`acb.integral` certifies an integral only if the integrand says, when it is asked with `analytic=True`, where it is not
analytic (by a non-finite ball).  A hand-written function that forgets to pass that question on to a log, a root or a
non-integer power yields certified nonsense: ∫ √(z²) over [−1, 1] comes out as 1.1547 instead of 1.  So integrands are
not written by hand: `compile_expression` turns an expression into a straight-line program in which every such operation
forwards the flag, shared subexpressions are computed once, and everything free of the variable is computed before the
integration starts.

The same list of steps is read by `shape` to bound the expression far out and to check that it is concave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, reduce
from typing import TypeAlias

import sympy
from flint import acb, arb, fmpq, fmpz

Operand: TypeAlias = arb | acb


class Softplus(sympy.Function):
    """softplus(u) = log(1 + e^u), convex, with 0 ≤ softplus(u) ≤ log 2 + max(u, 0); its derivative is the sigmoid."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, 1/(1 + e^{−u})."""
        return 1 / (1 + sympy.exp(-self.args[0]))


class Op(Enum):
    """What a step computes from earlier registers."""

    VARIABLE = "variable"
    CONSTANT = "constant"
    ADD = "+"
    MULTIPLY = "·"
    POWER = "^"
    EXP = "exp"
    LOG = "log"
    SOFTPLUS = "softplus"
    LOG_GAMMA = "log Γ"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: the registers it reads, and the exponent of a power or the expression of a constant."""

    op: Op
    inputs: tuple[int, ...] = ()
    datum: sympy.Expr | None = None


@dataclass(frozen=True)
class Program:
    """The steps that compute an expression; the last register is its value.

    `parameters` are the symbols other than the variable; `bind` gives them values.
    """

    steps: tuple[Step, ...]
    parameters: tuple[sympy.Symbol, ...]

    def bind(self, values: Mapping[sympy.Symbol, arb]) -> Integrand:
        """The program with numbers for its parameters, at the current precision.  Raises ValueError if one lacks."""
        missing = [p for p in self.parameters if p not in values]
        if missing:
            raise ValueError(f"no value for the parameter {missing[0]}: bind needs one for each of {self.parameters}")
        constants = {
            index: evaluate_constant(step.datum, values)
            for index, step in enumerate(self.steps)
            if step.op is Op.CONSTANT
        }
        return Integrand(self, constants)


_EMPTY = arb.nan()
_Registers: TypeAlias = list[Operand]
_Action: TypeAlias = Callable[[_Registers], Operand]


@dataclass(frozen=True)
class Integrand:
    """A program with numbers for its parameters: a function of one real or complex ball."""

    program: Program
    constants: Mapping[int, arb]

    def __call__(self, point: acb, analytic: bool) -> acb:
        """The value on a complex ball; not finite if `analytic` is asked for and cannot be vouched for."""
        return acb(self._run(point, self._analytic_actions if analytic else self._plain_actions)[-1])

    def at(self, point: arb) -> arb:
        """The value on a real ball."""
        return self._run(point, self._plain_actions)[-1].real

    def registers(self, point: arb) -> list[Operand]:
        """The value of every step on a real ball."""
        return self._run(point, self._plain_actions)

    def _run(self, point: Operand, actions: Sequence[tuple[int, _Action]]) -> _Registers:
        registers = self._template.copy()
        if self._variable is not None:
            registers[self._variable] = point
        for index, action in actions:
            registers[index] = action(registers)
        return registers

    @cached_property
    def _template(self) -> _Registers:
        """The constants in their registers; the variable's and the others are filled at every evaluation."""
        return [self.constants.get(index, _EMPTY) for index in range(len(self.program.steps))]

    @cached_property
    def _variable(self) -> int | None:
        """The register of the variable, if the expression has it."""
        operations = [step.op for step in self.program.steps]
        return operations.index(Op.VARIABLE) if Op.VARIABLE in operations else None

    @cached_property
    def _plain_actions(self) -> list[tuple[int, _Action]]:
        return self._actions(analytic=False)

    @cached_property
    def _analytic_actions(self) -> list[tuple[int, _Action]]:
        return self._actions(analytic=True)

    def _actions(self, analytic: bool) -> list[tuple[int, _Action]]:
        """What to do for each step but the constants and the variable, which the template holds."""
        steps = enumerate(self.program.steps)
        return [(i, _action(step, analytic)) for i, step in steps if step.op not in (Op.CONSTANT, Op.VARIABLE)]


def compile_expression(expression: sympy.Expr, variable: sympy.Symbol) -> Program:
    """The program of a SymPy expression built from + · powers, exp, log, Softplus and loggamma.

    Raises TypeError for anything else (Abs, sign, Piecewise, … are not analytic).
    """
    if not isinstance(expression, sympy.Expr):
        raise TypeError(f"an expression is wanted, not {expression!r}")
    compiler = _Compiler(variable)
    compiler.register(expression)
    parameters = sorted(expression.free_symbols - {variable}, key=str)
    return Program(tuple(compiler.steps), tuple(parameters))


class _Compiler:
    """Collects the steps; equal subexpressions share a register."""

    def __init__(self, variable: sympy.Symbol) -> None:
        self.variable = variable
        self.steps: list[Step] = []
        self.known: dict[sympy.Expr, int] = {}

    def register(self, node: sympy.Expr) -> int:
        """The register that holds the node's value."""
        if node not in self.known:
            self.known[node] = self._computed(node)
        return self.known[node]

    def _computed(self, node: sympy.Expr) -> int:
        if node == self.variable:
            return self._append(Step(Op.VARIABLE))
        if self.variable not in node.free_symbols:
            _check_constant(node)
            return self._append(Step(Op.CONSTANT, datum=node))
        if node.is_Add or node.is_Mul:
            return self._folded(Op.ADD if node.is_Add else Op.MULTIPLY, self._grouped(node))
        if node.is_Pow and node.exp.is_Rational:
            return self._append(Step(Op.POWER, (self.register(node.base),), node.exp))
        op = _FUNCTIONS.get(node.func)
        if op is None:
            raise TypeError(f"{node} cannot be integrated: {node.func.__name__} is not among + · powers exp log "
                            "Softplus loggamma")
        return self._append(Step(op, (self.register(node.args[0]),)))

    def _grouped(self, node: sympy.Expr) -> list[int]:
        """The registers of the arguments, those free of the variable gathered in one constant, which comes first."""
        constant, varying = node.as_independent(self.variable, as_Add=bool(node.is_Add))
        parts = node.func.make_args(varying)
        if constant != node.func.identity:
            parts = (constant, *parts)
        return [self.register(part) for part in parts]

    def _folded(self, op: Op, registers: list[int]) -> int:
        """A sum or product of several registers, two at a time."""
        return reduce(lambda left, right: self._append(Step(op, (left, right))), registers)

    def _append(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


_FUNCTIONS: dict[object, Op] = {
    sympy.exp: Op.EXP,
    sympy.log: Op.LOG,
    Softplus: Op.SOFTPLUS,
    sympy.loggamma: Op.LOG_GAMMA,
}


def _action(step: Step, analytic: bool) -> _Action:
    """The function that carries out a step; `analytic` is passed on to whatever has a branch cut."""
    if step.op in (Op.ADD, Op.MULTIPLY):
        left, right = step.inputs
        if step.op is Op.ADD:
            return lambda registers: registers[left] + registers[right]
        return lambda registers: registers[left] * registers[right]
    index = step.inputs[0]
    if step.op is Op.POWER:
        return _power_action(index, sympy.Rational(step.datum), analytic)
    if step.op is Op.EXP:
        return lambda registers: registers[index].exp()
    function = _BRANCHED[step.op]
    return lambda registers: function(registers[index], analytic)


def _log(x: Operand, analytic: bool) -> Operand:
    return x.log(analytic=analytic) if isinstance(x, acb) else x.log()


def _softplus(x: Operand, analytic: bool) -> Operand:
    """log(1 + e^x); on a complex ball too wide for that, the enclosure that |Im x| ≤ π/2 gives.

    Right of the imaginary axis x + log(1 + e^{−x}) continues the function from the real line without the cuts that
    the logarithm of 1 + e^x has there.
    """
    if isinstance(x, arb):
        return x.exp().log1p()
    if x.real > 0:
        return x + (1 + (-x).exp()).log(analytic=analytic)
    value = (1 + x.exp()).log(analytic=analytic)
    return value if value.is_finite() else _wide_softplus(x)


def _wide_softplus(x: acb) -> acb:
    """softplus on a wide rectangle with |Im x| ≤ π/2, where it is analytic.

    There ½·(1 + e^r)² ≤ |1 + e^x|² ≤ (1 + e^r)² for r = Re x, and the angle of 1 + e^x lies between 0 and Im x.
    """
    turn = abs(x.imag).upper()
    if not turn <= arb.pi() / 2 or not x.is_finite():
        return acb(arb.nan())
    low, high = (end.exp().log1p() for end in (x.real.lower(), x.real.upper()))
    return acb((low - arb(2).log() / 2).union(high), arb(0, turn))


def _log_gamma(x: Operand, analytic: bool) -> Operand:
    """log Γ has no analytic option in Arb: it is analytic right of the imaginary axis and refused elsewhere."""
    return x.lgamma() if x.real > 0 else acb(arb.nan())


_BRANCHED: dict[Op, Callable[[Operand, bool], Operand]] = {
    Op.LOG: _log,
    Op.SOFTPLUS: _softplus,
    Op.LOG_GAMMA: _log_gamma,
}


def _power_action(index: int, exponent: sympy.Rational, analytic: bool) -> _Action:
    if exponent == 2:
        return lambda registers: registers[index] * registers[index]
    if exponent.q == 1:
        whole = int(exponent)
        return lambda registers: registers[index] ** whole
    fraction = fmpq(int(exponent.p), int(exponent.q))
    return lambda registers: _root_power(registers[index], fraction, analytic)


def _root_power(x: Operand, exponent: fmpq, analytic: bool) -> Operand:
    if isinstance(x, acb):
        return x.sqrt(analytic=analytic) if exponent == fmpq(1, 2) else x.pow(arb(exponent), analytic=analytic)
    return x.sqrt() if exponent == fmpq(1, 2) else x ** arb(exponent)


# ---------------------------------------------------------------- constants


def _check_constant(node: sympy.Expr) -> None:
    """Raise TypeError now rather than at the first binding if a constant expression has an unknown part."""
    for part in sympy.preorder_traversal(node):
        known = part.is_Symbol or part.is_Rational or part.is_Add or part.is_Mul or part.is_Pow
        if not (known or part in _CONSTANTS or part.func in _FUNCTIONS):
            raise TypeError(f"{part} cannot be evaluated: it is not among + · powers exp log Softplus loggamma")


def evaluate_constant(node: sympy.Expr | None, values: Mapping[sympy.Symbol, arb]) -> arb:
    """An expression without the variable, as a ball."""
    if node is None or node.is_Symbol:
        return values[node]
    if node.is_Rational:
        return arb(fmpq(int(node.p), int(node.q)))
    if node in _CONSTANTS:
        return _CONSTANTS[node]()
    arguments = [evaluate_constant(argument, values) for argument in node.args]
    if node.is_Add:
        return sum(arguments[1:], arguments[0])
    if node.is_Mul:
        return reduce(arb.__mul__, arguments)
    if node.is_Pow:
        return _constant_power(arguments[0], node.exp, arguments[1])
    op = _FUNCTIONS[node.func]
    return arguments[0].exp() if op is Op.EXP else _BRANCHED[op](arguments[0], False).real


def _constant_power(base: arb, exponent: sympy.Expr, ball: arb) -> arb:
    return base ** fmpz(int(exponent)) if exponent.is_Integer else base**ball


_CONSTANTS: dict[sympy.Expr, Callable[[], arb]] = {
    sympy.pi: arb.pi,
    sympy.E: arb.const_e,
    sympy.EulerGamma: arb.const_euler,
}
