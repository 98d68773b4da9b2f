"""One module a page: what it gathers, and at which path it is."""
