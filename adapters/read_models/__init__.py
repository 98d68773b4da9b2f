"""Read models kept: their rows in a database of their own, folded from the log, built anew at any time."""
