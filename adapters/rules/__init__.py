"""Rule packs from files, and the expression engine behind their conditions."""
