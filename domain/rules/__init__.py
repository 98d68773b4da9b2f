"""Rules as data: packs, three-valued conditions, and what a pack derives at a decision point."""
