"""Text to token ids and back, by the tokenizer and chat template that come with a canonical model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

REPLACEMENT = "�"
"""What a decoder shows for bytes that are not a whole character yet."""
HELD_BACK = 8
"""Tokens that may be needed to complete one character."""


class ChatError(ValueError):
    """The conversation cannot be turned into a prompt."""


class ChatTokenizer:
    """Renders conversations into prompts and ids."""

    def __init__(self, directory: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _raise
        template = directory / "chat_template.jinja"
        self._template = environment.from_string(template.read_text()) if template.exists() else None

    def prompt(self, messages: Sequence[dict[str, Any]]) -> list[int]:
        """Return the ids of a conversation that the assistant answers next. Raises: ChatError."""
        if self._template is None:
            raise ChatError("this model has no chat template; send a plain prompt")
        try:
            text = self._template.render(messages=list(messages), add_generation_prompt=True)
        except TemplateError as error:
            raise ChatError(f"the model's chat template refuses these messages: {error}") from error
        return self.encode(text)

    def encode(self, text: str) -> list[int]:
        """Return the ids of plain text, special tokens recognised, none added."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens left out."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))


def _raise(message: str) -> None:
    raise TemplateError(message)


class StreamDecoder:
    """Turns ids that arrive one at a time into text, never splitting a character."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = 0
        self._shown = ""

    def push(self, token_id: int) -> str:
        """Take one id and return the text that it completes, perhaps none."""
        self._ids.append(token_id)
        text = self._tokenizer.decode(self._ids[self._start :])
        if text.endswith(REPLACEMENT) and len(self._ids) - self._start < HELD_BACK + len(self._shown):
            return ""
        fresh = text[len(self._shown) :]
        self._shown = text
        if len(self._ids) - self._start >= 64 and not text.endswith(REPLACEMENT):  # keep each decode short
            keep = 4
            self._start = len(self._ids) - keep
            self._shown = self._tokenizer.decode(self._ids[self._start :])
        return fresh

    def flush(self) -> str:
        """Return what was held back."""
        text = self._tokenizer.decode(self._ids[self._start :])
        fresh, self._shown = text[len(self._shown) :], text
        return fresh
