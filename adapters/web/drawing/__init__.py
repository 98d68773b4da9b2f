"""Drawings made on the server, as SVG that needs neither script nor style of its own."""
