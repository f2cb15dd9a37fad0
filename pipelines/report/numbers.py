"""Numbers as people read them."""

import math

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def count(value: int | None) -> str:
    """`1,234`; a dash where nothing was counted."""
    return "–" if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """Bytes with a binary unit."""
    if value is None:
        return "–"
    power = min(max(value.bit_length() - 1, 0) // 10, len(UNITS) - 1)
    amount = value / 1024**power
    return f"{amount:,.0f} {UNITS[power]}" if power == 0 or amount >= 100 else f"{amount:.1f} {UNITS[power]}"


def share(part: float, whole: float) -> str:
    """A percentage; never 0 % or 100 % where it is not exactly that."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "< 0.1 %"
    if 99.95 <= percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %"


def short(value: float) -> str:
    """A number for an axis: `0.25`, `1.2k`, `3M`."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            scaled = value / (limit if unit != "k" else 1e3)
            return f"{scaled:.3g}{unit}"
    return f"{value:.0f}" if value == int(value) else f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min 12 s`, `2 h 5 min`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
