"""The speed at which words are found is that of finding them, not of loading what that needs."""

import pyarrow as pa
import pytest

from pipelines.report import speed
from pipelines.rundir import RunDir


def test_what_any_of_the_texts_loads_is_not_counted(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: set[str] = set()
    now = 0.0

    class Slow:
        """Finds words at 1 MB/s, after a minute for each text that it has not seen."""

        def __init__(self, texts: pa.ChunkedArray, segmenter: str) -> None:
            self.texts: list[str] = texts.to_pylist()
            self.offsets = (0, sum(len(text.encode()) for text in self.texts))

        @property
        def words(self) -> None:
            nonlocal now
            now += self.offsets[1] / 1e6 + 60 * len(set(self.texts) - loaded)
            loaded.update(self.texts)

    monkeypatch.setattr(speed, "Segments", Slow)
    monkeypatch.setattr(speed, "process_time", lambda: now)
    found = speed.segmentation_speeds(run)
    assert len(found) > 5
    assert list(found.values()) == pytest.approx([1.0] * len(found))
