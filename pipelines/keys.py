"""Identity of outputs: a hash of everything that they depend on, and of nothing else."""

import json
from dataclasses import fields, is_dataclass
from typing import Any

import xxhash

from stages.errors import ConfigError


def digest(*parts: Any) -> str:
    """xxh3-128 of the parts in canonical JSON, as 32 hex digits."""
    encoded = json.dumps(plain(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return xxhash.xxh3_128_hexdigest(encoded.encode("utf-8", "surrogatepass"))


def plain(value: Any) -> Any:
    """JSON-able form of configuration: dataclasses become objects with their type's name, sets become sorted lists."""
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, **content}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ConfigError(f"a configuration value of type {type(value).__name__} has no stable form: {value!r}")
