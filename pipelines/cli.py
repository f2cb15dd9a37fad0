"""The command line: `babelmill`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines.lid.commands import lid_app
from stages.errors import BabelmillError, ConfigError

app = typer.Typer(
    name="babelmill",
    help="Raw text in hundreds of languages to what GPU trainers read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
lang_app = typer.Typer(help="Languages: list them, show what is set for one, check their files.", no_args_is_help=True)
models_app = typer.Typer(help="Models that stages use.", no_args_is_help=True)
app.add_typer(lang_app, name="lang")
app.add_typer(models_app, name="models")
app.add_typer(lid_app, name="lid")

OUT = Console(markup=False, highlight=False)  # labels, paths and errors may hold brackets

PipelineName = Annotated[
    str, typer.Argument(metavar="PIPELINE", help="Name of an installed pipeline, or a .toml file.")
]
Inputs = Annotated[
    list[str],
    typer.Option(
        "--input", "-i", metavar="[NAME=]URI", help="File, folder or glob, local or s3://; may be given several times."
    ),
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="URI", help="Run directory, local or s3://.")]
Languages = Annotated[
    str,
    typer.Option("--languages", metavar="CODES", help="Comma-separated codes; other languages are counted, not used."),
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override an option: stage.option=value, value written as in TOML."
    ),
]
LangConfigs = Annotated[
    str, typer.Option("--lang-configs", metavar="DIR", help="Your language files, laid over the installed ones.")
]
Sample = Annotated[
    int, typer.Option("--sample", metavar="N", min=1, help="Read only the first N records of each file.")
]
RunDirectory = Annotated[str, typer.Option("--run", metavar="DIR", help="The --output of a finished run.")]


def _options(
    inputs: list[str] | None,
    languages: str | None,
    settings: list[str] | None,
    lang_configs: str | None,
    sample: int | None,
) -> dict[str, Any]:
    """The arguments of `pipelines.run.prepare`."""
    return {
        "inputs": inputs or [],
        "languages": [code.strip() for code in languages.split(",") if code.strip()] if languages else [],
        "settings": settings or [],
        "lang_configs": lang_configs,
        "sample": sample,
    }


@app.command()
def run(
    pipeline: PipelineName,
    output: Output,
    inputs: Inputs = [],  # noqa: B006
    languages: Languages = "",
    settings: Settings = [],  # noqa: B006
    lang_configs: LangConfigs = "",
    engine: Annotated[str, typer.Option(metavar="ray|inline", help="Ray, or this process alone.")] = "ray",
    workers: Annotated[int, typer.Option(metavar="N", min=0, help="Ray workers; 0 for one per core.")] = 0,
    sample: Sample = None,  # type: ignore[assignment]
) -> None:
    """Run a pipeline; what is done already is not done again.

    Exit status: 0 done, 1 finished with quarantined shards or unreadable input, 2 wrong file or arguments.
    """
    from pipelines.report.summary import summary_table
    from pipelines.run import run as run_pipeline
    from pipelines.rundir import RunDir

    if engine not in ("ray", "inline"):
        raise ConfigError(f"--engine {engine}: give ray or inline")
    options = _options(inputs, languages, settings, lang_configs or None, sample)
    result = run_pipeline(pipeline, output, engine=engine, workers=workers or None, **options)
    OUT.print(summary_table(RunDir(result.uri)))
    if not result.ran:
        OUT.print(f"nothing to do: every unit was done before ({result.seconds:.1f} s)")
    for failure in result.quarantined:
        OUT.print(f"quarantined: {failure.step} {failure.label}: {failure.error}", soft_wrap=True)
    if result.unreadable:
        OUT.print("some input could not be read to its end; `babelmill inspect` and report.html list it")
    raise typer.Exit(result.status)


@app.command()
def plan(
    pipeline: PipelineName,
    output: Output,
    inputs: Inputs = [],  # noqa: B006
    languages: Languages = "",
    settings: Settings = [],  # noqa: B006
    lang_configs: LangConfigs = "",
    sample: Sample = None,  # type: ignore[assignment]
) -> None:
    """Show what `run` with the same arguments would do; reads no data."""
    from pipelines.run import plan as plan_pipeline

    table = Table("step", "state", "units", "to read", "which")
    for step in plan_pipeline(pipeline, output, **_options(inputs, languages, settings, lang_configs or None, sample)):
        units = f"{len(step.pending)} of {step.units}" if step.units else ""
        size = f"{step.bytes / 1e6:,.1f} MB" if step.pending else ""
        which = ", ".join(unit.label for unit in step.pending[:4]) + (" …" if len(step.pending) > 4 else "")
        table.add_row(step.name, step.state, units, size, which)
    OUT.print(table)


@app.command()
def why(
    ident: Annotated[str, typer.Argument(metavar="ID", help="doc_id, source id, URL or locator (file#offset).")],
    run: RunDirectory,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Tell what happened to a document: source, language, signals, decision, cluster, and where it ended."""
    from pipelines.rundir import RunDir
    from pipelines.why import render
    from pipelines.why import why as tell

    story = tell(RunDir(run), ident)
    if as_json:
        sys.stdout.write(json.dumps(story.as_dict(), indent=1, ensure_ascii=False) + "\n")
    else:
        OUT.print(render(story))


