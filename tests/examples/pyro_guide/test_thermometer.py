"""Are Pyro's objective, and one written by hand, the ELBO of this model and guide?  Quadrature is the oracle."""

import pytest

pytest.importorskip("pyro", reason="the example needs Pyro")

import torch
from pyro import poutine
from pyro.infer import Trace_ELBO
from thermometer import guide, loss, model

from verify.objectives.adapters.pyro_objective import pyro_objective

READINGS = torch.tensor([20.3, 19.1, 27.5])
PARAMS = {"loc": 19.5, "scale": 0.7}


@pytest.mark.parametrize("params", [PARAMS, {"loc": 23.0, "scale": 2.5}])
def test_the_objective_is_the_elbo(params):
    pyro_objective(model, guide, Trace_ELBO(), params=params, args=(READINGS,)).check()


def test_my_own_loss_is_the_negative_elbo():
    subject = pyro_objective(model, guide, loss, params=PARAMS, args=(READINGS,))
    subject.check(returns="loss", reduction="sum", estimator="log-weight")


def test_a_mistake_is_caught_and_named():
    def without_entropy(model, guide, readings):
        return loss(model, poutine.scale(guide, 1e-12), readings)

    subject = pyro_objective(model, guide, without_entropy, params=PARAMS, args=(READINGS,))
    with pytest.raises(AssertionError, match="log q\\(z\\) is missing"):
        subject.check(returns="loss", reduction="sum", estimator="log-weight")
