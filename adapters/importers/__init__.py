"""Importers of real files: each reads one published shape and proposes events, row by row."""
