"""`babelmill lang import`: FineWeb-2's files become language files that say the same."""

import io
import tarfile
from pathlib import Path

import pytest

from pipelines.lang.fineweb2 import (
    CANNOT_BIND,
    FEW_WORDS,
    NO_COUNTERPART,
    NOT_A_WORD,
    NOT_LOWER,
    NOT_NFC,
    SAME_CODE,
    TRIMMED,
    TWICE,
    UNREADABLE,
    UNRESOLVED,
    import_fineweb2,
)
from pipelines.language_checks import check_languages
from pipelines.languages import load_language
from stages.errors import ConfigError

ESTONIAN = """
dup_line_frac: 0.363
dup_n_grams:
- - 5
  - 0.172
- - 6
  - 1.08
language_score: 0.638
line_punct_thr: -1
max_avg_word_length: 13
max_non_alpha_words_ratio: 0.722
min_avg_word_length: 3
new_line_ratio: 0.213
stopwords:
- ja
- 'on'
- v\u00f5i
top_n_grams:
- - 2
  - 1.0
- - 3
  - 0.268
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for label, content in files.items():
        (folder / f"{label}.yml").write_text(content, "utf-8")
    return folder


def test_limits_and_words_are_taken_over(tmp_path: Path) -> None:
    imported = import_fineweb2(write(tmp_path / "configs", ekk_Latn=ESTONIAN), tmp_path / "out")
    assert (imported.files, imported.languages, imported.bounds, imported.stop_words) == (1, ["ekk_Latn"], 8, 3)
    language = load_language("ekk_Latn", tmp_path / "out")
    assert language.text.stop_words == {"ja", "on", "või"}
    limits = {name: (bound.minimum, bound.maximum) for name, bound in language.bounds.items()}
    assert limits["language_score"] == (0.638, None)
    assert limits["duplicate_line_ratio"] == (None, 0.363)
    assert limits["mean_word_length"] == (3, 13)
    assert limits["alphabetic_word_ratio"] == (0.722, None)
    assert limits["newline_word_ratio"] == (None, 0.213)
    assert limits["duplicate_5gram_char_ratio"] == (None, 0.172)
    assert limits["top_3gram_char_ratio"] == (None, 0.268)
    assert all("FineWeb-2" in (language.bounds[name].why or "") for name in ("mean_word_length", "language_score"))
    assert check_languages(tmp_path / "out") == []


def test_limits_that_cannot_bind_are_switched_off_and_told(tmp_path: Path) -> None:
    imported = import_fineweb2(write(tmp_path / "configs", ekk_Latn=ESTONIAN), tmp_path / "out")
    language = load_language("ekk_Latn", tmp_path / "out")
    assert not {"line_punctuation_ratio", "top_2gram_char_ratio", "duplicate_6gram_char_ratio"} & set(language.bounds)
    assert [(found.key, found.what) for found in imported.findings] == [
        ("line_punct_thr", CANNOT_BIND),
        ("top_n_grams.2", CANNOT_BIND),
        ("dup_n_grams.6", CANNOT_BIND),
    ]
    report = (tmp_path / "out" / "report.tsv").read_text("utf-8").splitlines()
    assert report[1] == f"ekk_Latn\tline_punct_thr\t{CANNOT_BIND}\t-1"


@pytest.mark.parametrize(
    ("content", "key", "what"),
    [
        ("short_line_thr: 0.67", "short_line_thr", NO_COUNTERPART),
        ("top_n_grams: [[7, 0.2]]", "top_n_grams.7", NO_COUNTERPART),
        ("dup_line_frac: much", "dup_line_frac", UNREADABLE),
        ("dup_line_frac: .nan", "dup_line_frac", UNREADABLE),
        ("dup_line_frac: 0", "dup_line_frac", CANNOT_BIND),
        ("new_line_ratio: yes", "new_line_ratio", UNREADABLE),
        ("top_n_grams: [[2, 0.2, 1]]", "top_n_grams", UNREADABLE),
        ("top_n_grams: 0.2", "top_n_grams", UNREADABLE),
        ("- a\n- list", "file", UNREADABLE),
        ("a: [", "file", UNREADABLE),
        ("stopwords: [ja, ei, no]", "stopwords", UNREADABLE),
        ("stopwords: [ja, ei, ei]", "stopwords", TWICE),
        ("stopwords: [ja, ei, Ta]", "stopwords", NOT_LOWER),
        ("stopwords: [ja, ei, vo\u0303i]", "stopwords", NOT_NFC),
        ('stopwords: [ja, ei, "،"]', "stopwords", NOT_A_WORD),
        ('stopwords: [ja, ei, "1990"]', "stopwords", NOT_A_WORD),
        ("stopwords: [ja, ei, དང་]", "stopwords", TRIMMED),
        ("stopwords: [ja]", "stopwords", FEW_WORDS),
    ],
)
def test_what_is_not_taken_over_as_it_is_is_told(tmp_path: Path, content: str, key: str, what: str) -> None:
    source = write(tmp_path / "configs", ekk_Latn=content, fin_Latn=ESTONIAN)
    found = [found for found in import_fineweb2(source, tmp_path / "out").findings if found.file == "ekk_Latn"]
    assert [(each.key, each.what) for each in found] == [(key, what)]
    assert check_languages(tmp_path / "out") == []


def test_labels_become_codes(tmp_path: Path) -> None:
    files = dict.fromkeys(("fas_Arab", "daf_Latn", "dnj_Latn", "que_Latn", "xyzzy"), ESTONIAN)
    imported = import_fineweb2(write(tmp_path / "configs", **files), tmp_path / "out")
    assert imported.languages == ["dnj_Latn", "pes_Arab"]
    told = {found.file: found.what for found in imported.findings if found.key == "label"}
    assert told == {"daf_Latn": SAME_CODE, "que_Latn": UNRESOLVED, "xyzzy": UNRESOLVED}
    assert "FineWeb-2 (Penedo et al. 2025), dnj_Latn:" in (tmp_path / "out" / "dnj_Latn.toml").read_text("utf-8")


def test_too_few_stop_words_do_not_reject_everything(tmp_path: Path) -> None:
    import_fineweb2(write(tmp_path / "configs", ekk_Latn="stopwords: [ja]"), tmp_path / "out")
    assert "stop_word_count" not in load_language("ekk_Latn", tmp_path / "out").bounds


def test_an_archive_gives_the_same_files(tmp_path: Path) -> None:
    source = write(tmp_path / "configs", ekk_Latn=ESTONIAN, fin_Latn=ESTONIAN)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(source, "configs")
    (tmp_path / "configs.tar.gz").write_bytes(archive.getvalue())
    import_fineweb2(source, tmp_path / "a")
    import_fineweb2(tmp_path / "configs.tar.gz", tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["ekk_Latn.toml", "fin_Latn.toml", "report.tsv"]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_wrong_sources_and_outputs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        import_fineweb2(tmp_path / "none", tmp_path / "out")
    with pytest.raises(ConfigError, match=r"holds no \.yml files"):
        import_fineweb2(write(tmp_path / "empty"), tmp_path / "out")
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ConfigError, match="not a tar archive"):
        import_fineweb2(tmp_path / "x.tar.gz", tmp_path / "out")
    source = write(tmp_path / "configs", ekk_Latn=ESTONIAN)
    import_fineweb2(source, tmp_path / "out")
    with pytest.raises(ConfigError, match="holds language files already"):
        import_fineweb2(source, tmp_path / "out")


@pytest.mark.realdata
def test_all_of_fineweb2(data_root: Path, tmp_path: Path) -> None:
    imported = import_fineweb2(data_root / "lexicon" / "fineweb2-configs.tar.gz", tmp_path)
    assert (imported.files, len(imported.languages)) == (1929, 1925)
    times = {(key, what): times for key, what, _, times, _ in imported.summary()}
    assert times["line_punct_thr", CANNOT_BIND] > 1600
    assert times["top_n_grams.2", CANNOT_BIND] > 800
    assert not [found for found in imported.findings if found.what in (UNRESOLVED, UNREADABLE, NO_COUNTERPART)]
    assert check_languages(tmp_path) == []
