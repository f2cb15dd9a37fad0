"""The central claim: after any edits, a run holds the bytes that a run from scratch would have written."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import parquet
from pipelines.gc import collect
from pipelines.run import run
from pipelines.steps import annotate, cluster, ingest
from pipelines.verify import verify
from tests.files import digests

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"
ALL = sorted(path.name for path in SAMPLE.glob("*.jsonl"))
LANGUAGES = ("deu_Latn", "ekk_Latn", "rus_Cyrl", "und")


@pytest.fixture(scope="module", autouse=True)
def _small_shards() -> Iterator[None]:
    """Many units, row groups, batches and partitions of little data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.run._write_report", lambda *_: None)  # nothing here looks at it
        patch.setattr(ingest, "SMALL_FILE", 1 << 13)
        patch.setattr(annotate, "BATCH_BYTES", 1 << 13)
        patch.setattr(cluster, "PARTITION_KEYS", 1 << 9)
        patch.setattr(parquet, "ROW_GROUP_BYTES", 1 << 13)
        yield


class Bench:
    """An input folder, language files and options that edits change."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self.chance = root, chance
        self.input, self.configs = root / "in", root / "langs"
        self.input.mkdir(parents=True)
        self.configs.mkdir()
        for name in chance.sample(ALL, 12):
            shutil.copy2(SAMPLE / name, self.input)
        self.settings = {"bpe.vocab_size": "600"}

    def edit(self) -> str:
        kind = self.chance.choice(
            ("add", "remove", "change", "touch", "bound", "words", "unset", "option", "shard", "rename")
        )
        present = sorted(path.name for path in self.input.iterdir())
        code = self.chance.choice(LANGUAGES)
        if kind == "add":
            shutil.copy2(SAMPLE / self.chance.choice(ALL), self.input / f"{self.chance.randrange(99):02d}.jsonl")
        elif kind == "remove" and len(present) > 2:
            (self.input / self.chance.choice(present)).unlink()
        elif kind == "change":
            path = self.input / self.chance.choice(present)
            lines = path.read_bytes().splitlines(keepends=True)
            self.chance.shuffle(lines)
            path.write_bytes(b"".join(lines[: max(1, len(lines) - self.chance.randrange(3))]))
        elif kind == "touch":
            (self.input / self.chance.choice(present)).touch()
        elif kind == "rename":
            path = self.input / self.chance.choice(present)
            path.rename(path.with_name(f"a b@{self.chance.randrange(99)} é.jsonl"))
        elif kind == "bound":
            bound = f'[bounds.word_count]\nmin = {self.chance.choice((5, 30, 5000))}\nwhy = "a test"\n'
            (self.configs / f"{code}.toml").write_text(bound)
        elif kind == "words":
            (self.configs / f"{code}.toml").write_text('[text]\nstop_words = ["und", "ja", "и"]\n')
        elif kind == "unset":
            (self.configs / f"{code}.toml").unlink(missing_ok=True)
        elif kind == "option":
            key = self.chance.choice(
                ("dedup.minhash.seed", "select.minimum_characters", "normalize.unicode.repair_mojibake", "mix.seed")
            )
            value = {"normalize.unicode.repair_mojibake": ("true", "false")}.get(key, ("0", "20", "21"))
            self.settings[key] = self.chance.choice(value)
        elif kind == "shard":
            self.settings["shard_bytes"] = self.chance.choice(("65536", "268435456"))
        return kind

    def run(self, output: Path) -> int:
        return run(
            "pretrain",
            str(output),
            inputs=[str(self.input)],
            lang_configs=str(self.configs),
            settings=[f"{key}={value}" for key, value in self.settings.items()],
            engine="inline",
            quiet=True,
        ).status


@pytest.mark.parametrize("seed", range(3))
def test_any_edits_lead_to_the_bytes_of_a_run_from_scratch(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    bench = Bench(tmp_path, chance)
    kept = tmp_path / "kept"
    assert bench.run(kept) == 0
    history: list[str] = []
    for number in range(6):
        history += [bench.edit() for _ in range(chance.randint(1, 2))]
        assert bench.run(kept) == 0, history
        scratch = tmp_path / f"scratch{number}"
        assert bench.run(scratch) == 0
        assert digests(kept) == digests(scratch), history
        assert verify(str(kept)) == [], history
        if chance.random() < 0.2:
            collect(str(kept))
            history.append("gc")
