"""The second reading of the text: what was kept, with its spans applied."""

from dataclasses import dataclass, field

from stages.registry import stage


@dataclass(frozen=True, kw_only=True)
class Select:
    """Options of `select`.

    `signals` are annotation columns to carry into the corpus. Documents with fewer than `minimum_characters` after
    their spans are applied are rejected. `write_rejected` also writes what `decide` rejected, redacted.
    """

    signals: tuple[str, ...] = ()
    minimum_characters: int = 20
    replacements: dict[str, str] = field(default_factory=dict)
    write_rejected: bool = False


@stage("select", config=Select, kind="step", reads_dataset="decisions", writes_dataset="corpus")
def select(config: Select) -> Select:
    """Write the kept documents of each language, with cuts and redactions applied and the hash of the final text.

    Reads:   documents, annotations (spans, signals), decisions
    Writes:  corpus/language=<code>/part-*.parquet; rejected/ when asked
    """
    return config
