"""The one error tree: what went wrong, where, and what to do now."""


class BabelmillError(Exception):
    """Any error that babelmill raises on purpose."""


class ConfigError(BabelmillError):
    """A pipeline, an option or a language file is wrong; nothing has run (exit status 2)."""


class ShardError(BabelmillError):
    """This shard cannot be processed: it is quarantined, and the others go on."""


class StorageError(BabelmillError):
    """Storage did not answer as it should: the operation is retried, then the shard fails."""
