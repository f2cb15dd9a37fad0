"""The commands `babelmill lid train`, `calibrate` and `evaluate`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.lid.settings import OTHERS, UND_RATE, Balance, Split, Training
from stages.errors import ConfigError

if TYPE_CHECKING:
    from pipelines.lid.evaluate import Evaluation
    from pipelines.lid.measures import Quality

lid_app = typer.Typer(
    help="Language identification: train a model, calibrate a combination, evaluate them.", no_args_is_help=True
)

OUT = Console(markup=False, highlight=False)

_SPLIT, _TRAINING = Split(), Training()

SHOWN = 25
"""Rows of the longest tables; the JSON file has all."""

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or globs of labelled text.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=COLUMN", help="Where your columns are called otherwise, as language=locale."),
]
Members = Annotated[
    list[str] | None,
    typer.Option(
        "--member",
        metavar="NAME",
        help="Other members: lid.176, cld2 (these two are the default), or a fastText model; in this order.",
    ),
]
Rate = Annotated[
    float,
    typer.Option("--und-rate", min=0.0, max=0.5, help="Share of the text that is calibrated with that may become und."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Which documents are held out, and fastText's seed.")]


@lid_app.command("train")
def lid_train(
    inputs: Inputs,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="model.bin, or model.ftz: quantised.")],
    fields: Fields = None,
    members: Members = None,
    evaluate: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share held out for `lid evaluate`.")
    ] = _SPLIT.evaluate,
    calibrate: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="Share kept for the calibration.")
    ] = _SPLIT.calibrate,
    hold_out: Annotated[
        int, typer.Option("--hold-out", metavar="N", min=0, help="Languages left out, to measure `und` on them.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=1)] = _TRAINING.epochs,
    dimension: Annotated[int, typer.Option(min=2)] = _TRAINING.dimension,
    buckets: Annotated[int, typer.Option(min=1)] = _TRAINING.buckets,
    characters: Annotated[
        int, typer.Option(min=1, help="Of text of all languages in an epoch.")
    ] = _TRAINING.balance.characters,
    und_rate: Rate = UND_RATE,
    seed: Seed = _SPLIT.seed,
) -> None:
    """Train a fastText model of every language of the input, and calibrate its combination with other identifiers.

    The same input gives the same bytes: fastText runs on one thread.
    """
    from pipelines.lid.train import train

    balance = Balance(characters=characters)
    made = train(
        inputs,
        output,
        fields=_mapping(fields or []),
        split=Split(evaluate, calibrate, seed),
        training=Training(epochs=epochs, dimension=dimension, buckets=buckets, balance=balance),
        others=members or OTHERS,
        hold_out=hold_out,
        und_rate=und_rate,
    )
    seconds = ", ".join(f"{name} {value:.0f} s" for name, value in made.seconds.items())
    OUT.print(f"{made.codes} languages, {made.documents:,} documents: {seconds}", soft_wrap=True)
    if made.held_out:
        OUT.print(f"held out: {' '.join(made.held_out)}", soft_wrap=True)
    OUT.print(f"wrote {made.model} and {made.calibration}; in a pipeline:", soft_wrap=True)
    OUT.print(_step([*(members or OTHERS), str(made.model)], str(made.calibration)), soft_wrap=True)


@lid_app.command("calibrate")
def lid_calibrate(
    inputs: Inputs,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The calibration, a .json file.")],
    fields: Fields = None,
    members: Members = None,
    und_rate: Rate = UND_RATE,
    seed: Seed = _SPLIT.seed,
) -> None:
    """Calibrate a combination of identifiers that are trained already, on all text of the input."""
    from pipelines.lid.train import calibrate_members, output_path

    path = output_path(output)
    calibration = calibrate_members(
        inputs, fields=_mapping(fields or []), names=members or OTHERS, seed=seed, und_rate=und_rate
    )
    path.write_text(calibration.to_json(), "utf-8")
    OUT.print(f"wrote {path}; in a pipeline:", soft_wrap=True)
    OUT.print(_step(members or OTHERS, str(path)), soft_wrap=True)


@lid_app.command("evaluate")
def lid_evaluate(
    inputs: Inputs,
    model: Annotated[str, typer.Option("--model", "-m", metavar="FILE", help="The model that `lid train` wrote.")],
    fields: Fields = None,
    members: Members = None,
    output: Annotated[str, typer.Option("--json", metavar="FILE", help="Write everything as JSON, too.")] = "",
) -> None:
    """Evaluate identifiers, a trained model and their combination on text that the model was not trained on."""
    from pipelines.lid.evaluate import evaluate as measure

    found = measure(inputs, model, fields=_mapping(fields or []), others=members or OTHERS)
    for table in _tables(found):
        OUT.print(table)
    if output:
        Path(output).write_text(json.dumps(found.as_dict(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _mapping(fields: Sequence[str]) -> dict[str, str]:
    pairs = [field.partition("=") for field in fields]
    for name, equals, column in pairs:
        if not (name and equals and column):
            raise ConfigError(f"--field {name}{equals}{column}: give NAME=COLUMN, as in --field language=locale")
    return {name: column for name, _, column in pairs}


def _step(members: Sequence[str], calibration: str) -> str:
    return (
        f'[[step]]\nstage = "identify.combined"\nmembers = {json.dumps(list(members))}\n'
        f"calibration = {json.dumps(calibration)}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _tables(found: "Evaluation") -> list[Table | str]:
    """What is printed of an evaluation; shares in percent."""
    shown: list[Table | str] = [f"evaluated on {found.note}"]
    for level, by_name in found.levels.items():
        table = Table("identifier", "accuracy", "macro-F1", "of those it knows", "answered", "ECE", "MB/s", title=level)
        for name, each in by_name.items():
            own = found.known[level].get(name)
            shares = (each.accuracy, each.macro_f1, each.macro_f1 if own is None else own, each.answered)
            speed = f"{found.speeds[name]:.1f}" if level == "documents" else ""
            table.add_row(name, *map(_percent, shares), f"{each.calibration_error:.3f}", speed)
        first = next(iter(by_name.values()))
        table.caption = f"{first.texts:,} texts, {len(first.f1)} languages"
        shown.append(table)
    shown += [
        _accuracies("characters", {f"from {length}": row for length, row in found.lengths.items()}),
        _accuracies("source (sentences)", found.sources),
    ]
    for level, rows in found.worse.items():
        title = f"{level}: {len(rows)} languages where the combination is worse than the best single identifier"
        table = Table("language", "F1", "best single", "its F1", title=title)
        for code, f1, name, best in rows[:SHOWN]:
            table.add_row(code, _percent(f1), name, _percent(best))
        shown += [table, f"all {len(rows)}: {' '.join(row[0] for row in rows)}"]
    table = Table("language", "taken for", "texts", "share", title="most frequent confusions of the combination")
    for true, code, count, share in found.confusions[:SHOWN]:
        table.add_row(true, code, str(count), _percent(share))
    shown.append(table)
    table = Table("confusable group", "texts", "accuracy", "of the group", title="confusable groups")
    for group in found.groups:
        table.add_row(
            " ".join(group.codes), str(group.texts), _percent(group.accuracy), _percent(group.accuracy_of_group)
        )
    return [*shown, table, _abstentions(found)]


def _abstentions(found: "Evaluation") -> Table:
    table = Table("text of ≥ 200 characters", "languages", "texts", "und", "mean of languages", title="abstention")
    for label, each in (("in known languages", found.known_text), ("in languages held out", found.unknown)):
        if each is not None:
            shares = (each.undetermined, each.mean_of_languages)
            table.add_row(label, str(each.languages), f"{each.texts:,}", *map(_percent, shares))
    return table


def _accuracies(title: str, rows: "dict[str, dict[str, Quality]]") -> Table:
    names = list(next(iter(rows.values()), {}))
    table = Table(title, "texts", *names, title=f"accuracy by {title.partition(' ')[0]}")
    for key, by_name in rows.items():
        shares = [by_name[name].accuracy for name in names]
        table.add_row(key, f"{by_name[names[0]].texts:,}", *map(_percent, shares))
    return table
