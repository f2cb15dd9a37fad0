"""Pairs of sentences as tables."""

import pyarrow as pa

from stages.columns import BITEXT


def bitext(*pairs: tuple[str, str, str, str]) -> pa.RecordBatch:
    """One row for each source, target and their codes."""
    rows = [
        {
            "pair_id": f"{index:032x}",
            "source_id": f"s{index}",
            "src": src,
            "tgt": tgt,
            "src_lang": src_lang,
            "tgt_lang": tgt_lang,
            "source": "test",
            "licence": "CC0",
            "locator": f"pairs.jsonl#{index}",
        }
        for index, (src, tgt, src_lang, tgt_lang) in enumerate(pairs)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=BITEXT)