@app.command()
def inspect(
    run: RunDirectory,
    language: Annotated[str, typer.Option("--language", "-l", metavar="CODE", help="Only this language.")] = "",
    reason: Annotated[str, typer.Option("--reason", "-r", metavar="REASON", help="Only this reason.")] = "",
    count: Annotated[int, typer.Option("-n", min=1, help="How many samples.")] = 10,
) -> None:
    """Show samples of what was rejected, with the bound and the value that rejected them."""
    from pipelines.inspect import inspect as sample_rejected
    from pipelines.inspect import render
    from pipelines.rundir import RunDir

    OUT.print(render(sample_rejected(RunDir(run), language or None, reason or None, count)))


@app.command()
def report(
    run: RunDirectory,
    clean_text: Annotated[
        str, typer.Option("--clean-text", metavar="JSON", help="What infra/benchmarks/clean_text.py has measured.")
    ] = "",
) -> None:
    """Write report.html and the pages of the languages again."""
    from pipelines.report import write_report
    from pipelines.rundir import RunDir

    OUT.print(str(write_report(RunDir(run), clean_text or None)), soft_wrap=True)


@app.command()
def verify(directory: Annotated[str, typer.Argument(metavar="DIR", help="Run directory, local or s3://.")]) -> None:
    """Check checksums, row counts and the balance of the ledger; exit status 1 names what differs."""
    from pipelines.verify import verify as check

    problems = check(directory)
    for problem in problems:
        OUT.print(problem, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    OUT.print("verified: every file is as recorded, every step and language balances")


@app.command()
def gc(directory: Annotated[str, typer.Argument(metavar="DIR", help="Run directory, local or s3://.")]) -> None:
    """Remove outputs of old step keys."""
    from pipelines.gc import collect

    collected = collect(directory)
    OUT.print(f"removed {collected.files} files, {collected.bytes / 1e6:.1f} MB")


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The pipeline file to write.")] = Path("pipeline.toml"),
) -> None:
    """Write a commented new pipeline."""
    from pipelines.pipeline import FOLDER

    if path.exists():
        raise ConfigError(f"{path}: exists already; give another name")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; make it first")
    text = (FOLDER / "pretrain.toml").read_text("utf-8")
    text = text.replace("babelmill run pretrain", f"babelmill run {path}").replace("runs/pretrain", f"runs/{path.stem}")
    path.write_text(text.replace('name = "pretrain"', f"name = {json.dumps(path.stem)}", 1), "utf-8")
    OUT.print(f"wrote {path}; run it with: babelmill run {path} --input URI --output URI", soft_wrap=True)
    OUT.print("stages and their options: babelmill stages [STAGE]")


@app.command()
def stages(
    name: Annotated[str, typer.Argument(metavar="[STAGE]", help="As ingest.read; without it, all are listed.")] = "",
) -> None:
    """List the stages that a pipeline may name, or explain one of them and its options."""
    from pipelines.options import describe_stage, list_stages

    if not name:
        table = Table("stage", "kind", "what it does")
        for each in list_stages():
            table.add_row(each.name, each.kind, each.summary)
        OUT.print(table)
        return
    found, text, options = describe_stage(name)
    OUT.print(f"{found.name}: {found.kind}\n\n{text}\n", soft_wrap=True)
    table = Table("option", "type", "default")
    for option in options:
        table.add_row(option.name, option.type, "must be given" if option.default is None else option.default)
    OUT.print(table if options else "no options")


