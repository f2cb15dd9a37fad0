"""A small run directory, written by hand with the schemas of `stages.columns`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

from pipelines.rundir import RunDir
from stages.columns import (
    AUGMENTED,
    BITEXT,
    CLUSTERS,
    DECISIONS,
    DOCUMENTS,
    IDENTIFICATION,
    LEDGER,
    REJECTED,
    SIZES,
    SPANS,
)

SENTENCES = {
    "eng_Latn": ("English", "The river froze early that year, and the boats stayed in the harbour until April."),
    "ekk_Latn": ("Estonian", "Jõgi jäätus tol aastal vara ja paadid jäid sadamasse aprillini."),
    "arb_Arab": ("Standard Arabic", "تجمد النهر في وقت مبكر من ذلك العام وبقيت القوارب في الميناء."),
    "heb_Hebr": ("Hebrew", "הנהר קפא מוקדם באותה שנה והסירות נשארו בנמל עד אפריל."),
    "hin_Deva": ("Hindi", "उस साल नदी जल्दी जम गई और नावें अप्रैल तक बंदरगाह में रहीं।"),
    "tha_Thai": ("Thai", "ปีนั้นแม่น้ำเป็นน้ำแข็งเร็วและเรือจอดอยู่ในท่าจนถึงเดือนเมษายน"),
    "khm_Khmr": ("Khmer", "ឆ្នាំនោះទន្លេបានកកលឿន ហើយទូកនៅកំពង់ផែរហូតដល់ខែមេសា។"),
    "cmn_Hani": ("Mandarin Chinese", "那年河水早早结冰，船只一直停在港口，直到四月。"),
    "kor_Hang": ("Korean", "그해에는 강이 일찍 얼어서 배들은 사월까지 항구에 머물렀다."),
    "amh_Ethi": ("Amharic", "በዚያ ዓመት ወንዙ ቀደም ብሎ ቀዘቀዘ ጀልባዎቹም እስከ ሚያዝያ ወደብ ላይ ቆዩ።"),
    "rus_Cyrl": ("Russian", "В тот год река замёрзла рано, и лодки стояли в гавани до апреля."),
    "yor_Latn": ("Yoruba", "Odò náà di yìnyín ní kùtùkùtù ọdún yẹn, àwọn ọkọ̀ ojú omi sì dúró sí èbúté."),
    "und": ("Undetermined", "1234 5678 ◆◆◆ ▲▲ 99 %%% 000"),
}
HOSTILE = (
    "</script><script>alert(1)</script> \u202egnorw si siht\u202c \x1b[31m <img src=x onerror=alert(2)> & \x00 end"
)
BOUNDS = {
    "word_count": {"min": 40, "max": 100000, "why": "measured on 2,000 reference documents: 0.4 % are shorter"},
    "mean_word_length": {"min": 2.5, "max": 11, "why": None},
    "duplicate_line_ratio": {"min": None, "max": 0.3, "why": "Gopher, appendix A"},
    "language_score": {"min": 0.35, "max": None, "why": None},
}
OWNERS = {"language_score": "identify.fasttext", "duplicate_line_ratio": "quality.gopher_repetition"}
SIGNALS = pa.schema(
    [
        ("word_count", pa.int32()),
        ("mean_word_length", pa.float32()),
        ("symbol_ratio", pa.float32()),
        ("duplicate_line_ratio", pa.float32()),
        ("stop_word_count", pa.int32()),
        ("bullet_line_ratio", pa.float32()),
        ("ellipsis_line_ratio", pa.float32()),
        ("has_lorem_ipsum", pa.bool_()),
        ("url_listed", pa.bool_()),
        ("text_hash", pa.string()),
    ]
)
ANNOTATIONS = pa.schema(
    [
        pa.field("doc_id", pa.string()),
        pa.field("source", pa.string()),
        *IDENTIFICATION,
        *SIZES,
        pa.field("spans", SPANS),
        *SIGNALS,
    ]
)


@dataclass
class Rows:
    """Rows of each dataset, collected language by language."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    clusters: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    corpus: list[dict[str, Any]] = field(default_factory=list)


