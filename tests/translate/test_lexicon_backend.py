"""Word-by-word translation behind the translator seam."""

import json
from pathlib import Path

import pytest

from stages.augment.lexicon import Lexicon
from stages.errors import ConfigError
from stages.translate.backend import Translator
from stages.translate.lexicon import LexiconBackend


def opened(folder: Path) -> Translator:
    path = folder / "lexicon.jsonl"
    words = {"the dog": ["koer"], "sleeps": ["magab"], "house": ["maja", "elamu"]}
    path.write_text(
        "\n".join(
            json.dumps({"src": src, "tgt": tgt, "src_lang": "eng_Latn", "tgt_lang": "ekk_Latn"})
            for src, tgt in words.items()
        )
    )
    return LexiconBackend(Lexicon(str(path))).open()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The dog sleeps.", "Koer magab."),
        ("THE DOG!\n\n- house", "KOER!\n\n- maja"),
        ("unknown words", "unknown words"),
        ("", ""),
    ],
)
def test_translate(tmp_path: Path, text: str, expected: str) -> None:
    translator = opened(tmp_path)
    assert translator.translate([text, text], "eng_Latn", "est_Latn") == [expected, expected]
    assert translator.name == "lexicon"
    assert translator.version


def test_a_pair_that_the_lexicon_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no entries from ekk_Latn to eng_Latn"):
        opened(tmp_path).translate(["koer"], "ekk_Latn", "eng_Latn")
