"""Counterexamples that a person can check by hand.

search     small rational worlds in which a claim fails, the simplest first
climb      worlds in which a nearly true claim fails, reached step by step
shrink     the same world with fewer and smaller numbers
decide     both sides exactly, and how they compare
snippet    the world and both sides as Python that needs only NumPy
describe   the world in words
"""