def document(code: str, number: int) -> dict[str, Any]:
    rng = np.random.default_rng([number, sum(map(ord, code))])
    text = "\n".join([SENTENCES[code][1]] * int(rng.lognormal(1.8, 1)) or ["short"])
    if number == 3:
        text += "\nwrite to anna@example.org"
    if number == 4:
        text = f"{HOSTILE}\n{text}"
    locator = f"{code}.jsonl#{number}"
    return {
        "doc_id": xxhash.xxh3_128_hexdigest(locator.encode()),
        "source_id": "shared-id" if number in (0, 1) and code == "eng_Latn" else f"{code}-{number}",
        "text": text,
        "source": ["news", "web", "wiki"][number % 3],
        "url": f"https://example.org/{code}/{number}",
        "licence": [None, "CC BY 4.0", "CC BY-SA 4.0"][number % 3],
        "language_claimed": code[:2],
        "locator": locator,
        "origin": "native",
        "language": code,
        "language_score": float(rng.beta(8, 1.2)),
        "language_second": "deu_Latn",
        "language_second_score": 0.05,
        "script": code.partition("_")[2] or "Zyyy",
    }


def annotation(row: dict[str, Any], number: int) -> dict[str, Any]:
    rng = np.random.default_rng([number, 7, len(row["text"])])
    at = row["text"].find("anna@")
    spans = [] if at < 0 else [{"start": at, "end": at + len("anna@example.org"), "kind": "email"}]
    return {
        **{name: row[name] for name in ("doc_id", "source", *IDENTIFICATION.names)},
        "characters": len(row["text"]),
        "text_bytes": len(row["text"].encode()),
        "spans": spans,
        "word_count": int(rng.lognormal(5, 1.3)),
        "mean_word_length": float(rng.normal(5.5, 1.4)) if number % 17 else float("nan"),
        "symbol_ratio": float(rng.beta(1, 30)),
        "duplicate_line_ratio": float(rng.beta(1, 8)) if number % 3 else 0.0,
        "stop_word_count": int(rng.lognormal(3, 1)),
        "bullet_line_ratio": float(rng.beta(1, 12)),
        "ellipsis_line_ratio": float(rng.beta(1, 40)) * 0.15,
        "has_lorem_ipsum": number == 9,
        "url_listed": False,
        "text_hash": xxhash.xxh3_128_hexdigest(row["text"].encode()),
    }


def bounds_of(code: str) -> dict[str, Any]:
    return {**BOUNDS, "word_count": {"min": 30, "max": None, "why": None}} if code == "ekk_Latn" else BOUNDS


def fate(measured: dict[str, Any]) -> dict[str, Any]:
    for column, bound in bounds_of(measured["language"]).items():
        value, low, high = measured[column], bound["min"], bound["max"]
        reason = f"{OWNERS.get(column, 'quality.gopher')}.{column}"
        shown = None if value != value else float(value)
        if low is not None and not value >= low:
            return {"keep": False, "reason": reason, "bound": f">= {low:g}", "value": shown}
        if high is not None and not value <= high:
            return {"keep": False, "reason": reason, "bound": f"<= {high:g}", "value": shown}
    return {"keep": True, "reason": None, "bound": None, "value": None}


def fill(rows: Rows, code: str, count: int) -> None:
    leader: str | None = None
    for number in range(count):
        row = document(code, number)
        measured = annotation(row, number)
        decided = fate(measured)
        member = number % 6 == 5 and leader is not None
        if decided["keep"] and member:
            decided = {
                "keep": False,
                "reason": "dedup.exact" if number % 4 else "dedup.minhash",
                "bound": "one of each cluster and language",
                "value": 2.0,
            }
        elif decided["keep"] and leader is None:
            leader = row["doc_id"]
        group = leader if member or row["doc_id"] == leader else row["doc_id"]
        rows.documents.append(row)
        rows.annotations.append(measured)
        together = {"doc_id": row["doc_id"], "cluster": group, "cluster_size": 1}
        rows.clusters.append({**together, "labelled_size": 1, "evidence": "minhash" if group == leader else None})
        survivor = leader if (decided["reason"] or "").startswith("dedup.") else None
        rows.decisions.append({**together, "language": code, "survivor": survivor, **decided})
        if decided["keep"] and number == 12:
            short = {"reason": "select.too_short", "bound": ">= 20", "value": 4.0, "text": "left"}
            names = ("doc_id", "source_id", "url", "source", "locator", "language")
            rows.rejected.append({**{name: row[name] for name in names}, **short})
        elif decided["keep"]:
            rows.corpus.append({**row, "text": row["text"].replace("anna@example.org", "<email>")})


