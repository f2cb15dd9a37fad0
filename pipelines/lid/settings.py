"""What can be set when language identification is trained and calibrated; the command line shows these defaults."""

from dataclasses import dataclass, field
from typing import Final

OTHERS: Final = ("lid.176", "cld2")
"""The members that a trained model is combined with."""

UND_RATE: Final = 0.0055
"""Of the text that is calibrated with. Of text from sources that a model has not seen of its language many times more
becomes `und`: on 498 languages this rate came to about 5 % of passages held out, and three quarters of unknown ones."""


@dataclass(frozen=True)
class Split:
    """Shares of the documents of each language that are held out; which ones is a hash of the seed and their names."""

    evaluate: float = 0.2
    calibrate: float = 0.1
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How much text of a language is trained on.

    Languages with n characters of text get a share proportional to n ** temperature of `characters` in all; text is
    repeated for that at most `repeats` times.
    """

    characters: int = 8_000_000
    temperature: float = 0.3
    repeats: int = 6


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of fastText; it runs on one thread, because with more the model differs from run to run."""

    dimension: int = 32
    shortest_ngram: int = 2
    longest_ngram: int = 5
    buckets: int = 1_000_000
    epochs: int = 10
    learning_rate: float = 1.0
    fewest_occurrences: int = 2  # of a word that gets a vector of its own
    balance: Balance = field(default_factory=Balance)
