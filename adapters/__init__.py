"""The edges: storage, ways in, ways out. They know the outside world; the core does not."""
