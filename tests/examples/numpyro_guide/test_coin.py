"""Is NumPyro's objective, with this model and guide, the ELBO?  No closed form is needed: quadrature is the oracle."""

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the example needs NumPyro")

from coin import guide, model
from numpyro.handlers import scale
from numpyro.infer import Trace_ELBO

from verify.objectives.adapters.numpyro_objective import numpyro_objective


@pytest.mark.parametrize("params", [{"loc": 0.4, "scale": 0.6}, {"loc": -1.0, "scale": 1.3}])
def test_the_objective_is_the_elbo(params):
    flips = np.array([1, 1, 0, 1, 0])
    report = numpyro_objective(model, guide, Trace_ELBO(), params=params, args=(flips,)).check()
    assert report.with_status("held")


class WithoutGuide(Trace_ELBO):
    """A mistake: log q(z) is left out of the objective."""

    def loss(self, rng_key, param_map, model, guide, *args, **kwargs):
        return super().loss(rng_key, param_map, model, scale(guide, 1e-12), *args, **kwargs)


def test_a_wrong_objective_is_caught():
    flips = np.array([1, 1, 0, 1, 0])
    subject = numpyro_objective(model, guide, WithoutGuide(), params={"loc": 0.4, "scale": 0.6}, args=(flips,))
    with pytest.raises(AssertionError, match="not the ELBO"):
        subject.check()
