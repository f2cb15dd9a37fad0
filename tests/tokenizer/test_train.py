"""Tokenizers: the same bytes on every machine, every script back as it was, small samples without a crash."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import sentencepiece
from tokenizers import Tokenizer

from stages.errors import ConfigError, ShardError
from stages.registry import configure, find_stage
from stages.tokenizer.audit import STATS, Audit
from stages.tokenizer.count import load_tokenizer
from stages.tokenizer.sentencepiece_model import LINE, sentences
from stages.tokenizer.train import TrainTokenizer, groups, train

SCRIPTS = {
    "eng_Latn": "The ferry leaves at seven in the morning, and nobody waits for late guests.",
    "tha_Thai": "เรือข้ามฟากออกเจ็ดโมงเช้า และไม่มีใครรอแขกที่มาสาย",
    "khm_Khmr": "សាឡាងចេញដំណើរនៅម៉ោងប្រាំពីរព្រឹក ហើយគ្មាននរណារង់ចាំភ្ញៀវយឺតទេ",
    "arb_Arab": "تغادر العبّارة في السابعة صباحًا، ولا أحد ينتظر الضيوف المتأخرين.",
    "pes_Arab": "کشتی ساعت هفت می‌رود و هیچ‌کس منتظر نمی‌ماند.",
    "hin_Deva": "नाव सुबह सात बजे निकलती है और देर से आने वालों का कोई इंतज़ार नहीं करता।",
    "amh_Ethi": "ጀልባው ከጠዋቱ በሰባት ሰዓት ይነሳል፤ የዘገዩ እንግዶችን ማንም አይጠብቅም።",
    "kor_Hang": "배는 아침 일곱 시에 떠나고 늦은 손님은 아무도 기다리지 않는다.",
    "zho_Hans": "渡船早上七点出发,没有人等迟到的客人。",
}
TEXTS = [f"{text} {number}\n{text[::-1]}" for number in range(12) for text in SCRIPTS.values()]
ROUND_TRIPS = [
    *SCRIPTS.values(),
    "👨‍👩‍👧‍👦 ❤️‍🔥 🇪🇪 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "  two  spaces\tand\n\n\nlines \r\n and an end  ",
    "<s> no token </s> 𐤀𐤁 1234567 \x00 \u200d",
    "x" * 1_000,
    "",
]
ALGORITHMS = ("bpe", "unigram", "sentencepiece_bpe")


def trained(tmp_path, texts=TEXTS, **options):
    return train(texts, TrainTokenizer(**{"vocab_size": 700, "character_coverage": 1.0, **options}), tmp_path)


def decode(files, ids):
    if "tokenizer.model" in files:
        return sentencepiece.SentencePieceProcessor(model_proto=files["tokenizer.model"]).decode(ids)
    return Tokenizer.from_str(files["tokenizer.json"].decode()).decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_script_comes_back(tmp_path, algorithm):
    files = trained(tmp_path, algorithm=algorithm)
    counter = load_tokenizer(files)
    encoded = counter.encode_batch(ROUND_TRIPS)
    assert counter.count(ROUND_TRIPS) == [len(ids) for ids in encoded]
    for text, ids in zip(ROUND_TRIPS, encoded, strict=True):
        assert decode(files, ids) == text
        assert all(0 <= token < counter.vocab_size for token in ids)
        assert not counter.unknown & set(ids)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_bytes_do_not_depend_on_threads_or_repetition(algorithm):
    found = {
        fingerprint(algorithm, threads, parallel)
        for threads, parallel in (("1", "true"), ("2", "true"), ("2", "false"))
    }
    assert len(found) == 1


def fingerprint(algorithm, threads, parallel):
    """Hash of the files that a fresh process makes."""
    environment = {
        **os.environ,
        "RAYON_NUM_THREADS": threads,
        "TOKENIZERS_PARALLELISM": parallel,
        "OMP_NUM_THREADS": threads,
    }
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    done = subprocess.run(
        [sys.executable, __file__, algorithm],
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_order_of_texts_does_not_matter_to_byte_bpe(tmp_path):
    assert trained(tmp_path) == trained(tmp_path, texts=TEXTS[::-1])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_vocabulary_that_cannot_be_filled_is_smaller(tmp_path, algorithm):
    files = trained(tmp_path, texts=["tere tulemast koju"] * 3, algorithm=algorithm, vocab_size=50_000)
    record = json.loads(files["training.json"])
    assert record["vocab_size"] < 400
    assert any("50000 asked" in note for note in record["notes"])
    assert load_tokenizer(files).vocab_size == record["vocab_size"]


def test_too_many_characters_become_bytes(tmp_path):
    rare = ["".join(map(chr, range(0x4F00 + n * 100, 0x4F00 + n * 100 + 100))) for n in range(30)]
    texts = [*rare, *(["一二三 一三 二三二"] * 25_000)]
    files = trained(tmp_path, texts=texts, algorithm="unigram", vocab_size=400, character_coverage=0.9995)
    assert any("character_coverage" in note for note in json.loads(files["training.json"])["notes"])


def test_an_empty_sample(tmp_path):
    with pytest.raises(ShardError, match="no text"):
        trained(tmp_path, texts=["", " \n"], algorithm="unigram")
    assert json.loads(trained(tmp_path, texts=[])["training.json"])["vocab_size"] == 260


def test_a_sample_that_sentencepiece_refuses(tmp_path):
    texts = ["".join(map(chr, range(0x4E00, 0x4E00 + 3_000)))]
    with pytest.raises(ShardError, match="raise vocab_size to at least 3"):
        trained(tmp_path, texts=texts, algorithm="unigram", vocab_size=300, character_coverage=1.0)


@pytest.mark.parametrize("algorithm", ["unigram", "sentencepiece_bpe"])
def test_json_and_model_agree(tmp_path, algorithm):
    files = trained(tmp_path, algorithm=algorithm)
    texts = [line for text in TEXTS for line in text.split("\n")]
    model = load_tokenizer({"tokenizer.model": files["tokenizer.model"]})
    converted = load_tokenizer({"tokenizer.json": files["tokenizer.json"]})
    same = [a == b for a, b in zip(model.encode_batch(texts), converted.encode_batch(texts), strict=True)]
    assert sum(same) >= 0.99 * len(texts)
    assert model.vocab_size == converted.vocab_size
    assert model.byte_tokens == converted.byte_tokens
    assert len(model.byte_tokens) == 128


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_special_tokens_have_ids_and_are_not_read_in_text(tmp_path, algorithm):
    tokens = ("<unk>", "<s>", "</s>", "<|user|>")
    files = trained(tmp_path, algorithm=algorithm, special_tokens=tokens)
    vocabulary = Tokenizer.from_str(files["tokenizer.json"].decode()).get_vocab()
    assert sorted(vocabulary[token] for token in tokens) == [0, 1, 2, 3]
    assert not {0, 1, 2, 3} & set(load_tokenizer(files).encode_batch(["a <|user|> b </s>"])[0])


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("single", ["1", "2", "3", "4"]), ("triple", ["123", "4"]), ("none", ["1234"])],
)
def test_digits(tmp_path, digits, expected):
    texts = ["1234 123 234"] * 50
    serialised = trained(tmp_path, texts=texts, digits=digits)["tokenizer.json"].decode()
    assert Tokenizer.from_str(serialised).encode("1234").tokens == expected


def test_words_of_all_scripts_stay_whole(tmp_path):
    split = Tokenizer.from_str(trained(tmp_path)["tokenizer.json"].decode()).pre_tokenizer.pre_tokenize_str
    for text in ("हिन्दी", "ភាសាខ្មែរ", "می‌خواهم", "สวัสดี", "❤️‍🔥"):
        assert len(split(text)) == 1
    assert [len(piece.encode()) for piece, _ in split("a" * 300)] == [128, 128, 44]


def test_nfc_is_for_text_from_elsewhere(tmp_path):
    tokenizer = Tokenizer.from_str(trained(tmp_path, nfc=True)["tokenizer.json"].decode())
    assert tokenizer.encode("e\u0301").ids == tokenizer.encode("é").ids


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "unigram", "nfc": True}, "no NFC rule"),
        ({"algorithm": "unigram", "digits": "triple"}, "one by one"),
        ({"special_tokens": ["<s>", "<s>"]}, "empty or repeated"),
        ({"languages": []}, "languages is empty"),
        ({"algorithm": "wordpiece"}, "algorithm of tokenizer.train"),
        ({"vocab_size": 10}, "vocab_size of tokenizer.train"),
        ({"vocabsize": 1000}, "did you mean 'vocab_size'"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        configure(find_stage("tokenizer.train", "here"), options, "here")


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ("joint", {"t": ("est_Latn", "tha_Thai")}),
        ("each", {"t-est_Latn": ("est_Latn",), "t-tha_Thai": ("tha_Thai",)}),
        (("tha_Thai",), {"t": ("tha_Thai",)}),
    ],
)
def test_groups(languages, expected):
    assert groups(TrainTokenizer(name="t", languages=languages), ["tha_Thai", "est_Latn"]) == expected


def test_a_listed_language_must_be_there():
    with pytest.raises(ConfigError, match="no text of lao_Laoo; it has: tha_Thai"):
        groups(TrainTokenizer(languages=("lao_Laoo",)), ["tha_Thai"])


def test_no_tokenizer_among_the_files():
    with pytest.raises(ConfigError, match=r"among: training\.json"):
        load_tokenizer({"training.json": b"{}"})


def test_sentences_are_lines_cut_to_length():
    text = "a\r\n\n " + "ก" * (LINE + 5) + "\0"
    assert list(sentences(text)) == ["a", " " + "ก" * (LINE - 1), "ก" * 6]


def test_audit(tmp_path):
    counter = load_tokenizer(trained(tmp_path))
    parts = [
        Audit().add(language, [text], 10, counter.encode_batch([text]), counter) for language, text in SCRIPTS.items()
    ]
    forward, backward = Audit(), Audit()
    for part in parts:
        forward, backward = forward.merge(part), part.merge(backward)
    table = forward.merge(Audit().add("xxx_Latn", [""], 0, [[]], counter)).finish()
    assert table.schema == STATS
    assert backward.finish() == forward.finish()
    rows = {row["language"]: row for row in table.to_pylist()}
    assert rows["xxx_Latn"]["fertility"] is None
    assert rows["xxx_Latn"]["bytes_per_token"] is None
    for language, text in SCRIPTS.items():
        tokens = counter.count([text])[0]
        assert rows[language]["fertility"] == tokens / 10
        assert rows[language]["bytes_per_token"] == len(text.encode()) / tokens
        assert rows[language]["unknown_ratio"] == 0
    assert rows["eng_Latn"]["byte_token_ratio"] == 0
    assert Audit().finish().schema == STATS


@pytest.mark.realdata
def test_declarations_of_human_rights_come_back(tmp_path, data_root):
    path = data_root / "mono" / "udhr" / "udhr_preamble_art1-20.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    files = trained(tmp_path, texts=texts, vocab_size=4_000)
    ids = load_tokenizer(files).encode_batch(texts)
    assert len(texts) > 400
    assert all(decode(files, one) == text for one, text in zip(ids, texts, strict=True))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = trained(Path(folder), algorithm=sys.argv[1])
    print({name: hashlib.sha256(content).hexdigest() for name, content in sorted(made.items())})
