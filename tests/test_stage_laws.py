"""What holds for every stage of kind `annotate`, whatever it measures."""

import pickle
from dataclasses import MISSING, fields
from typing import Any

import pyarrow as pa
import pytest

from stages.columns import DOCUMENTS
from stages.registry import Stage, configure, load_stages
from stages.text.batch import TextBatch
from stages.text.language import LanguageText

OPTIONS: dict[str, dict[str, Any]] = {
    "datatrove.filter": {
        "use": "datatrove.pipeline.filters.gopher_repetition_filter.GopherRepetitionFilter",
        "options": {"dup_line_frac": 0.3},
    },
}
"""Options of stages that cannot do without."""

TEXTS = [
    "The quick brown fox jumps over the lazy dog. It barks; the fox doesn't care.\n\nNothing else happened.",
    "",
    " \n\t\n ",
    "कल मेल आया। मूल बात यह है कि बच्चे स्कूल गए।",
    "ប្រទេសកម្ពុជាស្ថិតនៅអាស៊ីអាគ្នេយ៍។\nប្រជាជនរស់នៅ។",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "今天天气很好。我们去公园吧！",
    "أكتب إلى name@example.org أو +372 5555 1234 اليوم.",
    "አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት።",
    "한국어 문장입니다. 또 하나 있습니다.",
    "\x00\x01\x1b[31m nul\x00l \ufffe\uffff \u200d\u200b\u0301\u0301",
    "😀👨‍👩‍👧‍👦🇪🇪" * 300,
    "same words again and again " * 200,
    "{" * 300 + "…" * 300 + "#" * 300,
    "line\u2028separator\x0cform\x85next\r\nend",
    "x" * 1_000_000,
    "@" * 2000 + "1.2.3.4." * 500 + "+1 " * 500 + ":" * 2000,
]


def documents(texts: list[str | None]) -> pa.RecordBatch:
    filled = {
        "language": "und",
        "language_score": 0.0,
        "language_second_score": 0.0,
        "script": "Zyyy",
        "origin": "native",
    }
    rows = [
        {"doc_id": f"{number:032x}", "text": text, "source": "laws", "locator": str(number), **filled}
        for number, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in DOCUMENTS]))


def annotators() -> list[Stage]:
    return [found for found in load_stages().values() if found.kind == "annotate"]


def run(found: Stage, texts: list[str | None], code: str = "und") -> pa.RecordBatch:
    config = configuration(found)
    resources = {name: resource.open() for name, resource in found.resources(config).items()}
    written = found.function(TextBatch(documents(texts), LanguageText(code=code)), config, **resources)
    assert isinstance(written, pa.RecordBatch)
    return written


def configuration(found: Stage) -> Any:
    needed = [f.name for f in fields(found.config) if f.default is MISSING and f.default_factory is MISSING]
    options = OPTIONS.get(found.name, {})
    if set(needed) - set(options):
        pytest.fail(f"{found.name} needs {needed}: give the laws an example in OPTIONS")
    return configure(found, options, "laws")


each_annotator = pytest.mark.parametrize("found", annotators(), ids=lambda found: found.name)


@each_annotator
def test_schema_is_what_the_stage_declares(found: Stage) -> None:
    written = run(found, list(TEXTS))
    assert written.schema == found.writes(configuration(found))
    assert written.num_rows == len(TEXTS)


@each_annotator
def test_an_empty_batch_has_the_same_schema(found: Stage) -> None:
    written = run(found, [])
    assert written.schema == found.writes(configuration(found))
    assert written.num_rows == 0


@each_annotator
def test_a_null_text_reads_as_empty(found: Stage) -> None:
    assert run(found, [None, "a"]).equals(run(found, ["", "a"]))


@each_annotator
def test_rows_do_not_depend_on_each_other(found: Stage) -> None:
    """Neither on where batches are cut nor on the order of rows."""
    together = run(found, list(TEXTS)).to_pylist()
    alone = [row for text in TEXTS for row in run(found, [text]).to_pylist()]
    backwards = run(found, list(reversed(TEXTS))).to_pylist()[::-1]
    assert repr(alone) == repr(together)  # as text, so that NaN equals NaN
    assert repr(backwards) == repr(together)


@each_annotator
def test_input_is_left_as_it_was(found: Stage) -> None:
    config = configuration(found)
    rows, before = documents(list(TEXTS)), documents(list(TEXTS))
    resources = {name: resource.open() for name, resource in found.resources(config).items()}
    found.function(TextBatch(rows, LanguageText()), config, **resources)
    assert rows.equals(before)


@each_annotator
def test_spans_are_ascending_ranges_of_the_text(found: Stage) -> None:
    written = run(found, list(TEXTS))
    for name in written.schema.names:
        if not name.endswith("_spans"):
            continue
        for text, spans in zip(TEXTS, written.column(name).to_pylist(), strict=True):
            assert spans == sorted(spans, key=lambda span: (span["start"], span["end"]))
            assert all(0 <= span["start"] < span["end"] <= len(text) and span["kind"] for span in spans)


@each_annotator
def test_configuration_and_resources_survive_pickling(found: Stage) -> None:
    config = configuration(found)
    assert pickle.loads(pickle.dumps(config)) == config
    for resource in found.resources(config).values():
        copy = pickle.loads(pickle.dumps(resource))
        assert copy.fingerprint() == resource.fingerprint()
        assert hash(copy) == hash(resource), "a worker keeps opened resources by their hash"


@each_annotator
def test_documentation_names_every_column(found: Stage) -> None:
    document = found.function.__doc__ or ""
    assert found.summary.endswith("."), "a docstring begins with one sentence"
    assert "Reads:" in document
    assert "Writes:" in document
    for name in found.writes(configuration(found)).names:
        # numbered families are shown by their first and last, columns named by an option by their ending
        shown = name in document or "gram_char_ratio ..." in document or f"<into>_{name.rpartition('_')[2]}" in document
        assert shown, f"the docstring of {found.name} does not name {name}"


@each_annotator
def test_sketches_do_not_depend_on_the_language(found: Stage) -> None:
    if found.name.startswith("dedup."):
        assert run(found, list(TEXTS), "khm_Khmr").equals(run(found, list(TEXTS)))
