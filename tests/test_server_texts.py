"""What the server says by a code, a step or the name of a check, the page says in each language."""

from __future__ import annotations

import pytest

from scripts import server_texts
from scripts.server_sayings import read

pytestmark = pytest.mark.parametrize("language", server_texts.languages())


def test_every_error_step_and_check_of_the_server_has_words_in_each_language(language: str) -> None:
    """Whoever adds a code, a step or a check adds its translation."""
    said = read()
    assert len(said.problem) > 90
    assert {"Verifying", "Backing up {}", "Repacking"} <= said.step
    assert {"foreign keys", "decryption", "table {}: rows", "expect: {}"} <= said.check
    assert server_texts.missing(said, server_texts.texts_of(language)) == []


def test_nothing_is_translated_that_the_server_does_not_say(language: str) -> None:
    """A sentence that was changed is found here, and not by somebody who reads English again."""
    assert server_texts.unsaid(read(), server_texts.texts_of(language)) == []


def test_translations_put_in_what_the_server_puts_in(language: str) -> None:
    texts = server_texts.texts_of(language)
    assert server_texts.misplaced(texts) == []
    assert all(said.strip() for kind in texts.values() for said in kind.values())