@lang_app.command("list")
def lang_list(lang_configs: LangConfigs = "") -> None:
    """List the languages that have a file."""
    from pipelines.languages import list_languages

    table = Table("code", "name", "script", "own bounds", "stop words")
    for row in list_languages(lang_configs or None):
        table.add_row(*[str(cell) for cell in row])
    OUT.print(table)


@lang_app.command("show")
def lang_show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As ekk_Latn, ekk, et or est.")],
    lang_configs: LangConfigs = "",
) -> None:
    """Show everything that is set for a language, after inheritance."""
    from pipelines.languages import load_language, resolve_code

    language = load_language(resolve_code(code, lang_configs or None), lang_configs or None)
    OUT.print(f"{language.code}: {language.name}")
    if language.backoff:
        OUT.print(f"no values of its own: {language.backoff}", soft_wrap=True)
    OUT.print(f"sentence ends: {language.text.terminators}")
    OUT.print(f"stop words: {' '.join(sorted(language.text.stop_words)) or 'none'}")
    table = Table("bound", "min", "max", "why")
    for name, bound in sorted(language.bounds.items()):
        low, high = (("" if side is None else f"{side:g}") for side in (bound.minimum, bound.maximum))
        table.add_row(name, low, high, bound.why or "")
    OUT.print(table)


@lang_app.command("check")
def lang_check(
    lang_configs: LangConfigs = "",
    pipeline: Annotated[
        str, typer.Option("--pipeline", metavar="PIPELINE", help="Bounds may name the columns it measures, too.")
    ] = "",
) -> None:
    """Check every language file; exit status 1 lists what is wrong."""
    from pipelines.languages import check_languages
    from pipelines.pipeline import load_pipeline

    measured = load_pipeline(pipeline).columns() if pipeline else ()
    problems = check_languages(lang_configs or None, measured)
    for problem in problems:
        OUT.print(problem, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    OUT.print("every language file is in order")


@lang_app.command("resolve")
def lang_resolve(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="As et, est, ekk_Latn, zh-Hant or __label__als.")],
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="Whose label it is: lid.176, glotlid, cld2, ...")
    ] = "",
) -> None:
    """Tell which language a code, a tag or a model's label names, and what the registry knows of it."""
    from pipelines.lang_labels import describe

    OUT.print(describe(label, model), soft_wrap=True)


@lang_app.command("labels")
def lang_labels(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="As lid.176; without it, all are listed.")] = "",
) -> None:
    """List the models whose labels are known, or the labels of one: what each stands for, and which for nothing."""
    from pipelines.lang_labels import label_rows, model_rows

    table = Table("label", "code", "language") if model else Table("model", "labels", "languages", "unresolvable")
    for row in label_rows(model) if model else model_rows():
        table.add_row(*row)
    OUT.print(table)


@lang_app.command("import")
def lang_import(
    source: Annotated[str, typer.Argument(metavar="fineweb2", help="Whose files they are.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Its configs folder, or a tar archive of it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder for the files.")],
) -> None:
    """Turn FineWeb-2's configuration files into language files, and tell what could not be taken over."""
    from pipelines.lang_import import SOURCES, import_fineweb2
    from stages.registry import nearest

    if source not in SOURCES:
        raise ConfigError(f"lang import: unknown source {source!r}{nearest(source, SOURCES)}")
    imported = import_fineweb2(path, output)
    table = Table("key", "what", "files", "times", "example")
    for row in imported.summary():
        table.add_row(*map(str, row))
    OUT.print(table)
    OUT.print(
        f"{imported.files:,} files: {len(imported.languages):,} languages, {imported.bounds:,} bounds,"
        f" {imported.stop_words:,} stop words in {output}; each finding is a line of {output / 'report.tsv'}",
        soft_wrap=True,
    )


