"""Let `python -m adapters.cli` be the command line too."""

from adapters.cli.main import run

run()
