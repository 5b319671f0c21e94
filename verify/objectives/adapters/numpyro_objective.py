"""NumPyro: a model, a guide, and any of NumPyro's objectives.

    def test_my_guide():
        numpyro_objective(model, guide, Trace_ELBO(), params={"loc": 0.3, "scale": 0.8}, args=(x,)).check()

No solvable model is needed where the latents have at most two continuous dimensions (for every index of a plate that
encloses everything): quadrature, and enumeration of finite latents, give the exact values.  For models with a closed
form see `numpyro_function`.

The objective's draws are prescribed as for any JAX function (`jax_objective`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from numpyro.distributions import constraints, discrete
from numpyro.infer import ELBO, RenyiELBO, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO

from verify.models.records import Kind
from verify.objectives.adapters.guided import FIXED, KINDS, GuidedObjective, first_array, guided_case, power_bound
from verify.objectives.adapters.jax_noise import categories
from verify.objectives.adapters.jax_objective import JaxObjective
from verify.objectives.adapters.numpyro_model import numpyro_program
from verify.objectives.adapters.numpyro_sites import Code, read_sites
from verify.objectives.reference.programs import GuideLaw


def numpyro_objective(
    model: Callable[..., Any],
    guide: Callable[..., Any],
    objective: Any,
    *,
    params: Mapping[str, Any] | None = None,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    posterior: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> GuidedObjective:
    """One of NumPyro's objectives with a model and a guide, and their exact values.

    objective     one of NumPyro's, or a function of a key, the parameters, model, guide and their arguments, as
                  NumPyro's `loss` is; for this say what it computes: `.check(returns="loss", reduction="sum")`
    params        values of parameters in their constrained space; others keep the values they start with
    args, kwargs  the arguments of model and guide
    posterior     values of the guide's parameters at which it is the posterior, if there are any, to test equality at

    Raises ValueError where exact values are out of reach (see `numpyro_sites.read_sites`), KeyError for a parameter
    that neither model nor guide has.
    """
    with jax.enable_x64(True):
        arguments, keywords = jax.tree.map(_wide, (tuple(args), dict(kwargs or {})))
        code = Code(model, guide, arguments, keywords)
        values, fields, own = _parameters(code, params or {})
        sites = read_sites(code, values)
    q = GuideLaw(numpyro_program(sites), values, fields)
    case = guided_case(model, q, own, _observations(arguments, keywords), posterior, seed)

    def loss(q: Any, key: Any) -> Any:
        own = getattr(objective, "loss", objective)
        return own(key, q.as_dict(), model, guide, *arguments, **keywords)

    declared = declaration(objective) if isinstance(objective, ELBO) else {}
    return GuidedObjective(_prescribed(loss, {"q", "key"}), case, declared)


def numpyro_function(
    model: Callable[..., Any],
    guide: Callable[..., Any],
    objective: Any,
    arguments: Callable[[Any, Any], tuple[tuple[Any, ...], Mapping[str, Any]]],
) -> JaxObjective:
    """One of NumPyro's objectives on solvable models, for check_objective(…, case, **declaration(objective)).

    arguments  model, q ↦ the arguments of NumPyro's model and guide, and the parameters; both with JAX arrays as fields
    """

    def loss(**given: Any) -> Any:
        args, params = arguments(given["model"], given["q"])
        return objective.loss(given["key"], dict(params), model, guide, *args)

    return _prescribed(loss, {"model", "q", "key"})


def _prescribed(loss: Callable[..., Any], names: Iterable[str]) -> JaxObjective:
    return JaxObjective(loss, names=frozenset(names), while_traced=_replaced_categorical)


@contextmanager
def _replaced_categorical() -> Iterator[None]:
    """NumPyro draws categories by comparing uniforms in a function of its own: let them be prescribed as categories."""
    before = discrete.categorical
    try:
        discrete.categorical = _categorical
        yield
    finally:
        discrete.categorical = before


def _categorical(key: Any, p: Any, shape: Any = ()) -> Any:
    return categories(key, jnp.broadcast_to(p, (*(shape or jnp.shape(p)[:-1]), jnp.shape(p)[-1])))


def declaration(objective: Any) -> dict[str, Any]:
    """What one of NumPyro's objectives is by its documentation: the arguments of check_objective.

    Raises TypeError for an objective that does not return one number, or that is not known.
    """
    if not getattr(objective, "sum_sites", True) or getattr(objective, "multi_sample_guide", False):
        raise TypeError("objectives with sum_sites=False or multi_sample_guide=True do not estimate one bound")
    common = {"returns": "loss", "reduction": "sum", "samples": objective.num_particles}
    match objective:
        case RenyiELBO():
            return {**common, **power_bound(objective.alpha)}
        case Trace_ELBO() | TraceGraph_ELBO():
            return {**common, "estimator": "log-weight"}
        case TraceMeanField_ELBO() | TraceEnum_ELBO():
            return common
    raise TypeError(f"what {type(objective).__name__} computes is not known")


def _parameters(code: Code, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Kind], frozenset[str]]:
    """The values and kinds of all parameters, and the names of the guide's own."""
    numbers = {name: jnp.asarray(value, dtype=float) for name, value in given.items()}
    guide, model = code.traces(numbers, numbers)
    found = {name: site for trace in (model, guide) for name, site in trace.items() if site["type"] == "param"}
    unknown = numbers.keys() - found.keys()
    if unknown:
        raise KeyError(f"neither model nor guide has a parameter {sorted(unknown)[0]!r}; they have {', '.join(found)}")
    values = {name: np.asarray(site["value"], dtype=np.float64) for name, site in found.items()}
    kinds = {name: _kind(site["kwargs"].get("constraint", constraints.real)) for name, site in found.items()}
    return values, kinds, frozenset(name for name in found if name in guide)


def _kind(constraint: Any) -> Kind:
    """What a constraint says about the numbers."""
    while hasattr(constraint, "reinterpreted_batch_ndims"):
        constraint = constraint.base_constraint
    return next((kind for name, kind in KINDS.items() if constraint == getattr(constraints, name)), FIXED)


def _wide(value: Any) -> Any:
    """Numbers in 64 bits, everything else as it is."""
    if not isinstance(value, np.ndarray | jax.Array | float):
        return value
    array = jnp.asarray(value)
    return array.astype(float) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _observations(*arguments: Any) -> npt.NDArray[Any]:
    return first_array([np.asarray(leaf) for leaf in jax.tree.leaves(arguments)])
