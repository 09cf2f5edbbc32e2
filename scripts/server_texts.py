"""What a language of the page lacks of what the server says: `python -m scripts.server_texts de`.

The server speaks English. frontend/src/locales/<language>/server.json has a sentence for each code
of an error, and translations of the server's own sentences, in which `{}` stands for what is put
in. This tells what is missing, and what is translated and not said (any more).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from scripts.server_sayings import Said, read

_LOCALES = Path(__file__).parents[1] / "frontend" / "src" / "locales"


def languages() -> list[str]:
    """Return the languages of the page that have to translate what the server says."""
    return sorted(each.name for each in _LOCALES.iterdir() if each.is_dir() and each.name != "en")


def texts_of(language: str) -> dict[str, dict[str, str]]:
    """Return what a language has for what the server says."""
    found: dict[str, dict[str, str]] = json.loads(
        (_LOCALES / language / "server.json").read_text("utf-8")
    )
    return found


def missing(said: Said, texts: dict[str, dict[str, str]]) -> list[str]:
    """Return the codes, steps and checks that are not translated."""
    return [
        f"{kind}: {each}"
        for kind, wanted in (("problem", said.problem), ("step", said.step), ("check", said.check))
        for each in sorted(wanted - texts[kind].keys())
    ]


def unsaid(said: Said, texts: dict[str, dict[str, str]]) -> list[str]:
    """Return what is translated though the server does not say it (any more)."""
    return [
        f"{kind}: {each}"
        for kind, there in (
            ("problem", said.problem),
            ("step", said.step),
            ("check", said.check),
            ("sentence", said.sentence),
        )
        for each in sorted(texts[kind].keys() - there)
    ]


def misplaced(texts: dict[str, dict[str, str]]) -> list[str]:
    """Return the translations that put in more, or other, than there is.

    Where two things follow upon each other nobody knows where the first ends, so they have to do
    so in the translation too.
    """
    return [
        english
        for kind in ("step", "check", "sentence", "field")
        for english, translation in texts[kind].items()
        if not _puts_in(translation, english)
    ]


def _puts_in(translation: str, english: str) -> bool:
    places = [str(each + 1) for each in range(english.count("{}"))]
    plain = re.sub(r"\{=?(\d)\}", r"{\1}", translation)
    before = [english[: each.start()].count("{}") for each in re.finditer(r"\{\}(?=\{\})", english)]
    follow = [f"{{{each + 1}}}{{{each + 2}}}" for each in before]
    return (
        set(re.findall(r"\{(\d)\}", plain)) == set(places)
        and "{}" not in plain
        and all(each in plain for each in follow)
    )


def main(wanted: Iterable[str]) -> None:
    """Tell what is to be translated into each language, and what is not said any more."""
    said = read()
    for language in wanted:
        texts = texts_of(language)
        for title, found in (
            ("to be translated", missing(said, texts)),
            ("not said any more", unsaid(said, texts)),
            ("with other places than the English", misplaced(texts)),
        ):
            print(f"{language}: {len(found)} {title}", *found, sep="\n    ")


if __name__ == "__main__":
    main(sys.argv[1:] or languages())
