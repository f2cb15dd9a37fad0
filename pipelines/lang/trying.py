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

from pipelines.inspect import Sample, describe
from pipelines.keys import plain
from pipelines.lang.edits import Change, bound_changes, confusable_changes, text_changes
from pipelines.lang.trial import KEPT, NOTHING, Amount, Trial
from pipelines.language_checks import cannot_be_met, cannot_bind, require_languages
from pipelines.languages import Bound, load_language, resolve_code
from pipelines.rundir import RunDir
from stages.columns import CLUSTERS, UNDETERMINED
from stages.corpus.fates import IDENTITY, MEMBERSHIP, Rule, decided, judged, rules, survivors
from stages.errors import ConfigError
from stages.identify.codes import listed, name_of
from stages.registry import nearest
from stages.text.language import LanguageText

WORDS = "word_count"
STRETCH, STRETCHES = 4096, 4
"""Rows of a stretch that samples are taken from, and how many stretches at least."""
FATE = ("doc_id", "reason", "bound", "value", "survivor")


def try_edit(
    run: RunDir, code: str, settings: Sequence[str] = (), lang_configs: str | None = None, samples: int = 20
) -> Trial:
    """Decide a language of a run again, with the bounds of its files and `settings` laid over them.

    `settings` are `COLUMN.min=NUMBER`, `COLUMN.max=NUMBER` or `COLUMN=off`. With settings and no `lang_configs` they
    are laid over the bounds that the run used. Raises `ConfigError` for a language that the run has no decisions on,
    and for files and settings that a run would refuse; a bound on what the run did not measure is only told.
    """
    language = resolve_code(code)
    stored = _Stored(run, language)
    edits: list[Change] = []
    bounds: Mapping[str, Bound] = stored.used
    confusable = stored.confusable
    stop_words = len(stored.text["stop_words"])
    if lang_configs is not None or not settings:
        found = load_language(language, lang_configs)
        if lang_configs is not None:
            require_languages(lang_configs, {*stored.schema.names, *found.bounds})
        bounds, confusable = found.bounds, found.confusable
        stop_words = len(found.text.stop_words)
        edits += text_changes(stored.text, plain(found.text))
    bounds = with_settings(bounds, settings, stored.numeric, stop_words)
    edits += [*confusable_changes(stored.confusable, confusable), *bound_changes(stored.used, bounds)]
    limits = rules(bounds, stored.owners, confusable)
    part = stored.judged(limits)
    after = decided(part, survivors([part]), limits, language)
    sizes = part.select([name for name in ("characters", "text_bytes", WORDS) if name in part.column_names])
    return _compared(stored, edits, bounds, after, sizes, samples)


