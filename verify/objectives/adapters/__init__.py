"""Modules for libraries; each is imported only when it is used.

    plain                                      callables that work on NumPy arrays
    pytorch, torch_noise, torch_batch          PyTorch: objectives, their draws, many calls at once
    pyro_objective, pyro_sites                 Pyro: model, guide and objective; their log densities
    jax_objective, jax_noise, jax_program      JAX: objectives, their draws, traced programs
    numpyro_objective, numpyro_model, …_sites  NumPyro: model, guide and objective; their log densities
    guided, traced_sites                       what the adapters of Pyro and NumPyro share

What an adapter has to provide is `implementation.Implementation`.
"""
