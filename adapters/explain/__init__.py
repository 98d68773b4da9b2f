"""An explanation for people: as text, and as one self-contained page."""