@lang_app.command("words")
def lang_words(
    reference: Annotated[
        list[str],
        typer.Option("--reference", metavar="URI", help="Text of the language and of others."),
    ],
    codes: Annotated[list[str], typer.Argument(metavar="[CODE]...", help="Without it, every language there is.")] = [],  # noqa: B006
    write: Annotated[str, typer.Option("--write", metavar="DIR", help="Put the lists into language files there.")] = "",
) -> None:
    """Derive frequent words that hardly any other language has, and the bound on their share, for small languages."""
    from pipelines.lang_words import FrequentWords, frequent_words, shown
    from pipelines.lang_words import write as write_file

    for found in frequent_words(codes, reference):
        OUT.print(shown(found), soft_wrap=True)
        if write and isinstance(found, FrequentWords):
            OUT.print(f"  wrote {write_file(found, Path(write))}", soft_wrap=True)


@lang_app.command("derive")
def lang_derive(
    codes: Annotated[list[str], typer.Argument(metavar="[CODE]...", help="Without it, every language there is.")] = [],  # noqa: B006
    reference: Annotated[
        list[str], typer.Option("--reference", metavar="URI", help="Clean text to derive numbers from.")
    ] = [],  # noqa: B006
    words: Annotated[
        list[str], typer.Option("--words", metavar="URI", help="Text whose licence permits to take word lists from it.")
    ] = [],  # noqa: B006
    write: Annotated[str, typer.Option("--write", metavar="DIR", help="Write the language files there.")] = "",
    lang_configs: LangConfigs = "",
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose scores the threshold is for.")] = "lid.176",
    known: Annotated[bool, typer.Option("--known", help="Also every language that the model knows.")] = False,
) -> None:
    """Derive bounds, the threshold of language identification and stop words; shows what would change."""
    from pipelines.derive.command import derive, shown
    from pipelines.derive.command import write as write_file

    for derived in derive(codes, reference, words, lang_configs or None, model, known):
        OUT.print(shown(derived, detailed=len(codes) == 1), soft_wrap=len(codes) != 1)
        if write:
            OUT.print(f"wrote {write_file(derived, Path(write))}", soft_wrap=True)


@lang_app.command("try")
def lang_try(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As ekk_Latn, ekk, et or est.")],
    run: RunDirectory,
    settings: Annotated[
        list[str], typer.Option("--set", metavar="BOUND", help="COLUMN.min=NUMBER, COLUMN.max=NUMBER or COLUMN=off.")
    ] = [],  # noqa: B006
    lang_configs: LangConfigs = "",
    count: Annotated[int, typer.Option("-n", min=0, help="How many samples each way.")] = 20,
) -> None:
    """Show what an edit of a language would change in a run; reads no text but that of samples."""
    from pipelines.rundir import RunDir
    from pipelines.trial import render
    from pipelines.trying import try_edit

    OUT.print(render(try_edit(RunDir(run), code, settings, lang_configs or None, count)))


@lang_app.command("diff")
def lang_diff(
    target: Annotated[str, typer.Argument(metavar="CODE|DIR", help="A language, or a folder of language files.")],
    lang_configs: LangConfigs = "",
) -> None:
    """Show what your language files change against the installed ones, key by key."""
    from pipelines.edits import render, user_changes

    OUT.print(render(user_changes(target, lang_configs or None)))


@models_app.command("get")
def models_get(name: Annotated[str, typer.Argument(metavar="NAME", help="As lid.176.")]) -> None:
    """Fetch a model into the cache, checked by its sha256, and print its path."""
    from pipelines.models import get_model

    OUT.print(str(get_model(name)), soft_wrap=True)


def main() -> None:
    """Run a command and end the process."""
    status = command()
    sys.stdout.flush()
    sys.stderr.flush()
    # not sys.exit: threads of native libraries that are still alive then abort some finished runs with a signal
    os._exit(status)


def command() -> int:
    """Run a command; its exit status. Every expected error is one line on standard error."""
    try:
        return int(app(prog_name="babelmill", standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted; the same command goes on where it stopped")
        return 130
    except ConfigError as error:
        _say(str(error))
        return 2
    except BabelmillError as error:
        _say(str(error))
        return 1
    except Exception as error:
        message = getattr(error, "format_message", None)  # arguments that the command line does not have
        if message is None:
            raise
        if message().startswith("Usage:"):  # a bare `babelmill` asks for its help
            OUT.print(message(), soft_wrap=True)
        else:
            context = getattr(error, "ctx", None)
            _say(f"{' '.join(message().split())} (see {context.command_path if context else 'babelmill'} --help)")
        return 2


def _say(line: str) -> None:
    Console(stderr=True).print(f"babelmill: {line}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
