"""Keys and signatures: what shows who said something."""
