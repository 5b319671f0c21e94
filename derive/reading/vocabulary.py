r"""What the commands and words of this notation are: one table per kind of token.

A command not found in any of these tables is not understood; it becomes a name, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> dict[str, str]:
    """ "a=b c=d" as a table; a word without = stands for itself."""
    return dict(word.partition(":=")[::2] if ":=" in word else (word, word) for word in text.split())


# ---------------------------------------------------------------- names

GREEK = _words(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varpi varrho varsigma "
    "varphi digamma ell hbar imath jmath aleph wp Re Im eth"
)
ACCENTS = _pairs(
    "hat tilde bar dot ddot check breve acute grave mathring widehat:=hat widetilde:=tilde overline:=bar widebar:=bar"
)
# Fonts and wrappers that only decorate: a bold z is z.
PLAIN_FONTS = _words(
    "mathbf boldsymbol bm pmb mathit mathnormal bf it boldmath vec bold vb symbf symbfit mathbfit mathsfit "
    "underline overrightarrow overleftarrow mathbin mathrel mathopen mathclose mathord mathpunct mathinner "
    "ensuremath smash"
)
BOLD_FONTS = _words("mathbf boldsymbol bm pmb bf boldmath bold vb symbf mathbfit vec overrightarrow")
# Fonts that make another letter of it.
LETTER_FONTS = {
    "mathcal": "cal",
    "cal": "cal",
    "mathscr": "scr",
    "mathfrak": "frak",
    "mathbb": "bb",
    "mathbbm": "bb",
    "mathds": "bb",
    "Bbb": "bb",
}
# Fonts in which several letters are a word.
WORD_FONTS = _words("mathrm mathsf mathtt operatorname operatornamewithlimits rm sf tt mathop mathup symup")
TEXT_FONTS = _words("text mbox hbox textrm textnormal textit textbf textsf texttt textup textsc textsl emph mathmbox")
OLD_FONTS = _words("bf it rm sf tt cal boldmath em")  # {\bf x}: the rest of the group

# ---------------------------------------------------------------- words

FUNCTIONS = _pairs(
    "log ln:=log Log:=log exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan coth det tr Tr:=tr "
    "trace:=tr Trace:=tr Var var:=Var Variance:=Var Cov cov:=Cov Corr corr:=Corr diag Diag:=diag softplus softmax "
    "sigmoid relu ReLU:=relu sign sgn:=sign supp rank dim logit erf erfc lgamma digamma logsumexp LSE:=logsumexp "
    "lse:=logsumexp card Re Im gcd lcm lg:=log10"
)
OPTIMA = _pairs(
    "argmax argmin max min sup inf maximize:=max minimize:=min maximise:=max minimise:=min Max:=max Min:=min "
    "argsup:=argmax arginf:=argmin Argmax:=argmax Argmin:=argmin"
)
CONSTANTS = _words("const constant const. cst cst. constants Const Const.")
KL_WORDS = _words("KL DKL KLD kl Kl KLdiv dKL")
DIVERGENCE_WORDS = {"JS": "JS", "JSD": "JS", "TV": "TV", "tv": "TV", "dTV": "TV", "DTV": "TV"}
LAW_WORDS = _words("Pr Prob Normal Cat Categorical Bern Bernoulli Beta Gamma Dir Dirichlet Poisson Unif Uniform")
KNOWN_WORDS = _words("ELBO VLB IWAE IWELBO VAE MLE MAP EM") | LAW_WORDS | KL_WORDS | set(DIVERGENCE_WORDS)

# Words of running text inside a formula: what comes after them is a statement of its own …
LEADING_WORDS = _words(
    "where with and so such let if for when whenever hence thus then therefore or provided iff given subject s.t. "
    "assuming i.e. while denote but also whence which"
)
# … or only says why.
REASON_WORDS = _words(
    "since because bc by using from due via as def def. definition jensen jensen's bayes bayes' bayes's is are the a "
    "an otherwise applying note holds follows see eq eq."
)

# ---------------------------------------------------------------- relations

# sign, and whether the sign itself says "definition"
RELATIONS: Mapping[str, tuple[str, bool]] = {
    **dict.fromkeys(("eq",), ("=", False)),
    **dict.fromkeys(("geq", "ge", "geqslant", "geqq"), (">=", False)),
    **dict.fromkeys(("leq", "le", "leqslant", "leqq"), ("<=", False)),
    **dict.fromkeys(("lt",), ("<", False)),
    **dict.fromkeys(("gt",), (">", False)),
    **dict.fromkeys(("neq", "ne"), ("!=", False)),
    **dict.fromkeys(("equiv", "triangleq", "coloneqq", "coloneq", "defeq", "doteq"), (":=", True)),
    **dict.fromkeys(("leftarrow", "gets", "longleftarrow", "xleftarrow"), (":=", True)),
    **dict.fromkeys(("eqqcolon", "eqcolon", "eqdef"), ("=:", True)),
    **dict.fromkeys(("approx", "simeq", "approxeq", "thickapprox"), ("approx", False)),
    **dict.fromkeys(("propto", "varpropto"), ("propto", False)),
    **dict.fromkeys(("sim", "thicksim"), ("~", False)),
    **dict.fromkeys(("in",), ("in", False)),
    **dict.fromkeys(("ll",), ("<<", False)),
    **dict.fromkeys(("to", "rightarrow", "longrightarrow", "mapsto", "longmapsto", "xrightarrow"), ("->", False)),
    **dict.fromkeys(("Rightarrow", "implies", "Longrightarrow", "xRightarrow"), ("=>", False)),
    **dict.fromkeys(("iff", "Leftrightarrow", "Longleftrightarrow"), ("<=>", False)),
    **dict.fromkeys(("subset", "subseteq", "subseteqq"), ("subset", False)),
    **dict.fromkeys(("xlongequal", "xlongequals"), ("=", False)),
}
# Signs made of several characters, longest first.
SIGN_RELATIONS: tuple[tuple[str, str, bool], ...] = (
    ("<=>", "<=>", False),
    ("::=", ":=", True),
    (":==", ":=", True),
    (":=", ":=", True),
    ("=:", "=:", True),
    ("==", "=", False),
    ("<=", "<=", False),
    (">=", ">=", False),
    ("!=", "!=", False),
    ("=>", "=>", False),
    ("->", "->", False),
    ("<<", "<<", False),
    ("=", "=", False),
    ("<", "<", False),
    (">", ">", False),
)
ABOVE_DEFINES = _words("def def. def: Def Def. define defined definition ! Δ triangle \\triangle \\Delta")

# ---------------------------------------------------------------- marks and operators

# command -> kind and text of its token
MARKS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("cdot", "cdotp", "bullet"), ("cdot", "")),
    **dict.fromkeys(("times", "ast"), ("times", "")),
    "odot": ("times", "elementwise"),
    **dict.fromkeys(("div",), ("slash", "")),
    **dict.fromkeys(("mid", "vert", "lvert", "rvert"), ("bar", "")),
    **dict.fromkeys(("|", "Vert", "lVert", "rVert", "parallel"), ("doublebar", "")),
    **dict.fromkeys(("{", "lbrace"), ("open", "\\{")),
    **dict.fromkeys(("}", "rbrace"), ("close", "\\}")),
    **dict.fromkeys(("lbrack",), ("open", "[")),
    **dict.fromkeys(("rbrack",), ("close", "]")),
    **dict.fromkeys(("langle", "lang"), ("open", "<")),
    **dict.fromkeys(("rangle", "rang"), ("close", ">")),
    **dict.fromkeys(
        ("ldots", "dots", "cdots", "dotsc", "dotsb", "dotsm", "dotsi", "vdots", "ddots"), ("symbol", "dots")
    ),
    "infty": ("symbol", "infty"),
    "emptyset": ("symbol", "emptyset"),
    "varnothing": ("symbol", "emptyset"),
    **dict.fromkeys(("star",), ("symbol", "star")),
    **dict.fromkeys(("diamond", "Diamond"), ("symbol", "diamond")),
    **dict.fromkeys(("top", "intercal", "transpose", "tran"), ("symbol", "top")),
    **dict.fromkeys(("dagger", "dag"), ("symbol", "dagger")),
    "prime": ("prime", ""),
    **dict.fromkeys(("perp", "indep", "ind", "Perp", "independent", "bot"), ("perp", "")),
    "nabla": ("nabla", ""),
    "partial": ("partial", ""),
    **dict.fromkeys(("colon", "vcentcolon"), ("colon", "")),
    "over": ("over", ""),
    "setminus": ("without", ""),
    "backslash": ("without", ""),
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"), ("frac", "")),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), ("binom", "")),
    "sqrt": ("sqrt", ""),
    "int": ("integral", "1"),
    "oint": ("integral", "1"),
    "iint": ("integral", "2"),
    "iiint": ("integral", "3"),
    **dict.fromkeys(("sum",), ("big", "sum")),
    **dict.fromkeys(("prod",), ("big", "prod")),
    **dict.fromkeys(("lim", "limsup", "liminf"), ("lim", "lim")),
    "arg": ("arg", ""),
    "because": ("text", "because"),
    "therefore": ("text", "therefore"),
    "forall": ("text", "for all"),
    "exists": ("text", "there is"),
    **dict.fromkeys(("quad", "qquad"), ("quad", "")),
    "%": ("text", "%"),
}
SIGNS: Mapping[str, tuple[str, str]] = {
    "+": ("plus", ""),
    "-": ("minus", ""),
    "−": ("minus", ""),
    "*": ("times", ""),
    "/": ("slash", ""),
    "!": ("bang", ""),
    "(": ("open", "("),
    ")": ("close", ")"),
    "[": ("open", "["),
    "]": ("close", "]"),
    ",": ("comma", ""),
    ";": ("semicolon", ""),
    ":": ("colon", ""),
    ".": ("period", ""),
    "|": ("bar", ""),
    "_": ("sub", ""),
    "^": ("sup", ""),
    "'": ("prime", ""),
    "’": ("prime", ""),
    "′": ("prime", ""),
    "&": ("amp", ""),
}
# Operators this reader knows but cannot give a meaning.
FOREIGN_OPERATORS = _words(
    "pm mp otimes oplus circ wedge vee cup cap bigcup bigcap amalg sqcup uplus lesssim gtrsim preceq succeq prec succ "
    "supset supseteq cong asymp notin models vdash downarrow uparrow coprod bigotimes bigoplus gg ni leadsto "
    "rightharpoonup leftrightarrow nmid nparallel"
)

# ---------------------------------------------------------------- layout and annotation

LAYOUT = _words(
    ", ; : ! > / thinspace medspace thickspace negthinspace space limits nolimits displaystyle textstyle scriptstyle "
    "scriptscriptstyle nonumber notag small large Large LARGE huge Huge tiny footnotesize scriptsize normalsize "
    "noindent allowbreak nobreak hfill hfil vfill pause relax protect centering strut mathstrut null eqsp enspace "
    "enskip par break linebreak displaylimits bigskip medskip smallskip qedhere hline"
)
# Commands with one argument that says nothing about the mathematics, by the kind of their Note.
ANNOTATIONS = {
    "label": "tag",
    "tag": "tag",
    "hspace": "space",
    "vspace": "space",
    "hskip": "space",
    "mspace": "space",
    "phantom": "phantom",
    "hphantom": "phantom",
    "vphantom": "phantom",
    "color": "colour",
    "class": "class",
    "cssId": "class",
    "htmlClass": "class",
    "style": "class",
    "ref": "reference",
    "eqref": "reference",
    "cite": "reference",
    "footnote": "footnote",
    "intertext": "text",
    "shortintertext": "text",
}
# Commands whose last argument is the formula, with the number of arguments before it.
WRAPPERS = {
    "textcolor": 1,
    "colorbox": 1,
    "fcolorbox": 2,
    "uncover": 0,
    "onslide": 0,
    "only": 0,
    "visible": 0,
    "alert": 0,
    "mathclap": 0,
    "mathrlap": 0,
    "mathllap": 0,
    "cancel": 0,
    "bcancel": 0,
    "href": 1,
    "raisebox": 1,
    "mathstyle": 0,
}
BRACES = {"underbrace": "_", "overbrace": "^", "boxed": "", "fbox": "", "underbracket": "_", "overbracket": "^"}
STACKS = {"overset": "above", "stackrel": "above", "underset": "below", "stackbin": "above", "xoverset": "above"}

LAYOUT_ENVIRONMENTS = _words(
    "align aligned alignat alignedat gather gathered split equation eqnarray multline multlined flalign displaymath "
    "math array dmath IEEEeqnarray subequations dgroup"
)
FOREIGN_ENVIRONMENTS = {
    **dict.fromkeys(("cases", "dcases", "rcases", "numcases"), "a case distinction"),
    **dict.fromkeys(("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix"), "a matrix"),
    **dict.fromkeys(("tikzpicture", "tabular", "CD"), "a picture or table"),
}
ENVIRONMENTS_WITH_ARGUMENT = _words("alignat alignedat array IEEEeqnarray tabular")
# Environments that are a formula of their own in running text.
DISPLAY_ENVIRONMENTS = _words(
    "align alignat gather equation eqnarray multline flalign displaymath dmath IEEEeqnarray aligned gathered split math"
)

# ---------------------------------------------------------------- characters

_GREEK_LETTERS = _pairs(
    "α:=alpha β:=beta γ:=gamma δ:=delta ε:=epsilon ζ:=zeta η:=eta θ:=theta ι:=iota κ:=kappa λ:=lambda μ:=mu ν:=nu "
    "ξ:=xi ο:=omicron π:=pi ρ:=rho σ:=sigma τ:=tau υ:=upsilon φ:=phi χ:=chi ψ:=psi ω:=omega Γ:=Gamma Δ:=Delta Θ:=Theta "
    "Λ:=Lambda Ξ:=Xi Π:=Pi Σ:=Sigma Υ:=Upsilon Φ:=Phi Ψ:=Psi Ω:=Omega ϕ:=phi ϵ:=epsilon ϑ:=vartheta ϱ:=varrho "
    "ς:=varsigma µ:=mu"
)
# One character -> the command it stands for.
CHARACTERS: Mapping[str, str] = {
    **_GREEK_LETTERS,
    **_pairs(
        "≥:=geq ⩾:=geq ≤:=leq ⩽:=leq ≠:=neq ≈:=approx ≃:=simeq ∝:=propto ∼:=sim ∈:=in ≡:=equiv ≜:=triangleq "
        "≔:=coloneqq ≕:=eqqcolon ≐:=doteq →:=to ⟶:=to ↦:=mapsto ⇒:=Rightarrow ⟹:=Rightarrow ⇔:=iff ⟺:=iff ←:=gets "
        "≪:=ll ⊆:=subseteq ⊂:=subset ∫:=int ∬:=iint ∑:=sum ∏:=prod ∇:=nabla ∂:=partial ∞:=infty ·:=cdot ⋅:=cdot "
        "∙:=cdot ×:=times ⊙:=odot ∗:=ast ‖:=Vert ∥:=Vert ∣:=mid |:=mid ⟨:=langle ⟩:=rangle 〈:=langle 〉:=rangle "
        "…:=ldots ⋯:=cdots √:=sqrt ℓ:=ell ∅:=emptyset ⊥:=perp ⊤:=top †:=dagger ∀:=forall ∃:=exists ∵:=because "
        "∴:=therefore ∖:=setminus ±:=pm ⋆:=star ★:=star ⋄:=diamond"
    ),
}
# Commands many people use as if everybody had defined them.
CUSTOMARY: Mapping[str, str] = {
    **dict.fromkeys(("E", "EE", "Expect", "expect"), r"\mathbb{E}"),
    **dict.fromkeys(("KL", "kl"), r"\mathrm{KL}"),
    **dict.fromkeys(("DKL", "Dkl", "KLD", "kld", "infdiv"), r"D_{\mathrm{KL}}"),
    **dict.fromkeys(("ELBO", "elbo"), r"\mathrm{ELBO}"),
    **dict.fromkeys(("given", "giv", "cond", "middlevert"), r"\mid"),
    **dict.fromkeys(("R", "RR", "reals", "Reals"), r"\mathbb{R}"),
    **dict.fromkeys(("Normal", "normal", "Gauss", "Nor"), r"\mathcal{N}"),
    **dict.fromkeys(("d", "dd", "rmd", "diff", "dif", "mathd", "intd"), r"\mathrm{d}"),
    **{f"b{letter}": rf"\mathbf{{{letter}}}" for letter in "xyzwuvhsXYZW"},
    **{f"v{letter}": rf"\mathbf{{{letter}}}" for letter in "xyzw"},
    **{f"b{greek}": rf"\boldsymbol{{\{greek}}}" for greek in ("theta", "phi", "mu", "lambda", "Sigma", "sigma")},
    "bbE": r"\mathbb{E}",
    "bone": r"\mathbf{1}",
    "ones": r"\mathbf{1}",
}
