"""Tables of the report against the numbers that they are made of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.report.tables import mixture_tables


def quota(language: str, planned: int, realised: int, of: tuple[int, int]) -> dict[str, Any]:
    shares = {"planned_share": planned / of[0], "realised_share": realised / of[1]}
    known = {"source": "corpus", "language": language, "available": 9000, "documents": 7, "epochs": 1.0}
    return {**known, "planned": planned, "realised": realised, **shares}


def test_shares_of_a_mixture_are_of_their_phase_and_so_is_their_largest_difference(
    tmp_path: Path, write_synthetic: Any
) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 10})
    main, anneal = (7000, 7010), (3000, 3010)
    phases = [
        {
            "phase": "main",
            "shares": [quota("eng_Latn", 5600, 5605, main), quota("ekk_Latn", 1400, 1405, main)],
        },
        {
            "phase": "anneal",
            "shares": [quota("eng_Latn", 600, 617, anneal), quota("ekk_Latn", 2400, 2393, anneal)],
        },
    ]
    solved = {"tokens": {"planned": 10000, "realised": 10020}, "deviation": 0.17, "phases": phases}
    (tmp_path / "mixture/web/_shares.json").write_text(json.dumps(solved), "utf-8")
    (table,) = mixture_tables(run)
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tbody>.*</tbody>", table)[0].split("<tr>")
    ]
    rows = [[re.sub(r"<meter.*</meter>|<[^>]*>", "", cell) for cell in row] for row in cells if row]
    sums: dict[str, float] = {}
    for _, phase, planned, real, difference, *_ in rows:
        sums[phase] = sums.get(phase, 0.0) + float(planned.removesuffix(" %"))
        gap = float(real.removesuffix(" %")) - float(planned.removesuffix(" %"))
        assert float(difference) == pytest.approx(gap, abs=0.011)  # shares have two digits
    assert sums == {"main": pytest.approx(100), "anneal": pytest.approx(100)}
    largest = max(abs(float(row[4])) for row in rows)
    assert f"differ from planned ones by at most {largest:.3f} percentage points" in table
    assert largest == pytest.approx(0.498)
    assert {"Planned, % of phase", "Real, % of phase"} <= set(re.findall(r"<button[^>]*>(.*?)</button>", table))
