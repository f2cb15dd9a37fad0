"""Kernels equal their references on all Universal Declarations, and the comparison would see if they did not."""

from pathlib import Path
from typing import Any

import pytest

from infra.benchmarks import kernel_agreement
from infra.benchmarks.documents import Document, grouped, read_documents
from infra.benchmarks.kernel_agreement import compare, results_table, shortened

COMPARED = {
    "segments.words",
    "segments.lines",
    "segments.characters",
    "dedup words",
    "quality.gopher",
    "quality.repetition",
    "quality.fineweb",
    "quality.c4",
    "quality.c4 (2)",
    "quality.composition",
    "quality.lists",
    "pii.find",
}
DOCUMENTS = [Document("a", "One line.\n\nOne line.\nMail a@b.org! 今天天气", "eng_Latn"), Document("b", "", "eng_Latn")]


@pytest.mark.realdata
def test_kernels_equal_their_references_on_every_declaration(data_root: Path) -> None:
    """The first 3,000 characters of each; `python -m infra.benchmarks.kernel_agreement` compares the whole."""
    documents = read_documents([str(data_root / "mono" / "udhr" / "*.jsonl.gz")])
    assert len({document.label for document in documents}) >= 461
    results = compare(grouped(shortened(documents, 3000)))
    assert set(results) >= COMPARED
    assert {result.documents for result in results.values()} == {len(documents)}
    assert {name: result.different for name, result in results.items() if result.different} == {}


def test_everything_with_a_reference_is_compared() -> None:
    results = compare(grouped(DOCUMENTS))
    assert set(results) >= COMPARED
    assert all((result.documents, result.different) == (2, []) for result in results.values())
    assert results_table(results).row_count == len(results)


@pytest.mark.parametrize("wrong", sorted(COMPARED))
def test_a_kernel_that_is_wrong_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(function: Any) -> Any:
        return lambda batch: [*function(batch)[:-1], "wrong"]

    chosen = [one for one in kernel_agreement.comparisons() if one.name == wrong]
    changed = [kernel_agreement.Comparison(one.name, broken(one.compiled), one.plain) for one in chosen]
    monkeypatch.setattr(kernel_agreement, "comparisons", lambda: changed)
    assert compare(grouped(DOCUMENTS))[wrong].different == ["b"]


def test_documents_are_cut_by_characters() -> None:
    assert [document.text for document in shortened([Document("a", "été"), Document("b", "x")], 2)] == ["ét", "x"]
    assert [document.text for document in shortened([Document("a", "été")], 0)] == ["été"]