def with_settings(
    bounds: Mapping[str, Bound], settings: Sequence[str], columns: Sequence[str], stop_words: int
) -> dict[str, Bound]:
    """Bounds with `COLUMN.min=NUMBER`, `COLUMN.max=NUMBER` and `COLUMN=off` laid over them.

    Raises `ConfigError` for a setting that would be refused in the file of a language with so many stop words.
    """
    found = dict(bounds)
    of_column: dict[str, list[str]] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.removeprefix("bounds.").partition("="))
        column, _, side = key.partition(".")
        if column == "text" or column in LanguageText.__dataclass_fields__:
            raise ConfigError(
                f"--set {setting}: documents are measured with it, so only a run can tell; save it, and run"
            )
        if column not in columns:
            raise ConfigError(f"--set {setting}: the run did not measure {column!r}{nearest(column, columns)}")
        of_column.setdefault(column, []).append(setting)
        if (side, value) == ("", "off"):
            found.pop(column, None)
            continue
        if side not in ("min", "max") or not _is_number(value):
            raise ConfigError(f"--set {setting}: give {column}.min=NUMBER, {column}.max=NUMBER or {column}=off")
        low, high = (float(value), None) if side == "min" else (None, float(value))
        if problem := cannot_bind(Bound(column, low, high)):
            raise ConfigError(f"--set {setting}: {problem}")
        before = found.get(column, Bound(column))
        minimum = before.minimum if low is None else low
        maximum = before.maximum if high is None else high
        found[column] = Bound(column, minimum, maximum, "--set")
    for column, given in of_column.items():  # only now, because two settings may move a bound together
        if column in found and (problem := cannot_be_met(found[column], stop_words)):
            raise ConfigError(f"{' '.join(f'--set {setting}' for setting in given)}: {problem}")
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
        table = self._rows("decisions", ["doc_id", "keep", "reason", "cluster", "cluster_size"])
        if not table.num_rows:
            known = sorted({row["language"] for row in self.run.query("SELECT DISTINCT language FROM decisions")})
            hint = f"it has text in {listed(known)}" if known else "it decided nothing"
            raise ConfigError(f"{self.run.uri}: no decisions on {self.language!r}, {name_of(self.language)}; {hint}")
        return table

    def fates(self, rows: np.ndarray) -> pa.Table:
        """What was decided on some of the documents."""
        told = self._rows("decisions", ["bound", "value", "survivor"]).take(pa.array(rows))
        known = self.decisions.select(["doc_id", "reason"]).take(pa.array(rows))
        return pa.table({name: (known if name in known.column_names else told).column(name) for name in FATE})

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
    def confusable(self) -> frozenset[str]:
        """The confusable languages that the run used."""
        return self.run.confusable(self.language)

    @cached_property
    def text(self) -> Mapping[str, Any]:
        """What the language was annotated with."""
        _ = self.decisions  # raises for a language that the run has nothing of
        return dict(self.run.record["languages"][self.language]["text"])

    def told(self, fate: Mapping[str, Any]) -> dict[str, Any]:
        """A fate as `inspect.describe` reads it."""
        return {**fate, "language": self.language, "detail": None, "text": None}

    def judged(self, limits: Sequence[Rule]) -> pa.Table:
        """`fates.judged` of every document, beside `decisions`, with its number of words where that was measured.

        The columns that rules read are held for one batch at a time.
        """
        names = [*IDENTITY, "text_hash", WORDS, *(column for limit in limits for column in limit.columns)]
        measured = [name for name in dict.fromkeys(names) if name in self.schema.names]
        words = [WORDS] if WORDS in measured else []
        membership = self._membership()
        parts = []
        for batch in self._language("annotations").to_batches(columns=measured):
            table = pa.Table.from_batches([batch])
            part = judged(table, limits, None)
            parts.append(pa.table({**_columns(part), **_columns(table.select(words))}))
        return pa.table({**_columns(self._beside(pa.concat_tables(parts))), **_columns(membership)})

    def _membership(self) -> pa.Table:
        """Clusters beside `decisions`; who is labelled matters to undetermined text only."""
        if self.language == UNDETERMINED and self.run.files("clusters"):
            return self.beside("clusters", ["doc_id", *MEMBERSHIP]).drop_columns("doc_id")
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
        """Columns of another dataset, `doc_id` among them, row for row the documents of `decisions`."""
        return self._beside(self._rows(folder, columns))

    def _beside(self, table: pa.Table) -> pa.Table:
        wanted, found = (each.column("doc_id") for each in (self.decisions, table))
        return table if found.equals(wanted) else table.take(pc.index_in(wanted, value_set=found))

    def _rows(self, folder: str, columns: list[str]) -> pa.Table:
        return self._language(folder).to_table(columns=columns)

    def _language(self, folder: str) -> ds.Dataset:
        """A dataset without other languages; all of one that does not tell them apart.

        A row group is of one language, so those that may hold it hold nothing else.
        """
        dataset = self.dataset(folder)
        if "language" not in dataset.schema.names:
            return dataset
        own = pc.field("language") == self.language
        parts = [fragment.subset(own) for fragment in dataset.get_fragments(own)]
        parts = [part for part in parts if part.row_groups]
        return ds.FileSystemDataset(parts, dataset.schema, dataset.format, dataset.filesystem)

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


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))


