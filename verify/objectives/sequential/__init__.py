"""Sequential tests of a mean with a guaranteed false-alarm rate, for code whose noise cannot be reached.

    budget    how a suite's false-alarm rate is shared
    evidence  e-processes: Catoni, betting, known law
    run       draw until the evidence is clear
"""

from verify.objectives.sequential.budget import FAMILY_WISE, SUITE, Budget
from verify.objectives.sequential.evidence import BettingEvidence, CatoniEvidence, Evidence, KnownLawEvidence, Sides
from verify.objectives.sequential.run import SequentialResult, evidence_for, run

__all__ = [
    "FAMILY_WISE",
    "SUITE",
    "BettingEvidence",
    "Budget",
    "CatoniEvidence",
    "Evidence",
    "KnownLawEvidence",
    "SequentialResult",
    "Sides",
    "evidence_for",
    "run",
]
