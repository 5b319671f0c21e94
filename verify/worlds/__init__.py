"""Random finite worlds and the value of a term in one.

vocabulary   what some terms speak of: spaces, laws, parameters, functions
world        a batch of worlds: base weights, tables of laws, values of parameters and functions
draw         random worlds of many kinds: generic, concentrated, with zeros, with q at the posterior …
evaluate     the value of a term at every point of every world, in floats or exactly
trial        a claim tried in a batch of worlds
"""
