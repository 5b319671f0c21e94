"""Terms back into LaTeX and text, in the author's own notation.

notation   how the author writes names, bars, expectations, divergences
printer    what every printed form shares: precedence, signs, the order of things
latex      LaTeX
text       plain Unicode text, for terminals and messages
"""

from derive.writing.latex import latex
from derive.writing.notation import Notation
from derive.writing.text import text

__all__ = ["Notation", "latex", "text"]
