"""Small drawings: histograms with their bounds, stacked bars, and the flow of documents through the steps."""

from collections.abc import Iterable, Sequence

from pipelines.report.markup import Html, element, join, text
from pipelines.report.signals import ALL, BINS, Axis, Bound, Signal

WIDTH, HEIGHT = 240, 64

RIGHT = [f"H{(index + 1) * WIDTH / BINS:g}" for index in range(BINS)]
"""The line to the right end of each bin."""


def bars(counts: Sequence[int]) -> str:
    """The path of a histogram; heights are square roots, so that thin tails can be seen."""
    top = max(counts, default=0) ** 0.5
    if not top:
        return ""
    path, level, before = [f"M0 {HEIGHT}"], float(HEIGHT), 0
    for count, right in zip(counts, RIGHT, strict=True):
        if count != before:
            # a bin that holds anything is at least a pixel high
            height = HEIGHT - (round(max(count**0.5 / top * (HEIGHT - 3), 1.5), 1) if count else 0)
            if height != level:
                path.append(f"V{height:g}")
            level, before = height, count
        path.append(right)
    return f"{''.join(path)}V{HEIGHT}z"


def zones(axis: Axis, bounds: Iterable[Bound]) -> tuple[float, float]:
    """Width of the rejected zone on the left and where the one on the right begins; the loosest bounds count."""
    found = list(bounds)
    low = [b.minimum for b in found]
    high = [b.maximum for b in found]
    left = min((axis.place(v) for v in low if v is not None), default=0.0) if found and None not in low else 0.0
    right = max((axis.place(v) for v in high if v is not None), default=1.0) if found and None not in high else 1.0
    return round(left * WIDTH, 1), round(right * WIDTH, 1)


def lines(axis: Axis, bounds: Iterable[Bound]) -> str:
    """The path of one vertical line for each distinct bound."""
    found = {v for b in bounds for v in (b.minimum, b.maximum) if v is not None}
    places = sorted({min(max(round(axis.place(v) * WIDTH, 1), 0.5), WIDTH - 0.5) for v in found})
    return "".join(f"M{place:g} 0V{HEIGHT}" for place in places[:60])


def bounds_of(signal: Signal, language: str) -> list[Bound]:
    """Bounds that apply to a language, or to any."""
    if language == ALL:
        return list(signal.bounds.values())
    return [signal.bounds[language]] if language in signal.bounds else []


def histogram(signal: Signal, language: str, label: str) -> Html:
    """The drawing of one signal; its parts have the classes that the language menu redraws."""
    bounds = bounds_of(signal, language)
    left, right = zones(signal.axis, bounds)
    # one string: a page has dozens of them
    return Html(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{text(label)}">'
        f'<rect class="zone left" x="0" y="0" height="{HEIGHT}" width="{left}"></rect>'
        f'<rect class="zone right" x="{right}" y="0" height="{HEIGHT}" width="{round(WIDTH - right, 1)}"></rect>'
        f'<path class="bars" d="{bars(signal.counts[language])}"></path>'
        f'<path class="lines" d="{lines(signal.axis, bounds)}"></path></svg>'
    )


def stacked(parts: Sequence[tuple[str, int, str]], label: str) -> Html:
    """A bar of named parts, each with its class; widths are shares of the whole."""
    whole = sum(count for _, count, _ in parts) or 1
    pieces, start = [], 0.0
    for name, count, style in parts:
        width = 100 * count / whole
        if count:
            title = element("title", f"{name}: {count:,}")
            pieces.append(element("rect", title, class_=style, x=f"{start:.2f}", y=0, width=f"{width:.2f}", height=10))
        start += width
    return element(
        "svg", *pieces, class_="stack", viewBox="0 0 100 10", preserveAspectRatio="none", role="img", aria_label=label
    )


def flow_band(entering: int, arriving: int, leaving: int, lost: int, largest: int) -> Html:
    """One step of the flow: a band from top to bottom, what joins it from the left and what leaves to the right.

    `entering` come from above, `arriving` are made or repeated here, `leaving` go on below, `lost` are rejected or
    quarantined. Widths are shares of `largest`.
    """
    start, unit = 40.0, 150 / max(largest, 1)
    top, made, bottom, out = (n * unit for n in (entering, arriving, leaving, lost))
    made_kept = min(made, bottom)
    shapes = []
    if bottom:
        through = bottom - made_kept
        shapes.append(_shape("through", (start, start + through), (start + made_kept, start + bottom), 0, 100))
    if made_kept:
        left, right, upper = start * 0.7, start + made_kept, 22 - min(made_kept, 20)
        d = (
            f"M0 22C{left:.1f} 22 {start:.1f} 60 {start:.1f} 100H{right:.1f}"
            f"C{right:.1f} 52 {left:.1f} {upper:.1f} 0 {upper:.1f}z"
        )
        shapes.append(element("path", class_="made", d=d))
    if out:
        left, right, thick = start + top - out, start + max(top, out), max(min(out, 40.0), 1.5)
        d = (
            f"M{left:.1f} 0C{left:.1f} {30 + thick:.1f} {right:.1f} {40 + thick:.1f} 240 {40 + thick:.1f}"
            f"V40C{right + 8:.1f} 40 {right:.1f} 24 {right:.1f} 0z"
        )
        shapes.append(element("path", class_="lost", d=d))
    return element("svg", *shapes, viewBox="0 0 240 100", preserveAspectRatio="none", aria_hidden="true")


def _shape(style: str, top: tuple[float, float], bottom: tuple[float, float], y0: float, y1: float) -> Html:
    middle = (y0 + y1) / 2
    d = (
        f"M{top[0]:.1f} {y0:g}C{top[0]:.1f} {middle:g} {bottom[0]:.1f} {middle:g} {bottom[0]:.1f} {y1:g}"
        f"H{bottom[1]:.1f}C{bottom[1]:.1f} {middle:g} {top[1]:.1f} {middle:g} {top[1]:.1f} {y0:g}z"
    )
    return element("path", class_=style, d=d)


def column_chart(values: Sequence[tuple[str, int]], label: str) -> Html:
    """Labelled horizontal bars, lengths by square root."""
    top = max((count for _, count in values), default=0) ** 0.5 or 1
    rows = [
        element(
            "tr",
            element("th", name, scope="row"),
            element(
                "td", element("meter", f"{count:,}", value=round(count**0.5 / top, 4), min=0, max=1), class_="meter"
            ),
            element("td", f"{count:,}", class_="n"),
        )
        for name, count in values
    ]
    return element("table", element("caption", label), element("tbody", join(*rows)), class_="bars")
