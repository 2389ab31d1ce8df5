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
WINDOW, CONTEXT = 64, 8
"""A decode never sees more ids than the first; the second is what the next window starts with."""


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
        """Return the ids of plain text, special tokens recognised, none added. Raises: ChatError."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ChatError(f"the text is not Unicode: character {error.start} is half a surrogate pair") from None
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
        self._window: list[int] = []
        """The last ids: enough context to decode the next one as it would stand in the whole text."""
        self._shown = ""
        """What of the window's text has been given out."""
        self._held = 0

    def push(self, token_id: int) -> str:
        """Take one id and return the text that it completes, perhaps none."""
        self._window.append(token_id)
        text = self._tokenizer.decode(self._window)
        self._held += 1
        if text.endswith(REPLACEMENT) and self._held < HELD_BACK:
            return ""
        fresh, self._shown, self._held = text[len(self._shown) :], text, 0
        if len(self._window) >= WINDOW:
            self._window = self._window[-CONTEXT:]
            self._shown = self._tokenizer.decode(self._window)
        return fresh

    def flush(self) -> str:
        """Return what was held back."""
        text = self._tokenizer.decode(self._window)
        fresh, self._shown = text[len(self._shown) :], text
        return fresh


class StopStrings:
    """Ends a text before the first of some strings, and never shows what could still become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.is_found = False

    def push(self, piece: str) -> str:
        """Take a piece of text and return what may be shown of the text so far."""
        if self.is_found:
            return ""
        text = self._held + piece
        found = [position for position in map(text.find, self._stops) if position >= 0]
        if found:
            self.is_found, self._held = True, ""
            return text[: min(found)]
        sizes = (size for stop in self._stops for size in range(1, len(stop)) if text.endswith(stop[:size]))
        shown = len(text) - max(sizes, default=0)
        self._held = text[shown:]
        return text[:shown]

    def flush(self) -> str:
        """Return what was held back and has become no stop string."""
        held, self._held = self._held, ""
        return held
