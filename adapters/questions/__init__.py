"""The questions auditors ask of a ledger; the command line and Python ask the same ones. `ask` is where to begin."""
