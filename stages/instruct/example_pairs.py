"""Pairs that a prompt may show as solved examples."""

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from stages.augment.codes import folded
from stages.errors import ConfigError
from stages.resources import fingerprint, read_bytes

Examples = Mapping[tuple[str, str], tuple[tuple[str, str, str], ...]]
"""From the folded codes of two languages to (id, text, translation), in the order of the file."""


@dataclass(frozen=True)
class ExamplePairs:
    """A JSONL file (`.gz` too) of `{src, tgt, src_lang, tgt_lang, id}`; usable in both directions.

    It is a file of its own, and not the bitext at hand, so that a row never depends on which rows lie near it.
    """

    path: str | None

    def open(self) -> Examples:
        if self.path is None:
            return {}
        found: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
        data = read_bytes(self.path)
        lines = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8").splitlines()
        for number, line in enumerate(filter(str.strip, lines), start=1):
            try:
                pair = json.loads(line)
                source, target = folded(pair["src_lang"]), folded(pair["tgt_lang"])
                name, text, translation = str(pair.get("id", number)), str(pair["src"]), str(pair["tgt"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(
                    f"{self.path}: example {number} needs src, tgt, src_lang, tgt_lang as JSON: {error!r}"
                ) from None
            found[source, target].append((name, text, translation))
            found[target, source].append((name, translation, text))
        return {languages: tuple(pairs) for languages, pairs in found.items()}

    def fingerprint(self) -> str:
        return fingerprint(self.path) if self.path else ""
