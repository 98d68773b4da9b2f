"""The catalogue of events: what agencies may say. One module a family, one closed registry."""
