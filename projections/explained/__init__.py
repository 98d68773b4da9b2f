"""The parts of an explanation: its words, its answer, its rules, its gaps, its record."""
