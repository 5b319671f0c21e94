"""From syntax trees to claims: what the names of a document mean.

spelling     a name as a key and as LaTeX
roles        which names are laws, parameters, variables; with which arguments laws are used
elaborate    a syntax tree as a term
sections     where the sections of a document begin and end
hypotheses   what the words between the formulas assume
document     the claims of a document, with definitions and hypotheses in force at each
"""