def _compared(
    stored: _Stored,
    edits: Sequence[Change],
    bounds: Mapping[str, Bound],
    after: pa.Table,
    sizes: pa.Table,
    samples: int,
) -> Trial:
    was, now = (pc.fill_null(table.column("reason"), KEPT) for table in (stored.decisions, after))
    kept = pc.equal(was, KEPT).to_numpy(), pc.equal(now, KEPT).to_numpy()
    gained, lost = np.flatnonzero(~kept[0] & kept[1]), np.flatnonzero(kept[0] & ~kept[1])
    other = pc.not_equal(was, now).to_numpy() & ~kept[0] & ~kept[1]
    tokenizer = stored.tokenizer
    rate = tokenizer[1] if tokenizer else None
    fates = stored.fates(gained) if len(gained) else after.slice(0, 0)
    chosen = _chosen(fates, gained, samples), _chosen(after.take(pa.array(lost)), lost, samples)
    described = describe(stored.run, [stored.told(row) for row in (*chosen[0], *chosen[1])])
    return Trial(
        language=stored.language,
        run=stored.run.uri,
        documents=after.num_rows,
        edits=tuple(edits),
        unmeasured=tuple(sorted(set(bounds) - set(stored.schema.names))),
        before=_ledger(was, sizes, rate),
        after=_ledger(now, sizes, rate),
        newly_kept=_amount(sizes.take(pa.array(gained)), rate),
        newly_rejected=_amount(sizes.take(pa.array(lost)), rate),
        other_reason=int(other.sum()),
        too_short_at_most=_perhaps_too_short(stored, gained),
        tokenizer=tokenizer[0] if tokenizer else None,
        kept_samples=tuple(described[: len(chosen[0])]),
        rejected_samples=tuple(_explained(sample, bounds) for sample in described[len(chosen[0]) :]),
    )


def _amount(sizes: pa.Table, rate: float | None) -> Amount:
    everything = pa.chunked_array([pa.repeat(KEPT, sizes.num_rows)])
    nothing = replace(
        NOTHING,
        words=0 if WORDS in sizes.column_names else None,
        tokens=None if rate is None else 0,
    )
    return _ledger(everything, sizes, rate).get(KEPT, nothing)


def _ledger(reasons: pa.ChunkedArray, sizes: pa.Table, rate: float | None) -> dict[str, Amount]:
    """Sums by reason; `rate` is tokens per byte."""
    measured = [(name, "sum") for name in sizes.column_names]
    sums = (
        sizes.append_column("reason", reasons)
        .group_by("reason", use_threads=False)
        .aggregate([("reason", "count"), *measured])
    )
    return {
        row["reason"]: Amount(
            row["reason_count"],
            row["characters_sum"],
            row["text_bytes_sum"],
            row.get(f"{WORDS}_sum"),
            None if rate is None else round(row["text_bytes_sum"] * rate),
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


def _chosen(fates: pa.Table, rows: np.ndarray, count: int) -> list[dict[str, Any]]:
    """Documents with the smallest doc_id, which is a hash, of every reason in turn; `rows` are their places.

    They come from a few stretches of the dataset, because the text of a document is read with that of its neighbours.
    """
    if not len(rows) or not count:
        return []
    stretch = rows // STRETCH
    names, first = np.unique(stretch, return_index=True)
    order = np.argsort(np.array(fates.column("doc_id").take(pa.array(first)).to_pylist()))
    sizes = np.bincount(np.searchsorted(names, stretch))[order]
    enough = max(STRETCHES, int(np.searchsorted(sizes.cumsum(), count)) + 1)
    near = fates.filter(pa.array(np.isin(stretch, names[order[:enough]])))
    picked: list[tuple[int, dict[str, Any]]] = []
    for reason in pc.unique(near.column("reason")).to_pylist():
        alike = near.filter(pc.equal(near.column("reason"), reason)).select(FATE)
        smallest = pc.select_k_unstable(alike, count, [("doc_id", "ascending")])
        picked += enumerate(alike.take(smallest).to_pylist())
    picked.sort(key=lambda item: (item[0], item[1]["doc_id"]))
    return [row for _, row in picked[:count]]


def _explained(sample: Sample, bounds: Mapping[str, Bound]) -> Sample:
    """A sample with the reason for the bound as it would be; what described it knows those of the run."""
    bound = bounds.get(sample.reason.rpartition(".")[2])
    return replace(sample, why=bound.why if bound is not None else None)
