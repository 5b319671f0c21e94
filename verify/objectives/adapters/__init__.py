"""One module for each library; a module is imported only when it is used.

`plain` is for callables that work on NumPy arrays.  What an adapter has to provide is `implementation.Implementation`.
"""
