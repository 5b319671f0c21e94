"""The language: variables, laws, densities, expectations, divergences, integrals, optima.

nodes      the nodes a formula is made of; none of them evaluates
meaning    what a term means, zeros and infinities included
binding    bound names, substitution without capture, equality up to names and order
notation   writing terms in Python: q(z | x), E(…), KL(…)
"""
