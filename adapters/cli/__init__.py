"""The command line: `custody`. Parse, call the same functions as everything else, print."""
