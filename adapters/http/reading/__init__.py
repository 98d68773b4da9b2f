"""The questions over HTTP, each at a URL: who may ask, on which clocks, in which form it is answered."""
