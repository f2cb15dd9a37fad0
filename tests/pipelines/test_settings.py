"""Errors of `--set` name the argument; those of a pipeline file name the file."""

from pathlib import Path

import pytest

from pipelines.pipeline import load_pipeline
from stages.errors import ConfigError

BROKEN = """
[[step]]
stage = "quality.gopher"
min_word = 3

[[step]]
stage = "dedup.minhash"
"""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["quality.gopher.foo=1"], "--set quality.gopher.foo=1: unknown key 'foo' of quality.gopher"),
        (["dedup.minhash.seed=3", "dedup.minhash.bands=few"], "--set dedup.minhash.bands=few: bands of dedup.minhash"),
        (["dedup.minhash.bands=few", "dedup.minhash.foo=1"], "--set dedup.minhash.foo=1: unknown key 'foo'"),
        (["shard_bytes=many"], "--set shard_bytes=many: shard_bytes is 'many'"),
        (["input=3"], "--set input=3: input is 3"),
        (["name=3"], "--set name=3: name is 3"),
    ],
)
def test_an_error_of_a_setting_names_it(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_pipeline("web", settings)
    assert str(raised.value).startswith(message)


def test_an_error_of_the_file_names_the_file_whatever_is_set(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(BROKEN, "utf-8")
    with pytest.raises(ConfigError, match=r"broken.toml, step 1: unknown key 'min_word' of quality.gopher"):
        load_pipeline(str(path), ["quality.gopher.into='x'", "dedup.minhash.bands=few"])
