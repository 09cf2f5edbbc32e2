"""Takes passwords out of what is about to be seen: a message, a log, a trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_HIDDEN = "***"


class Redaction:
    """Hides known secrets in texts.

    Args:
        secrets: The longest first, so that one that holds another goes as a whole.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def within(self, value: Any) -> Any:
        """Return JSON values with all their texts redacted."""
        match value:
            case str():
                return self(value)
            case dict():
                return {key: self.within(each) for key, each in value.items()}
            case list():
                return [self.within(each) for each in value]
        return value
