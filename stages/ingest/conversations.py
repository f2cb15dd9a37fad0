"""Instruction rows in their various shapes to conversations."""

from collections.abc import Mapping
from typing import Any, Protocol

from stages.ingest.surrogates import without_surrogates

ROLES = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}
"""Names of roles in the wild, and ours."""

Messages = list[dict[str, str]]


class Fields(Protocol):
    """A row under our field names."""

    def value(self, key: str) -> Any: ...


def conversations(row: Fields) -> list[Messages] | str:
    """The conversations of a row, or why there is none.

    Chat (`messages` of role and content, or ShareGPT's from and value), self-instruct and Alpaca (`instruction`,
    `input`, `output`, or `instances` of the latter two), prompt and completion.
    """
    messages = row.value("messages")
    if messages is not None:
        return _chat(messages)
    instruction = row.value("instruction")
    if instruction is not None:
        return _instances(instruction, row)
    prompt, completion = row.value("prompt"), row.value("completion")
    if prompt is None:
        return "no text, pair, instruction, prompt or messages in it"
    return _turns(prompt, None, completion)


def _chat(given: Any) -> list[Messages] | str:
    if not isinstance(given, list) or not given:
        return "messages are no list"
    messages: Messages = []
    for message in given:
        if not isinstance(message, Mapping):
            return "a message is no object"
        role = ROLES.get(str(message.get("role", message.get("from", ""))).lower())
        content = _content(message.get("content", message.get("value")))
        if role is None:
            return "a message has no known role"
        if content is None:
            return "a message has no text"
        messages.append({"role": role, "content": without_surrogates(content)})
    if not any(message["role"] == "assistant" for message in messages):
        return "no message of the assistant"
    return [messages]


def _content(content: Any) -> str | None:
    """The text of a message; of a list of parts, the text parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) and content.strip() else None


def _instances(instruction: Any, row: Fields) -> list[Messages] | str:
    instances = row.value("instances")
    if instances is None:
        return _turns(instruction, row.value("input"), row.value("output"))
    if not isinstance(instances, list) or not instances:
        return "instances are no list"
    found: list[Messages] = []
    for instance in instances:
        given = instance if isinstance(instance, Mapping) else {}
        turns = _turns(instruction, given.get("input"), given.get("output"))
        if isinstance(turns, str):
            return turns
        found += turns
    return found


def _turns(instruction: Any, given: Any, answer: Any) -> list[Messages] | str:
    """One question and its answer."""
    if not (isinstance(instruction, str) and instruction.strip()):
        return "the instruction is empty"
    if not (isinstance(answer, str) and answer.strip()):
        return "the answer is empty"
    question = f"{instruction}\n\n{given}" if isinstance(given, str) and given.strip() else instruction
    user = {"role": "user", "content": without_surrogates(question)}
    return [[user, {"role": "assistant", "content": without_surrogates(answer)}]]
