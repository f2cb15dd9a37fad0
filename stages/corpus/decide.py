"""Bounds and survivors: which documents are kept."""

from dataclasses import dataclass

from stages.registry import stage


@dataclass(frozen=True, kw_only=True)
class Decide:
    """`decide` has no options: its bounds are those of `lang_configs/<code>.toml`."""


@stage("decide", config=Decide, kind="step", reads_dataset="annotations", writes_dataset="decisions")
def decide(config: Decide) -> Decide:
    """Reject what falls outside a bound of its language, then keep the most complete document of each cluster.

    Reads:   every column that has a bound; clusters where the pipeline makes them
    Writes:  decisions: keep, reason, bound, value, cluster, cluster_size, survivor
    """
    return config
