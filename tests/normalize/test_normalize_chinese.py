"""`normalize.chinese`: one variant of Chinese, and nothing else touched."""

import pickle
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
import pytest

from pipelines.run import run
from stages.normalize.chinese import ChineseConverter, NormalizeChinese, convert_chinese


def convert(text: str, to: Literal["hans", "hant"]) -> str:
    return convert_chinese(text, NormalizeChinese(to=to), ChineseConverter(to).open())


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("漢語的頭髮和發展", "hans", "汉语的头发和发展"),
        ("汉语的头发和发展", "hant", "漢語的頭髮和發展"),
        ("皇后在后面", "hant", "皇后在後面"),
        ("汉语", "hans", "汉语"),
        ("漢語課 (Chinese)", "hans", "汉语课 (Chinese)"),
        ("東京都へ行くのは国の学校の先生です", "hans", "東京都へ行くのは国の学校の先生です"),
        ("漢字 한국어 문장입니다", "hans", "漢字 한국어 문장입니다"),
        ("The word 漢語 is Chinese.", "hans", "The word 漢語 is Chinese."),
        ("漢\ud83d", "hans", "漢\ud83d"),
        ("漢\x00語", "hans", "汉\x00语"),
        ("", "hant", ""),
    ],
)
def test_conversions(text: str, to: Literal["hans", "hant"], expected: str) -> None:
    assert convert(text, to) == expected
    assert convert(convert(text, to), to) == expected


def test_a_converter_is_part_of_the_key() -> None:
    converter = ChineseConverter("hans")
    assert pickle.loads(pickle.dumps(converter)) == converter
    assert converter.fingerprint() != ChineseConverter("hant").fingerprint()


def test_a_pipeline_stores_one_variant(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "漢語的頭髮和發展，今天天氣很好。"}\n', "utf-8")
    (tmp_path / "own.toml").write_text(
        'name = "own"\n'
        + "".join(
            f'[[step]]\nstage = "{name}"\n'
            for name in ("ingest.read", "normalize.unicode", "normalize.chinese", "identify.fasttext", "quality.gopher")
        ),
        "utf-8",
    )
    finished = run(
        str(tmp_path / "own.toml"), str(tmp_path / "out"), inputs=[str(tmp_path / "in.jsonl")], engine="inline"
    )
    assert finished.status == 0
    texts = pq.read_table(tmp_path / "out" / "documents").column("text").to_pylist()
    assert texts == ["汉语的头发和发展，今天天气很好。"]
