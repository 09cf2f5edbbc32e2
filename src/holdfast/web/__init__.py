"""Holdfast over HTTP: the router for FastAPI, contracts of other interfaces, and the server."""
