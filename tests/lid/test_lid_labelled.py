"""What is trained on and what is held out: whole documents, sections of the only one, no sentence twice."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from pipelines.lid.labelled import code_of, read_labelled, sentences
from pipelines.lid.settings import Balance, Split
from pipelines.lid.train_text import examples
from stages.errors import ConfigError

Text = Callable[..., str]
Write = Callable[..., str]


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("et", "ekk_Latn"),
        ("est_Latn", "ekk_Latn"),
        ("zho_Hans", "cmn_Hani"),
        ("ber_Latn", "ber_Latn"),
        ("und_Latn", None),
        ("mul", None),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_labels_become_codes(label: str | None, code: str | None) -> None:
    assert code_of(label) == code


def test_every_language_has_text_in_every_part(labelled: str, codes: tuple[str, ...]) -> None:
    found = read_labelled([labelled], {}, Split())
    for part, documents in found.parts.items():
        assert {document.code for document in documents} == {*codes, "pps_Latn"}, part


def test_parts_share_no_document_and_no_sentence(labelled: str) -> None:
    parts = read_labelled([labelled], {}, Split()).parts.values()
    for one, two in combinations(parts, 2):
        assert not {d.name for d in one} & {d.name for d in two}
        assert not {(d.code, s) for d in one for s in sentences(d.text)} & {
            (d.code, s) for d in two for s in sentences(d.text)
        }


def test_a_sentence_that_is_held_out_is_trained_on_nowhere(tmp_path: Path, text: Text, write: Write) -> None:
    shared = "This sentence stands in every document."
    rows = [{"id": str(n), "text": f"{shared}\n{text('quc_Latn', n)}", "lang": "quc_Latn"} for n in range(10)]
    found = read_labelled([write(tmp_path / "a.jsonl", rows)], {}, Split())
    assert any(shared in document.text for document in found.parts["evaluate"])
    assert not any(shared in document.text for part in ("train", "calibrate") for document in found.parts[part])


def test_the_only_document_of_a_language_is_split_by_sections(labelled: str) -> None:
    found = read_labelled([labelled], {}, Split())
    names = {d.name.rpartition("/")[0] for part in found.parts.values() for d in part if d.code == "pps_Latn"}
    assert len(names) == 1


def test_other_documents_do_not_move_a_document(labelled: str, tmp_path: Path, text: Text, write: Write) -> None:
    more = write(tmp_path / "more.jsonl", [{"id": "x", "text": text("cak_Latn", 99), "lang": "cak_Latn"}])
    before = read_labelled([labelled], {}, Split()).parts["evaluate"]
    after = read_labelled([labelled, more], {}, Split()).parts["evaluate"]
    assert {d.name for d in before} <= {d.name for d in after}


def test_both_sides_of_pairs_and_columns_of_other_names_are_read(tmp_path: Path, text: Text, write: Write) -> None:
    pairs = [{"src": f"Good day {n}.", "tgt": f"Tere päev {n}.", "src_lang": "en", "tgt_lang": "et"} for n in range(5)]
    found = read_labelled([write(tmp_path / "pairs.jsonl", pairs)], {}, Split())
    assert found.codes() == ["ekk_Latn", "eng_Latn"]
    named = [{"body": text("quc_Latn", n), "locale": "quc_Latn"} for n in range(5)]
    path = write(tmp_path / "named.jsonl", named)
    assert read_labelled([path], {"text": "body", "language": "locale"}, Split()).codes() == ["quc_Latn"]


def test_what_is_left_out_is_counted(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "bad.jsonl"
    write(path, [{"text": "Tere", "lang": "et"}, {"text": "?", "lang": "und_Latn"}, {"text": "no label"}])
    with path.open("a") as stream:
        stream.write("{broken\n")
    found = read_labelled([str(path)], {}, Split())
    assert dict(found.left_out) == {"label und_Latn": 1, "no language": 1, "ingest.bad_json": 1}


def test_input_without_labels_is_an_error(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "unlabelled.jsonl", [{"text": "Tere"}])
    with pytest.raises(ConfigError, match=r"no labelled text in .*no language 1.*--field language"):
        read_labelled([path], {}, Split())


def test_small_languages_are_repeated_and_large_ones_cut(tmp_path: Path, text: Text, write: Write) -> None:
    rows = [{"text": text("quc_Latn", n, 60), "lang": "quc_Latn"} for n in range(10)]
    rows += [{"text": text("cak_Latn", n, 2), "lang": "cak_Latn"} for n in range(4)]
    documents = read_labelled([write(tmp_path / "a.jsonl", rows)], {}, Split()).parts["train"]
    sizes = {code: sum(len(d.text) for d in documents if d.code == code) for code in ("quc_Latn", "cak_Latn")}
    chosen = examples(documents, Balance(characters=20_000, temperature=0.3, repeats=3), 0)
    used = {code: sum(len(passage) for each, passage in chosen if each == code) for code in sizes}
    assert used["quc_Latn"] < 0.5 * sizes["quc_Latn"]
    assert 2.9 * sizes["cak_Latn"] <= used["cak_Latn"] <= 3.1 * sizes["cak_Latn"]