def close_clusters(rows: Rows) -> None:
    """Name each cluster after its smallest doc_id and give every member its size."""
    groups: dict[str, list[str]] = {}
    for row in rows.clusters:
        groups.setdefault(row["cluster"], []).append(row["doc_id"])
    for row in [*rows.clusters, *rows.decisions]:
        members = groups[row["cluster"]]
        row["cluster"], row["cluster_size"] = min(members), len(members)


def counted(rows: Rows, mixture: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ledger, one row per document: the readers add up."""

    def count(
        step: str, language: str, source: str, flow: str, reason: str | None, size: int, tokens: int | None = None
    ):
        return {
            "step": step,
            "language": language,
            "source": source,
            "flow": flow,
            "reason": reason,
            "documents": 1,
            "characters": None,
            "bytes": size,
            "tokens": tokens,
        }

    ledger = []
    short = {row["doc_id"] for row in rows.rejected if row["reason"] == "select.too_short"}
    for row in [r for r in rows.rejected if r["reason"].startswith("ingest.")]:
        ledger += [count("ingest", "-", row["source"], flow, row["reason"], 10) for flow in ("in", "rejected")]
    unread = {**count("ingest", "-", "web", "in", None, 5000), "documents": None}
    ledger += [unread, {**unread, "flow": "quarantined", "reason": "ingest.truncated_gzip"}]
    for row, decided in zip(rows.documents, rows.decisions, strict=True):
        code, source, size = row["language"], row["source"], len(row["text"].encode())
        ledger += [count("ingest", "-", source, flow, None, size) for flow in ("in", "kept")]
        for step in ("annotate", "cluster"):
            ledger += [count(step, code, source, flow, None, size) for flow in ("in", "kept")]
        flow = "kept" if decided["keep"] else "rejected"
        ledger += [
            count("decide", code, source, "in", None, size),
            count("decide", code, source, flow, decided["reason"], size),
        ]
        if decided["keep"]:
            last = ("rejected", "select.too_short") if row["doc_id"] in short else ("kept", None)
            ledger += [count("select", code, source, "in", None, size), count("select", code, source, *last, size)]
    for row in rows.corpus[:40]:
        ledger += [
            count("augment.codeswitch", row["language"], "wiki", flow, None, 100) for flow in ("created", "kept")
        ]
    for row in mixture:
        flow = "repeated" if row["epoch"] else "in"
        ledger.append(count("mix.web", row["language"], row["source"], flow, None, 100, 50))
        ledger.append(count("mix.web", row["language"], row["source"], "kept", None, 100, 50))
    return ledger


def write(root: Path, path: str, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), target, row_group_size=50)


def write_run(root: Path, sizes: dict[str, int]) -> RunDir:
    rows = Rows()
    for code, count in sizes.items():
        fill(rows, code, count)
    close_clusters(rows)
    for number, reason in enumerate(["ingest.broken_header", "ingest.no_text", "ingest.no_text"]):
        identity = xxhash.xxh3_128_hexdigest(f"broken {number}".encode())
        known = {
            "doc_id": identity,
            "source": "web",
            "locator": f"pages.warc.gz@{number}",
            "language": "-",
            "reason": reason,
        }
        rows.rejected.append(
            {**known, "url": f"https://broken.example/{number}", "detail": f"no header: {HOSTILE}", "value": 10.0}
        )
    half = len(rows.documents) // 2
    for name, schema in (
        ("documents", DOCUMENTS),
        ("annotations", ANNOTATIONS),
        ("clusters", CLUSTERS),
        ("decisions", DECISIONS),
    ):
        for number, part in enumerate((getattr(rows, name)[:half], getattr(rows, name)[half:])):
            write(root, f"{name}/part-{number}.parquet", part, schema)
    write(root, "rejected/part-0.parquet", rows.rejected, REJECTED)
    for code in sizes:
        kept = [row for row in rows.corpus if row["language"] == code]
        if kept:
            write(root, f"corpus/language={code}/part-00000.parquet", kept, DOCUMENTS)
    mixture = [
        {**row, "phase": "main", "epoch": epoch}
        for row in rows.corpus
        for epoch in range(1 + (row["language"] == "yor_Latn"))
    ]
    schema = pa.schema([*DOCUMENTS, pa.field("phase", pa.string()), pa.field("epoch", pa.int32())])
    write(root, "mixture/web/part-00000.parquet", mixture, schema)
    write_small(root, rows, mixture)
    write(root, "ledger.parquet", counted(rows, mixture), LEDGER)
    (root / "run.json").write_text(json.dumps(record(sizes)), "utf-8")
    return RunDir(str(root))


def write_small(root: Path, rows: Rows, mixture: list[dict[str, Any]]) -> None:
    """Mixture shares, tokenizer statistics, a pair and a document made from another one."""
    shares, stats = [], []
    for index, code in enumerate(sorted({row["language"] for row in rows.corpus})):
        documents = sum(1 for row in mixture if row["language"] == code)
        planned = documents / len(mixture) + (0.0004 if index % 2 else -0.0004)
        known = {"source": "corpus", "language": code, "documents": documents, "epochs": 1.0, "available": 9000}
        sizes = {"planned": documents * 50 + 1, "realised": documents * 50}
        shares.append({**known, **sizes, "planned_share": planned, "realised_share": documents / len(mixture)})
        sums = {"documents": documents, "words": documents * 40, "tokens": documents * (50 + 9 * index)}
        stats.append({"language": code, **sums, "bytes": documents * 300, "unknown": 0})
    tokens = {"planned": len(mixture) * 50 + len(shares), "realised": len(mixture) * 50}
    phases = [{"phase": "main", **tokens, "shares": shares}]
    solved = {"tokens": tokens, "deviation": 0.0312, "phases": phases}
    (root / "mixture/web/_shares.json").write_text(json.dumps(solved), "utf-8")
    columns = [(name, pa.int64()) for name in ("documents", "words", "tokens", "bytes", "unknown")]
    write(root, "tokenizer/joint/stats.parquet", stats, pa.schema([("language", pa.string()), *columns]))
    pair = {
        "pair_id": "b" * 32,
        "source_id": "pair-1",
        "src": "water",
        "tgt": "vesi",
        "src_lang": "eng_Latn",
        "tgt_lang": "ekk_Latn",
    }
    write(root, "bitext/part-0.parquet", [{**pair, "source": "tatoeba", "locator": "t#1"}], BITEXT)
    made = {"doc_id": "a" * 32, "text": "The jõgi froze.", "language": "mul", "source": "wiki", "origin": "mixed"}
    parent = {"recipe": "augment.codeswitch", "derived_from": [rows.corpus[0]["doc_id"]], "backend": "lexicon 1"}
    write(root, "augmented/codeswitch/part-0.parquet", [{**made, **parent}], AUGMENTED)


def record(sizes: dict[str, int]) -> dict[str, Any]:
    steps = ("ingest", "annotate", "cluster.keys", "cluster", "decide", "select", "augment.codeswitch", "mix.web")
    languages = {code: {"name": SENTENCES.get(code, (code,))[0], "bounds": bounds_of(code)} for code in sizes}
    return {
        "babelmill": "0.1.0",
        "versions": {"python": "3.12.1", "pyarrow": "26.0.1"},
        "unicode": "15.1.0",
        "pipeline": {
            "name": "web",
            "path": "web.toml",
            "steps": [{"stage": "ingest.read", "options": {}}, {"stage": "quality.gopher", "options": {"top": 10}}],
        },
        "inputs": [{"uri": f"crawl/{code}.jsonl.gz", "bytes": 123456} for code in sizes],
        "languages": languages,
        "steps": [
            {
                "name": name,
                "stages": [name],
                "units": 4,
                "ran": 4,
                "seconds": 1.5,
                "documents": 10,
                "bytes": 10,
                "key": "",
            }
            for name in steps
        ],
        "quarantined": [
            {"step": "annotate", "unit": "part-9 (lao_Laoo)", "error": "ShardError: <b>broken</b> row group 3"}
        ],
        "started": "2026-03-01T10:00:00+00:00",
        "finished": "2026-03-01T10:02:05+00:00",
        "seconds": 125.4,
    }


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """Thirteen languages in ten scripts, every flow, several reasons, a tokenizer and a mixture."""
    sizes = {code: 400 // (index + 2) for index, code in enumerate(SENTENCES)}
    return write_run(tmp_path_factory.mktemp("run"), sizes)


@pytest.fixture
def write_synthetic() -> Any:
    """Writes a run of given languages and sizes, for tests that need another one."""
    return write_run
