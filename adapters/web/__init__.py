"""Pages for people: each is a URL that says of which moment and as known at which position it speaks."""
