"""The vocabulary, the events, the rules: pure, no input or output, nothing imported from the rest."""
