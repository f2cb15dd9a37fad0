"""The commands `babelmill lang ...`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stages.errors import ConfigError

lang_app = typer.Typer(
    help="Languages: show, check, derive, import and try what is set for them.", no_args_is_help=True
)

OUT = Console(markup=False, highlight=False)  # labels, paths and errors may hold brackets

LangConfigs = Annotated[
    str, typer.Option("--lang-configs", metavar="DIR", help="Your language files, laid over the installed ones.")
]
Codes = Annotated[list[str] | None, typer.Argument(metavar="[CODE]...", help="Without it, every language there is.")]
RunDirectory = Annotated[str, typer.Option("--run", metavar="DIR", help="The --output of a finished run.")]


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
    """Show everything that is set for a language, after inheritance, from which file and why."""
    from pipelines.lang.showing import render
    from pipelines.languages import resolve_code

    OUT.print(render(resolve_code(code, lang_configs or None), lang_configs or None))


@lang_app.command("check")
def lang_check(
    lang_configs: LangConfigs = "",
    pipeline: Annotated[
        str, typer.Option("--pipeline", metavar="PIPELINE", help="Bounds may name the columns it measures, too.")
    ] = "",
) -> None:
    """Check every language file; exit status 1 lists what is wrong."""
    from pipelines.language_checks import check_languages
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
    from pipelines.lang.labels import describe

    OUT.print(describe(label, model), soft_wrap=True)


@lang_app.command("labels")
def lang_labels(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="As lid.176; without it, all are listed.")] = "",
) -> None:
    """List the models whose labels are known, or the labels of one: what each stands for, and which for nothing."""
    from pipelines.lang.labels import label_rows, model_rows

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
    from pipelines.lang.fineweb2 import SOURCES, import_fineweb2
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
    codes: Codes = None,
    write: Annotated[str, typer.Option("--write", metavar="DIR", help="Put the lists into language files there.")] = "",
) -> None:
    """Derive frequent words that hardly any other language has, and the bound on their share, for small languages."""
    from pipelines.lang.words import FrequentWords, frequent_words, shown
    from pipelines.lang.words import write as write_file

    for found in frequent_words(codes or [], reference):
        OUT.print(shown(found), soft_wrap=True)
        if write and isinstance(found, FrequentWords):
            OUT.print(f"  wrote {write_file(found, Path(write))}", soft_wrap=True)


@lang_app.command("derive")
def lang_derive(
    codes: Codes = None,
    reference: Annotated[
        list[str] | None, typer.Option("--reference", metavar="URI", help="Clean text to derive numbers from.")
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Option("--words", metavar="URI", help="Text whose licence permits to take word lists from it."),
    ] = None,
    write: Annotated[str, typer.Option("--write", metavar="DIR", help="Write the language files there.")] = "",
    lang_configs: LangConfigs = "",
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose scores the threshold is for.")] = "lid.176",
    known: Annotated[bool, typer.Option("--known", help="Also every language that the model knows.")] = False,
) -> None:
    """Derive bounds, the threshold of language identification and stop words; shows what would change."""
    from pipelines.lang.derive.command import derive, shown
    from pipelines.lang.derive.command import write as write_file

    alone = codes is not None and len(codes) == 1
    for derived in derive(codes or [], reference or [], words or [], lang_configs or None, model, known):
        OUT.print(shown(derived, detailed=alone), soft_wrap=not alone)
        if write:
            OUT.print(f"wrote {write_file(derived, Path(write))}", soft_wrap=True)


@lang_app.command("try")
def lang_try(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As ekk_Latn, ekk, et or est.")],
    run: RunDirectory,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="BOUND", help="COLUMN.min=NUMBER, COLUMN.max=NUMBER or COLUMN=off."),
    ] = None,
    lang_configs: LangConfigs = "",
    count: Annotated[int, typer.Option("-n", min=0, help="How many samples each way.")] = 20,
) -> None:
    """Show what an edit of a language would change in a run; reads no text but that of samples."""
    from pipelines.lang.trial import render
    from pipelines.lang.trying import try_edit
    from pipelines.rundir import RunDir

    OUT.print(render(try_edit(RunDir(run), code, settings or [], lang_configs or None, count)))


@lang_app.command("diff")
def lang_diff(
    target: Annotated[str, typer.Argument(metavar="CODE|DIR", help="A language, or a folder of language files.")],
    lang_configs: LangConfigs = "",
) -> None:
    """Show what your language files change against the installed ones, key by key."""
    from pipelines.lang.edits import render, user_changes

    OUT.print(render(user_changes(target, lang_configs or None)))
