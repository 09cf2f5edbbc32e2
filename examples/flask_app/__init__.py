"""A guest book on Flask, whose administrators back it up by the Python API."""
