"""What an edit of a language's bounds would change in a run: its annotations are decided again, no text is read.

The rules and the choice of survivors are those of `pipelines.steps.decide`, so the ledger of the next run moves by what
is said here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.edits import Change, bound_changes, text_changes
from pipelines.inspect import Sample, describe
from pipelines.keys import plain
from pipelines.languages import Bound, load_language, resolve_code
from pipelines.rundir import RunDir
from pipelines.trial import KEPT, NOTHING, Amount, Trial
from stages.columns import CLUSTERS, UNDETERMINED
from stages.corpus.fates import IDENTITY, MEMBERSHIP, Rule, decided, judged, rules, survivors
from stages.errors import ConfigError
from stages.registry import nearest
from stages.text.language import LanguageText

WORDS = "word_count"
FATE = ("reason", "bound", "value", "survivor")


def try_edit(
    run: RunDir, code: str, settings: Sequence[str] = (), lang_configs: str | None = None, samples: int = 20
) -> Trial:
    """Decide a language of a run again, with the bounds of its files and `settings` laid over them.

    `settings` are `COLUMN.min=NUMBER`, `COLUMN.max=NUMBER` or `COLUMN=off`. With settings and no `lang_configs` they
    are laid over the bounds that the run used. Raises `ConfigError` for a language that the run has no decisions on.
    """
    language = resolve_code(code)
    stored = _Stored(run, language)
    edits: list[Change] = []
    bounds: Mapping[str, Bound] = stored.used
    if lang_configs is not None or not settings:
        found = load_language(language, lang_configs)
        bounds = found.bounds
        edits += text_changes(stored.text, plain(found.text))
    bounds = with_settings(bounds, settings, stored.numeric)
    edits += bound_changes(stored.used, bounds)
    limits = rules(bounds, stored.owners)
    part = stored.judged(limits)
    after = decided(part, survivors([part]), limits, language)
    return _compared(stored, edits, bounds, after, samples)


def with_settings(bounds: Mapping[str, Bound], settings: Sequence[str], columns: Sequence[str]) -> dict[str, Bound]:
    """Bounds with `COLUMN.min=NUMBER`, `COLUMN.max=NUMBER` and `COLUMN=off` laid over them."""
    found = dict(bounds)
    for setting in settings:
        key, _, value = (part.strip() for part in setting.removeprefix("bounds.").partition("="))
        column, _, side = key.partition(".")
        if column == "text" or column in LanguageText.__dataclass_fields__:
            raise ConfigError(
                f"--set {setting}: documents are measured with it, so only a run can tell; save it, and run"
            )
        if column not in columns:
            raise ConfigError(f"--set {setting}: the run did not measure {column!r}{nearest(column, columns)}")
        if (side, value) == ("", "off"):
            found.pop(column, None)
            continue
        if side not in ("min", "max") or not _is_number(value):
            raise ConfigError(f"--set {setting}: give {column}.min=NUMBER, {column}.max=NUMBER or {column}=off")
        before = found.get(column, Bound(column))
        minimum = float(value) if side == "min" else before.minimum
        maximum = float(value) if side == "max" else before.maximum
        found[column] = Bound(column, minimum, maximum, "--set")
    return found


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class _Stored:
    """What a run holds of one language."""

    run: RunDir
    language: str

    @cached_property
    def decisions(self) -> pa.Table:
        """The rows of `decisions`, in their order."""
        table = self._rows("decisions", ["doc_id", "keep", *FATE, "cluster", "cluster_size"])
        if table is None or not table.num_rows:
            known = sorted({row["language"] for row in self.run.query("SELECT DISTINCT language FROM decisions")})
            hint = nearest(self.language, known) if known else "; it decided nothing"
            raise ConfigError(f"{self.run.uri}: no decisions on {self.language!r}{hint}")
        return table.combine_chunks()

    @cached_property
    def owners(self) -> dict[str, str]:
        """The stage that measured each column, in column order."""
        owners = dict.fromkeys(self.schema.names, "annotate")
        for step in self.run.record["pipeline"]["steps"]:
            owners |= {column: step["stage"] for column in step["columns"] if column in owners}
        return owners

    @cached_property
    def schema(self) -> pa.Schema:
        return self.dataset("annotations").schema

    @cached_property
    def numeric(self) -> list[str]:
        """Columns that a bound can name."""
        return [f.name for f in self.schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]

    @cached_property
    def used(self) -> dict[str, Bound]:
        """The bounds that the run used."""
        found = self.run.bounds(self.language)
        return {name: Bound(name, bound["min"], bound["max"], bound["why"]) for name, bound in found.items()}

    @cached_property
    def text(self) -> Mapping[str, Any]:
        """What the language was annotated with."""
        return dict(self.run.record["languages"][self.language]["text"])

    def judged(self, limits: Sequence[Rule]) -> pa.Table:
        """`decide.judged` of every document, beside `decisions`."""
        hashed = ["text_hash"] if "text_hash" in self.schema.names else []
        names = [*IDENTITY, *hashed, *(limit.column for limit in limits)]
        annotations = self.beside("annotations", list(dict.fromkeys(names)))
        return judged(annotations, limits, self._membership())

    def measured(self, name: str) -> np.ndarray | None:
        """A column of the annotations as numbers, beside `decisions`; None where it was not measured."""
        if name not in self.schema.names:
            return None
        column = self.beside("annotations", ["doc_id", name]).column(name)
        return np.asarray(pc.fill_null(column, 0).to_numpy())

    def _membership(self) -> pa.Table:
        """Clusters beside `decisions`; who is labelled matters to undetermined text only."""
        if self.language == UNDETERMINED and self.run.files("clusters"):
            return self.beside("clusters", ["doc_id", *MEMBERSHIP])
        table = self.decisions
        count = table.num_rows
        return pa.table(
            [
                table.column("cluster"),
                table.column("cluster_size"),
                pa.array(np.zeros(count, np.int32)),
                pa.nulls(count, pa.string()),
            ],
            schema=pa.schema([pa.field(name, CLUSTERS.field(name).type) for name in MEMBERSHIP]),
        )

    def beside(self, folder: str, columns: list[str]) -> pa.Table:
        """Columns of another dataset, row for row the documents of `decisions`."""
        table = self._rows(folder, columns)
        wanted = self.decisions.column("doc_id")
        if table.column("doc_id").combine_chunks() == wanted.combine_chunks():
            return table
        return table.take(pc.index_in(wanted, value_set=table.column("doc_id").combine_chunks()))

    def _rows(self, folder: str, columns: list[str]) -> pa.Table:
        dataset = self.dataset(folder)
        own = pc.field("language") == self.language if "language" in dataset.schema.names else None
        return dataset.to_table(columns=columns, filter=own)

    def dataset(self, folder: str) -> ds.Dataset:
        """A dataset of the run; ConfigError where it has none."""
        if folder not in self._datasets:
            self._datasets[folder] = self.run.dataset(folder)
        found = self._datasets[folder]
        if found is None:
            raise ConfigError(f"{self.run.uri}: no {folder}; `lang try` needs a run that decides, as of `pretrain`")
        return found

    @cached_property
    def _datasets(self) -> dict[str, ds.Dataset | None]:
        return {}

    @cached_property
    def tokenizer(self) -> tuple[str, float] | None:
        """The first tokenizer whose statistics have the language, and its tokens per byte."""
        for name in self.run.parts("tokenizer"):
            stats = self.run.dataset(f"tokenizer/{name}")
            if stats is None or not {"language", "tokens", "bytes"} <= set(stats.schema.names):
                continue
            rows = stats.to_table(["tokens", "bytes"], filter=pc.field("language") == self.language).to_pylist()
            if rows and rows[0]["bytes"]:
                return name, rows[0]["tokens"] / rows[0]["bytes"]
        return None


def _compared(
    stored: _Stored, edits: Sequence[Change], bounds: Mapping[str, Bound], after: pa.Table, samples: int
) -> Trial:
    words = stored.measured(WORDS)
    sizes = after.select(["characters", "text_bytes"])
    sizes = sizes if words is None else sizes.append_column("words", pa.array(words))
    was, now = stored.decisions.column("keep").to_numpy(), after.column("keep").to_numpy()
    reasons = [table.column("reason").fill_null(KEPT) for table in (stored.decisions, after)]
    moved = pc.not_equal(*reasons).to_numpy()
    gained, lost = np.flatnonzero(now & ~was), np.flatnonzero(was & ~now)
    token_rate = stored.tokenizer
    return Trial(
        language=stored.language,
        run=stored.run.uri,
        documents=after.num_rows,
        edits=tuple(edits),
        unmeasured=tuple(sorted(set(bounds) - set(stored.schema.names))),
        before=_ledger(reasons[0], sizes, token_rate),
        after=_ledger(reasons[1], sizes, token_rate),
        newly_kept=_amount(sizes.take(gained), token_rate),
        newly_rejected=_amount(sizes.take(lost), token_rate),
        other_reason=int((moved & ~now & ~was).sum()),
        too_short_at_most=_perhaps_too_short(stored, gained),
        tokenizer=token_rate[0] if token_rate else None,
        kept_samples=_samples(stored, stored.decisions.take(gained), samples, stored.used),
        rejected_samples=_samples(stored, after.take(lost), samples, bounds),
    )


def _amount(sizes: pa.Table, token_rate: tuple[str, float] | None) -> Amount:
    return next(iter(_ledger(pa.chunked_array([pa.repeat(KEPT, sizes.num_rows)]), sizes, token_rate).values()), NOTHING)


def _ledger(reasons: pa.ChunkedArray, sizes: pa.Table, token_rate: tuple[str, float] | None) -> dict[str, Amount]:
    """Sums by reason."""
    sums = (
        sizes.append_column("reason", reasons)
        .group_by("reason")
        .aggregate([("reason", "count"), *((name, "sum") for name in sizes.column_names)])
    )
    return {
        row["reason"]: Amount(
            row["reason_count"],
            row["characters_sum"],
            row["text_bytes_sum"],
            row.get("words_sum"),
            round(row["text_bytes_sum"] * token_rate[1]) if token_rate else None,
        )
        for row in sums.to_pylist()
    }


def _perhaps_too_short(stored: _Stored, rows: np.ndarray) -> int:
    """Documents that keep fewer characters outside their spans than `select` asks for; 0 where nothing selects."""
    config = next(
        (step["options"] for step in stored.run.record["pipeline"]["steps"] if step["stage"] == "select"), None
    )
    if config is None or not len(rows):
        return 0
    table = stored.beside("annotations", ["doc_id", "characters", "spans"]).take(pa.array(rows))
    spans = table.column("spans").combine_chunks()
    inside = np.zeros(table.num_rows)
    parts = pc.list_flatten(spans)
    length = pc.subtract(pc.struct_field(parts, "end"), pc.struct_field(parts, "start")).to_numpy()
    np.add.at(inside, pc.list_parent_indices(spans).to_numpy(), length)
    return int((table.column("characters").to_numpy() - inside < config["minimum_characters"]).sum())


def _samples(stored: _Stored, rows: pa.Table, count: int, bounds: Mapping[str, Bound]) -> tuple[Sample, ...]:
    """Documents with the smallest doc_id, which is a hash, of every reason in turn."""
    picked = []
    for reason in pc.unique(rows.column("reason")).to_pylist():
        of_reason = rows.filter(pc.equal(rows.column("reason"), reason))
        first = pc.select_k_unstable(of_reason, count, [("doc_id", "ascending")])
        picked += list(enumerate(of_reason.take(first).select(["doc_id", *FATE]).to_pylist()))
    picked.sort(key=lambda item: (item[0], item[1]["doc_id"]))
    fates = [{**row, "language": stored.language, "detail": None, "text": None} for _, row in picked[:count]]
    found = describe(stored.run, fates)
    return tuple(replace(sample, why=_why(sample.reason, bounds)) for sample in found)


def _why(reason: str, bounds: Mapping[str, Bound]) -> str | None:
    bound = bounds.get(reason.rpartition(".")[2])
    return bound.why if bound is not None else None
