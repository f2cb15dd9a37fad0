"""Tables of wordings: those shipped, and a user's own."""

from pathlib import Path

import pytest

from stages.augment.codes import folded
from stages.errors import ConfigError
from stages.instruct.language_names import language_name
from stages.instruct.wordings import Wordings

FIELDS = frozenset({"text", "source", "target"})


def wordings(own: str | None = None) -> Wordings:
    return Wordings("translation.toml", own, frozenset({"text", "target"}), FIELDS)


def test_shipped_wordings() -> None:
    """Enough of them, each in a language of the registry whose names CLDR knows."""
    shipped = wordings().open()
    assert len(shipped["eng_Latn"].prompts) >= 12
    assert len(shipped) >= 60
    assert all(len(wording.prompts) >= 2 for wording in shipped.values())
    assert all(len(set(wording.prompts)) == len(wording.prompts) for wording in shipped.values())
    for code, wording in shipped.items():
        assert wording.language == code == folded(code)
        assert language_name("eng_Latn", code), f"{code}: no name of English in CLDR"


def test_own_tables_replace_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[est_Latn]\nprompts = ["{target}: {text}"]\n')
    opened = wordings(str(own)).open()
    assert opened["ekk_Latn"].prompts == ("{target}: {text}",)
    assert opened["eng_Latn"] == wordings().open()["eng_Latn"]
    assert wordings(str(own)).fingerprint() != wordings().fingerprint()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[ekk_Latn", "not a TOML file"),
        ("[ekk_Latn]\nsystem = ['x']", "needs a list `prompts`"),
        ("[ekk_Latn]\nprompts = ['{text} {target}']\nsytem = ['x']", "unknown key 'sytem'.*did you mean 'system'"),
        ("[ekk_Latn]\nprompts = ['{text}']", "field {target} is missing"),
        ("[ekk_Latn]\nprompts = ['{text} {target} {sorce}']", "unknown field {sorce}; did you mean 'source'"),
        ("[ekk_Latn]\nprompts = ['{text} {target} {']", "write {{ and }} for braces"),
        ("[ekk_Latn]\nprompts = ['{text} {target}']\n[est_Latn]\nprompts = ['{text} {target}']", "are of one language"),
    ],
)
def test_wrong_tables(tmp_path: Path, toml: str, message: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(toml)
    with pytest.raises(ConfigError, match=message):
        wordings(str(own)).open()
