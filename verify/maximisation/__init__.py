"""Joint maximisation over parameters and q: EM as coordinate ascent on J(θ, q), recorded and certified.

    trace       maximise: the loop, and what every step did
    steps       M steps of Gaussian mixture, probabilistic PCA and hidden Markov model; PPCA's global maximum
    evidence    log p(x; θ) enclosed in Arb
    stationary  Krawczyk's certificate of a local maximum of the mixture's likelihood
    collapse    why a mixture without a variance floor has no maximum
    examples    ready-made runs of EM, and what was proved about them in sentences
"""

from verify.maximisation.collapse import collapsing, variance_that_beats
from verify.maximisation.evidence import evidence_change, evidence_enclosure
from verify.maximisation.stationary import StationaryPoint, certify_maximum
from verify.maximisation.steps import baum_welch_m_step, mixture_m_step, ppca_m_step, ppca_maximum, start_mixture
from verify.maximisation.trace import Change, Step, Trace, maximise

__all__ = [
    "Change",
    "StationaryPoint",
    "Step",
    "Trace",
    "baum_welch_m_step",
    "certify_maximum",
    "collapsing",
    "evidence_change",
    "evidence_enclosure",
    "maximise",
    "mixture_m_step",
    "ppca_m_step",
    "ppca_maximum",
    "start_mixture",
    "variance_that_beats",
]
