"""What explains a deviation: known mistakes, each with the value it leads to, compared in several places.

    terms        the terms of an exact objective
    hypothesis   a row of the table: a sentence, and the expectation that the mistake leads to
    scales, gaussian, weights, diffusion   the table for values
    slopes       the table for gradients
    situations   models and q's to compare in
    fitted       what can be said where no row fits: one number found from the values
    explain      the comparison
"""

from verify.objectives.diagnosis.explain import explain

__all__ = ["explain"]
