"""How a task is asked for, in many languages: the tables of `templates/*.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Formatter
from typing import Any

import xxhash

from stages.augment.codes import folded
from stages.errors import ConfigError
from stages.registry import nearest
from stages.resources import read_bytes


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The prompts and system prompts of one language."""

    language: str
    prompts: tuple[str, ...]
    system: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wordings:
    """The wordings that ship with the recipe, with the tables of a file of one's own laid over them.

    Opens as a mapping from the folded code of a language to its `Wording`; every prompt has the fields of `required`
    and no field outside `allowed`.
    """

    shipped: str
    own: str | None
    required: frozenset[str]
    allowed: frozenset[str]

    def open(self) -> Mapping[str, Wording]:
        tables = self._tables(self._shipped(), self.shipped)
        return tables | self._tables(read_bytes(self.own), self.own) if self.own else tables

    def fingerprint(self) -> str:
        own = read_bytes(self.own) if self.own else b""
        return xxhash.xxh3_128_hexdigest(self._shipped() + b"\0" + own)

    def _shipped(self) -> bytes:
        return files("stages.instruct").joinpath("templates", self.shipped).read_bytes()

    def _tables(self, data: bytes, where: str) -> dict[str, Wording]:
        try:
            tables = tomllib.loads(data.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{where}: not a TOML file in UTF-8: {error}") from None
        wordings = {folded(code): self._wording(code, table, where) for code, table in tables.items()}
        if len(wordings) < len(tables):
            raise ConfigError(f"{where}: two of the tables {', '.join(tables)} are of one language; join them")
        return wordings

    def _wording(self, code: str, table: Any, where: str) -> Wording:
        if not isinstance(table, dict) or not table.get("prompts"):
            raise ConfigError(f"{where}: [{code}] needs a list `prompts` with at least one wording")
        for key in table:
            if key not in ("prompts", "system"):
                raise ConfigError(f"{where}: unknown key {key!r} in [{code}]{nearest(key, ('prompts', 'system'))}")
        prompts, system = tuple(table["prompts"]), tuple(table.get("system", ()))
        for prompt in prompts + system:
            self._check(prompt, self.required if prompt in prompts else frozenset(), f"{where}: [{code}]")
        return Wording(language=code, prompts=prompts, system=system)

    def _check(self, prompt: str, required: frozenset[str], where: str) -> None:
        try:
            found = {name for _, name, _, _ in Formatter().parse(prompt) if name is not None}
        except ValueError as error:
            raise ConfigError(f"{where}: {prompt!r}: {error}; write {{{{ and }}}} for braces of the text") from None
        for name in sorted(found - self.allowed):
            raise ConfigError(f"{where}: {prompt!r}: unknown field {{{name}}}{nearest(name, self.allowed)}")
        for name in sorted(required - found):
            raise ConfigError(f"{where}: {prompt!r}: the field {{{name}}} is missing")
