"""One spelling for the codes that mean one language, so that data of two sources meet."""

from functools import cache

from stages.errors import ConfigError
from stages.identify.codes import resolve


@cache
def folded(code: str) -> str:
    """A language code with macro codes, aliases and a missing script resolved, for comparison: `est_Latn`, `ekk` give
    `ekk_Latn`.

    Codes that no registry holds (`ber_Latn`, `mul_Zxxx`) stay as they are: data may carry them.
    """
    try:
        return resolve(code)
    except ConfigError:
        return code
