"""The command line: `babelmill`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines.importing import importing
from pipelines.lang.commands import LangConfigs, RunDirectory, lang_app
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
models_app = typer.Typer(help="Models that stages use.", no_args_is_help=True)
app.add_typer(lang_app, name="lang")
app.add_typer(models_app, name="models")
app.add_typer(lid_app, name="lid")

OUT = Console(markup=False, highlight=False)  # labels, paths and errors may hold brackets

SHOWN_UNREADABLE = 5
INTERRUPTED = 130
"""Exit status, as of a shell's command that SIGINT ended."""

PipelineName = Annotated[
    str, typer.Argument(metavar="PIPELINE", help="Name of an installed pipeline, or a .toml file.")
]
Inputs = Annotated[
    list[str] | None,
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
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override an option: stage.option=value, value written as in TOML."
    ),
]
Sample = Annotated[
    int | None, typer.Option("--sample", metavar="N", min=1, help="Read only the first N records of each file.")
]


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
    inputs: Inputs = None,
    languages: Languages = "",
    settings: Settings = None,
    lang_configs: LangConfigs = "",
    engine: Annotated[str, typer.Option(metavar="ray|inline", help="Ray, or this process alone.")] = "ray",
    workers: Annotated[int, typer.Option(metavar="N", min=0, help="Ray workers; 0 for one per core.")] = 0,
    sample: Sample = None,
) -> None:
    """Run a pipeline; what is done already is not done again.

    Exit status: 0 done, 1 finished with quarantined shards or unreadable input, 2 wrong file or arguments.
    """
    from pipelines.engine.opening import Opening

    if engine not in ("ray", "inline"):
        raise ConfigError(f"--engine {engine}: give ray or inline")
    options = _options(inputs, languages, settings, lang_configs or None, sample)
    with Opening(engine, workers or None) as opening:
        opening.begin_for(output)  # Ray starts while the rest is imported
        with importing():
            from pipelines.run import run as run_pipeline
            from stages.text.compiled import compiled_before

        if not compiled_before():
            OUT.print("the first run on this machine compiles its kernels, which takes a minute or two")
        result = run_pipeline(pipeline, output, engine=opening, **options)
    from pipelines.report import summary_table
    from pipelines.rundir import RunDir

    OUT.print(summary_table(RunDir(result.uri)))
    if not result.ran:
        OUT.print(f"nothing to do: every unit was done before ({result.seconds:.1f} s)")
    for failure in result.quarantined:
        OUT.print(f"quarantined: {failure.step} {failure.label}: {failure.error}", soft_wrap=True)
    for source, reason in result.unreadable[:SHOWN_UNREADABLE]:
        OUT.print(f"not read, or not to its end: {source}: {reason}", soft_wrap=True)
    if result.unreadable:
        more = f"{len(result.unreadable) - SHOWN_UNREADABLE:,} more; " * (len(result.unreadable) > SHOWN_UNREADABLE)
        reason = result.unreadable[0][1]
        OUT.print(f"{more}details: babelmill inspect --run {result.uri} --reason {reason}", soft_wrap=True)
    raise typer.Exit(result.status)


@app.command()
def plan(
    pipeline: PipelineName,
    output: Output,
    inputs: Inputs = None,
    languages: Languages = "",
    settings: Settings = None,
    lang_configs: LangConfigs = "",
    sample: Sample = None,
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
        OUT.print("the same `babelmill run` makes again what is missing or has another size", soft_wrap=True)
        OUT.print("delete a file whose checksum differs before that", soft_wrap=True)
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
        status = int(app(prog_name="babelmill", standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED  # as typer makes it of most interruptions
    except SystemExit as ended:  # by SIGTERM
        return int(ended.code or 0)
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
    if status == INTERRUPTED:
        _say("interrupted; the same command goes on where it stopped")
    return status


def _say(line: str) -> None:
    Console(stderr=True).print(f"babelmill: {line}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
