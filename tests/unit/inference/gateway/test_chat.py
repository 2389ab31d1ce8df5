"""Text to ids and back, piece by piece: characters stay whole, stop strings stay hidden."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from inference.gateway.chat import HELD_BACK, REPLACEMENT, ChatError, ChatTokenizer, StopStrings, StreamDecoder


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> ChatTokenizer:
    """One token per byte: every character beyond ASCII is split."""
    folder = tmp_path_factory.mktemp("tokenizer")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ m.role }}: {{ m.content }}\n{% endfor %}"
    )
    return ChatTokenizer(folder)


def pieces(tokenizer: ChatTokenizer, ids: list[int]) -> list[str]:
    decoder = StreamDecoder(tokenizer)
    return [*(decoder.push(token) for token in ids), decoder.flush()]


@pytest.mark.parametrize(
    "text",
    ["plain", "naïve café", "日本語のテキスト", "👩‍👩‍👧‍👦 and 🏳️‍🌈", "ends in 🙂", "a" * 63 + "é" + "b" * 70, "🙂" * 40],
)
def test_a_stream_gives_the_whole_text_and_never_half_a_character(tokenizer: ChatTokenizer, text: str) -> None:
    shown = pieces(tokenizer, tokenizer.encode(text))
    assert "".join(shown) == text
    assert not any(REPLACEMENT in piece for piece in shown)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=REPLACEMENT), max_size=200))
def test_any_text_streams_as_it_is(tokenizer: ChatTokenizer, text: str) -> None:
    assert "".join(pieces(tokenizer, tokenizer.encode(text))) == text


def test_bytes_that_never_become_a_character_are_held_back_only_so_long(tokenizer: ChatTokenizer) -> None:
    (first, *_) = tokenizer.encode("🙂")
    shown = pieces(tokenizer, [first] * HELD_BACK)
    assert shown[: HELD_BACK - 1] == [""] * (HELD_BACK - 1)
    assert set("".join(shown)) == {REPLACEMENT}


def test_an_answer_that_ends_within_a_character_shows_that_something_was_there(tokenizer: ChatTokenizer) -> None:
    assert "".join(pieces(tokenizer, tokenizer.encode("ok🙂")[:-1])) == "ok" + REPLACEMENT


def test_half_a_surrogate_pair_is_refused(tokenizer: ChatTokenizer) -> None:
    with pytest.raises(ChatError, match="surrogate"):
        tokenizer.prompt([{"role": "user", "content": "a\ud800"}])


def test_what_the_template_refuses_is_told(tokenizer: ChatTokenizer) -> None:
    with pytest.raises(ChatError, match="no system"):
        tokenizer.prompt([{"role": "system", "content": "x"}])


def test_a_model_without_template_says_so(tokenizer: ChatTokenizer, tmp_path: Path) -> None:
    Tokenizer(models.BPE(vocab={"a": 0}, merges=[])).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ChatError, match="no chat template"):
        ChatTokenizer(tmp_path).prompt([{"role": "user", "content": "a"}])


def stopped(stops: list[str], parts: list[str]) -> tuple[str, bool]:
    """What is shown of a text that arrives in parts, and whether a stop string ended it."""
    watcher = StopStrings(stops)
    shown = "".join(map(watcher.push, parts))
    return shown + watcher.flush(), watcher.is_found


@pytest.mark.parametrize(
    ("stops", "parts", "expected"),
    [
        ([], ["a", "b"], ("ab", False)),
        (["END"], ["one END two"], ("one ", True)),
        (["END"], ["one E", "N", "D two"], ("one ", True)),
        (["END"], ["one E", "N", "E"], ("one ENE", False)),
        (["END"], ["one EN"], ("one EN", False)),
        (["\n\n"], ["a\n", "b\n", "\nc"], ("a\nb", True)),
        (["aab"], ["aa", "a", "b"], ("a", True)),
        (["two", "one"], ["one two"], ("", True)),
        (["🙂"], ["a🙂b"], ("a", True)),
    ],
)
def test_a_stop_string_ends_the_text_and_is_never_shown(
    stops: list[str], parts: list[str], expected: tuple[str, bool]
) -> None:
    assert stopped(stops, parts) == expected


@given(st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4), st.lists(st.text("abc", max_size=5)))
def test_where_the_pieces_are_cut_changes_nothing_but_which_of_two_overlapping_stops_counts(
    stops: list[str], parts: list[str]
) -> None:
    text = "".join(parts)
    shown, is_found = stopped(stops, parts)
    assert is_found == any(stop in text for stop in stops)
    assert text.startswith(shown)
    assert not any(stop in shown for stop in stops)
    if not is_found:
        assert shown == text


def test_nothing_is_shown_after_the_stop() -> None:
    watcher = StopStrings(["x"])
    assert [watcher.push(part) for part in ("a", "xb", "c")] == ["a", "", ""]
    assert watcher.flush() == ""
