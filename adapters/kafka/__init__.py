"""Kafka at the border: agencies' topics in, the log out, dead letters beside. Everything of kafka-python stays here."""
