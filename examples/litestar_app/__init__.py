"""A guest book on Litestar, whose administrators back it up by the Python API."""
