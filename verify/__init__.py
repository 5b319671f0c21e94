"""Whether it survives being tried: worlds, decisions, counterexamples, models, reports."""
