"""Tokens: made at random, given out once, and kept as SHA-256 only.

A token has 256 bits of chance, so a plain hash of it tells nothing; what people choose
themselves (passwords) needs argon2, and comes here hashed already.
"""

from __future__ import annotations

import secrets
import unicodedata
from hashlib import sha256

_BYTES = 32


def new_token(prefix: str = "") -> str:
    """Return a new token."""
    return prefix + secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def name_key(name: str) -> str:
    """Return a name without what does not tell users apart: case, width, space around it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())
