"""Bugs planted in the kernel, the rules and the engine, and the checks of the suite run under them.

A bug is a change of one piece of source text inside one function, compiled and put in the place of the function's code:
so it is there for everybody who has imported the function.  Or it is a changed row of the rule table.
"""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType, MappingProxyType
from typing import Any

import pytest

import derive.rules
from derive.rules.rule import Rule

PACKAGES = ("derive", "verify", "bank")
FEW = ("multiply and divide", "the bound", "by name, below", "maximum likelihood", "the best q", "a Markov chain")


@dataclass(frozen=True)
class Bug:
    """In ``place`` ("module:function") the text ``old``, which stands there once, becomes ``new``."""

    name: str
    place: str
    old: str
    new: str
    caught_by: str

    @contextmanager
    def planted(self) -> Iterator[None]:
        function = _function(self.place)
        right, wrong = function.__code__, _changed(function, self.old, self.new)
        function.__code__ = wrong
        forget()
        try:
            yield
        finally:
            function.__code__ = right
            forget()


@dataclass(frozen=True)
class WrongRow:
    """A row of the rule table that is changed."""

    name: str
    rule: str
    change: Callable[[Rule], Rule]
    caught_by: str

    @contextmanager
    def planted(self) -> Iterator[None]:
        right = derive.rules.TABLE
        wrong: Mapping[str, Rule] = MappingProxyType({**right, self.rule: self.change(right[self.rule])})
        users = [module for module in list(sys.modules.values()) if getattr(module, "TABLE", None) is right]
        for module in users:
            module.TABLE = wrong  # type: ignore[attr-defined]
        forget()
        try:
            yield
        finally:
            for module in users:
                module.TABLE = right  # type: ignore[attr-defined]
            forget()


def _function(place: str) -> FunctionType:
    module, _, path = place.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = vars(found)[name] if isinstance(found, type) else getattr(found, name)
    found = getattr(found, "__wrapped__", getattr(found, "__func__", found))
    assert isinstance(found, FunctionType)
    return found


def _changed(function: FunctionType, old: str, new: str) -> Any:
    """The code of the function after the change of its text."""
    module = sys.modules[function.__module__]
    whole, own = inspect.getsource(module), inspect.getsource(function)
    assert own.count(old) == 1, f"{old!r} stands {own.count(old)} times in {function.__qualname__}"
    assert whole.count(own) == 1
    text = whole.replace(own, own.replace(old, new))
    scope: dict[str, Any] = {"__name__": f"{module.__name__}", "__file__": module.__file__}
    exec(compile(text, f"<{module.__name__} with a bug>", "exec"), scope)
    found: Any = scope
    for name in function.__qualname__.split("."):
        found = found[name] if isinstance(found, dict) else vars(found)[name]
    code: Any = getattr(found, "__wrapped__", getattr(found, "__func__", found)).__code__
    return code


def forget() -> None:
    """Empties all caches: what was found before may no longer be so."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGES):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


# ---------------------------------------------------------------- checks of the suite


def run_check(check: str) -> None:
    """A test function of the suite ("module:function" or "module:function[value]"), with all of its parameters."""
    module, _, name = check.partition(":")
    name, _, only = name.removesuffix("]").partition("[")
    function = getattr(import_module(module), name)
    for arguments in parameters(function):
        if not only or only in map(str, arguments.values()):
            function(**arguments)


def parameters(function: Any) -> Iterator[dict[str, Any]]:
    """What pytest would call a test function with; fixtures are taken from its module."""
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    axes: list[list[dict[str, Any]]] = []
    for mark in marks:
        names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
        axes.append([dict(zip(names, v if len(names) > 1 else (v,), strict=True)) for v in mark.args[1]])
    if "proof" in inspect.signature(function).parameters:
        proofs = import_module("test_tampering").PROOFS
        axes.append([{"proof": proofs[name]} for name in FEW])
    for combination in itertools.product(*axes):
        yield {name: value for part in combination for name, value in part.items()}


def fails(check: str) -> bool:
    """Whether a check of the suite fails: by an assertion, or because an honest step is refused or crashes."""
    try:
        run_check(check)
    except (Exception, pytest.fail.Exception):
        return True
    return False
