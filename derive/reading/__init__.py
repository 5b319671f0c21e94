"""From a document to claims: sources, macros, tokens, syntax tree, roles, claims."""
