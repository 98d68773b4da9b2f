"""How read models are folded from the log: what a fold sees, what it gives, and the one engine that runs it."""
