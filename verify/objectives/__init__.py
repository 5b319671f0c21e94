"""Tests of a user's own ELBO code."""

from verify.objectives.case import Case, Unsolved
from verify.objectives.check import check, check_objective, examine
from verify.objectives.declaration import Objective
from verify.objectives.errors import NothingComparedError, ObjectiveError
from verify.objectives.implementation import Implementation, Situation
from verify.objectives.inquiry import Inquiry, Settings
from verify.objectives.reference import QuadratureModel
from verify.objectives.report import CheckReport, Finding
from verify.objectives.sequential import Budget

__all__ = [
    "Budget",
    "Case",
    "CheckReport",
    "Finding",
    "Implementation",
    "Inquiry",
    "NothingComparedError",
    "Objective",
    "ObjectiveError",
    "QuadratureModel",
    "Settings",
    "Situation",
    "Unsolved",
    "check",
    "check_objective",
    "examine",
]
