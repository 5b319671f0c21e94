"""Randomness under control: prescribed noise, expectations without sampling, common random numbers.

    source        Source: normals, uniforms, decisions;  FreshNoise: from a seed
    uniforms      uniforms that are only compared
    prescribed    PrescribedNoise: normals from a row, decisions from a path
    quantiles, generator, global_state   NumPy's interface on a Source
    rules         rows of normals: orthogonal noise, product quadrature
    separable     sums over groups of normals, found from the function
    expectation   E[f(noise)] by finite sums
    paired        the same noise in two runs
"""

from verify.objectives.noise.expectation import Estimate, Expectation, OutOfReachError
from verify.objectives.noise.generator import prescribed_generator
from verify.objectives.noise.global_state import replaced_numpy_random
from verify.objectives.noise.paired import RecordedNoise, ReplayedNoise
from verify.objectives.noise.prescribed import PrescribedNoise
from verify.objectives.noise.source import FreshNoise, NoiseError, Source
from verify.objectives.noise.uniforms import NeedsNumbersError

__all__ = [
    "Estimate",
    "Expectation",
    "FreshNoise",
    "NeedsNumbersError",
    "NoiseError",
    "OutOfReachError",
    "PrescribedNoise",
    "RecordedNoise",
    "ReplayedNoise",
    "Source",
    "prescribed_generator",
    "replaced_numpy_random",
]
