"""Proposes proofs; nobody trusts it.

chain         a term under rewriting, with the steps so far
matching      where a rule applies, and with what in its holes
collecting    sums and products brought into one written form
simplify      the tactics that bring a side to its simplest, most defined form
inequalities  one inequality between two simplified sides
optimisation  argmax and argmin, suprema
prove         the whole way: a claim to a theorem, or what was tried
"""
