"""Duplicate clusters over the sketches of all documents."""

from dataclasses import dataclass

from stages.registry import stage


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`cluster` has no options: what it links is set where the sketches are made (`dedup.exact`, `dedup.minhash`)."""


@stage("cluster", config=Cluster, kind="step", reads_dataset="annotations", writes_dataset="clusters")
def cluster(config: Cluster) -> Cluster:
    """Link documents whose text hash or any MinHash band key is equal, and number the connected components.

    Reads:   text_hash, minhash (whichever are measured)
    Writes:  clusters: doc_id, cluster, cluster_size, labelled_size, evidence
    """
    return config
