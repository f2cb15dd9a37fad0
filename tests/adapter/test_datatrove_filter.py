"""datatrove's own filters through the adapter."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stages.adapter.datatrove_filter import NAME, DatatroveFilter, OpenFilter, datatrove_filter
from stages.adapter.splitter import Splitter, splitter
from stages.errors import ConfigError, ShardError
from stages.registry import _STAGES
from stages.text.batch import TextBatch
from stages.text.language import LanguageText
from stages.text.segmentation import segment

FILTERS = "datatrove.pipeline.filters."
TEXTS = ("Tere, maailm!", "Koer magab toas ja kass istub aknal. " * 20, "นกสีฟ้าบินข้ามแม่น้ำ " * 12, "")


def batch(*texts: str, language: str = "ekk_Latn") -> TextBatch:
    rows = pa.RecordBatch.from_pylist(
        [
            {
                "doc_id": f"{index:032x}",
                "text": text,
                "language": language,
                "url": "https://x.test/a",
                "meta": '{"k": 1}',
            }
            for index, text in enumerate(texts)
        ],
        schema=pa.schema([(name, pa.string()) for name in ("doc_id", "text", "language", "url", "meta")]),
    )
    return TextBatch(rows, LanguageText(code=language))


def answers(config: DatatroveFilter, *texts: str) -> list[dict[str, Any]]:
    opened = {name: resource.open() for name, resource in _STAGES[NAME].resources(config).items()}
    return list(datatrove_filter(batch(*texts), config, **opened).to_pylist())


@pytest.mark.parametrize(
    ("name", "options", "keep", "reason"),
    [
        ("C4ParagraphFilter", {}, [0, 0, 0, 0], "< 3 paragraphs"),
        ("GopherQualityFilter", {"min_stop_words": 0, "min_doc_words": 9}, [0, 1, 1, 0], "gopher_short_doc"),
        ("RegexFilter", {"regex_exp": "maailm"}, [0, 1, 1, 1], None),
        ("FineWebQualityFilter", {"short_line_thr": 2, "char_duplicates_ratio": 1}, [1, 0, 0, 0], None),
    ],
)
def test_filters(name: str, options: dict[str, Any], keep: list[int], reason: str | None) -> None:
    found = answers(DatatroveFilter(use=FILTERS + name, options=options, into="it"), *TEXTS)
    assert [row["it_keep"] for row in found] == keep
    assert found[0]["it_reason"] == reason


def test_columns_take_the_name_of_the_class() -> None:
    config = DatatroveFilter(use=FILTERS + "C4ParagraphFilter")
    schema = datatrove_filter(batch(), config, opened=OpenFilter(None, None)).schema
    assert schema.names == ["c4_paragraph_filter_keep", "c4_paragraph_filter_reason"]
    assert schema == _STAGES[NAME].writes(config)


def test_drawn_numbers_depend_on_the_document_alone() -> None:
    config = DatatroveFilter(use=FILTERS + "SamplerFilter", options={"rate": 0.5}, into="it")
    texts = [str(number) for number in range(200)]
    whole = [row["it_keep"] for row in answers(config, *texts)]
    assert 70 < sum(whole) < 130
    assert [row["it_keep"] for row in answers(config, *texts[:50])] == whole[:50]


def test_splitter_stands_in_for_a_word_tokenizer() -> None:
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    ours = splitter()
    ours.current = segment("One, two. Three", LanguageText())
    assert load_word_tokenizer(ours) is ours
    assert ours.word_tokenize("One, two. Three") == ["One", ",", "two", ".", "Three"]
    assert ours.sent_tokenize("One, two. Three") == ["One, two.", "Three"]
    assert ours.span_tokenize("One, two. Three") == [(0, 9), (10, 15)]
    assert Splitter().word_tokenize("another text") == ["another", "text"]


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "own_filters.py").write_text(
        "from datatrove.pipeline.filters.base_filter import BaseFilter\n"
        "class Estonian(BaseFilter):\n"
        "    name = 'own'\n"
        "    def __init__(self, wanted):\n"
        "        super().__init__()\n"
        "        self.wanted = wanted\n"
        "    def filter(self, doc):\n"
        "        if not doc.text: raise ValueError('no text')\n"
        "        return doc.metadata == self.wanted, 'other metadata'\n"
        "class NeedsMore(Estonian):\n"
        "    _requires_dependencies = ['no_such_package']\n"
    )
    (tmp_path / "own_broken.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("own_filters", "own_broken"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("own_module")
def test_metadata_and_errors_of_a_users_own_filter() -> None:
    wanted = {
        "k": 1,
        "url": "https://x.test/a",
        "language": "et",
        "language_script": "Latn",
        "language_code": "ekk_Latn",
    }
    config = DatatroveFilter(use="own_filters.Estonian", options={"wanted": wanted}, into="own")
    assert answers(config, "tekst") == [{"own_keep": 1, "own_reason": None}]
    with pytest.raises(ShardError, match=r"own_filters.Estonian failed on document 0+1: no text"):
        answers(config, "tekst", "")


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("use", "options", "message"),
    [
        (
            FILTERS + "GopherQualityFiltr",
            {},
            "has no BaseFilter 'GopherQualityFiltr'; did you mean 'GopherQualityFilter'",
        ),
        (
            FILTERS + "GopherQualityFilter",
            {"min_docwords": 3},
            "unknown option 'min_docwords'; did you mean 'min_doc_words'",
        ),
        (FILTERS + "RegexFilter", {}, "the option 'regex_exp' has no default; set it"),
        (FILTERS + "RegexFilter", {"regex_exp": "("}, "cannot be made with"),
        ("datatrove.pipeline.formatters.PIIFormatter", {}, "PIIFormatter is no BaseFilter$"),
        ("nowhere.Filter", {}, "there is no module 'nowhere'; `use` is an import path as"),
        ("Filter", {}, "there is no module ''"),
        ("own_filters.NeedsMore", {"wanted": 1}, "install `no_such_package`"),
        ("own_broken.Any", {}, "needs no_such_package; install it with `pip install no_such_package`"),
        (FILTERS + "LanguageFilter", {}, "insists on another fastText"),
    ],
)
def test_wrong_configuration(use: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        answers(DatatroveFilter(use=use, options=options), "x")


def test_a_tokenizer_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datatrove.utils._import_utils._is_package_available", lambda name: name != "spacy")
    config = DatatroveFilter(use=FILTERS + "GopherQualityFilter", splitter="datatrove")
    resource = _STAGES[NAME].resources(config)["opened"]
    for use_it in (resource.open, resource.fingerprint):
        with pytest.raises(ConfigError, match=r"install `spacy`.*then babelmill splits"):
            use_it()


def test_into_is_a_column_name() -> None:
    with pytest.raises(ValueError, match="into must be a column name"):
        DatatroveFilter(use="x", into="No Name")
