"""The tools we are compared with, run in an environment of their own; `environment.py` makes it and calls this.

Imports nothing of babelmill but the clock. datatrove segments every document with the tokenizer that it has for its
language.
"""

import argparse
import json
import logging
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from infra.benchmarks.measure import Timing, pin, timed

BANDS, ROWS, NGRAM = 14, 8, 5
PROBE: Final = "One two three. 1, 2, 3!"


class Text(NamedTuple):
    """A document of the exchange file; `tokenizer` is the language by datatrove's name."""

    id: str
    text: str
    language: str
    tokenizer: str


class Tool(NamedTuple):
    """What is timed: `prepare` opens everything and returns the run; `note` says what it takes in and gives out."""

    name: str
    prepare: Callable[[Sequence[Text], str], Callable[[Sequence[Text]], object]]
    note: str


def tokenizer_name(code: str, label: str) -> str | None:
    """datatrove's name for a language that it has a tokenizer for: by the code, else as the documents have it."""
    from datatrove.utils.word_tokenizers import load_tokenizer_assignments

    known = load_tokenizer_assignments()
    names = (code, label, *(f"{label[:3]}_{code.partition('_')[2]}",) * bool(label), code[:3])
    return next((name for name in names if name in known), None)


def why_not(name: str | None, text: str) -> str | None:
    """What keeps datatrove from segmenting a text of this language here; None if it can."""
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    if name is None:
        return "no tokenizer is assigned"
    try:
        tokenizer = load_word_tokenizer(name)
        tokenizer.word_tokenize(PROBE)
        tokenizer.word_tokenize(text[:2000])
        tokenizer.span_tokenize(PROBE)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}".partition("\n")[0][:160]
    return None


def languages(examples: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str | None]]:
    """For each language's example (`label`, `text`) datatrove's name for it and why it cannot run, if it cannot."""
    found = {}
    for code, example in examples.items():
        name = tokenizer_name(code, example["label"])
        found[code] = {"tokenizer": name, "why_not": why_not(name, example["text"])}
    return found


@cache
def filters(tokenizer: str, stop_words: tuple[str, ...], terminators: tuple[str, ...]) -> dict[str, Any]:
    """datatrove's four filters at their default thresholds, and C4 as FineWeb runs it.

    Stop words and terminators, which its filters take per language, are given; without stop words their rule is off.
    """
    from datatrove.pipeline.filters.c4_filters import C4QualityFilter
    from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
    from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
    from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter

    stops = {"stop_words": list(stop_words)} if stop_words else {"min_stop_words": None}
    return {
        "gopher": GopherQualityFilter(language=tokenizer, **stops),
        "repetition": GopherRepetitionFilter(language=tokenizer),
        "fineweb": FineWebQualityFilter(language=tokenizer, stop_chars=terminators or None),
        "c4": C4QualityFilter(language=tokenizer),
        "c4_any_end": C4QualityFilter(language=tokenizer, filter_no_terminal_punct=False),
    }


def decide(texts: Sequence[Text], settings: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each document the reason of each filter that drops it, null where it is kept, `error: ...` where it fails.

    With what its tokenizer finds in the document.
    """
    from datatrove.data import Document

    for text in texts:
        own = settings[text.language]
        reasons: dict[str, str | None] = {}
        chosen = filters(text.tokenizer, tuple(own["stop_words"]), tuple(own["terminators"]))
        for name, instance in chosen.items():
            try:
                answer = instance.filter(Document(text=text.text, id=text.id))
                passed, reason = answer if isinstance(answer, tuple) else (answer, "dropped")
                reasons[name] = None if passed else reason
            except Exception as error:
                reasons[name] = f"error: {type(error).__name__}"
        yield {"id": text.id, "reasons": reasons, "parts": parts(text)}


def parts(text: Text) -> dict[str, int]:
    """How many words datatrove finds, on how many of them punctuation is left, and its sentences; nothing on errors.

    Sentences are those of each line, as its C4 filter counts them.
    """
    from datatrove.utils.text import split_into_sentences, split_into_words

    try:
        words = split_into_words(text.text, text.tokenizer)
        lines = [line for line in text.text.splitlines() if line.strip()]
        sentences = [sentence for line in lines for sentence in split_into_sentences(line, text.tokenizer)]
    except Exception:
        return {}
    attached = sum(any(map(str.isalpha, word)) and _at_edge(word) for word in words)
    return {"words": len(words), "attached": attached, "sentences": len(sentences)}


def _at_edge(word: str) -> bool:
    return any(unicodedata.category(edge).startswith("P") for edge in (word[0], word[-1]))


def datatrove_language(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from datatrove.data import Document
    from datatrove.pipeline.filters.language_filter import LanguageFilter
    from fasttext.FastText import _FastText

    language = LanguageFilter(label_only=True)
    language.model._model = _FastText(model)
    return lambda some: [language.filter(Document(text=text.text, id=text.id)) for text in some]


def datatrove_signals(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from datatrove.data import Document

    def run(some: Sequence[Text]) -> None:
        for text in some:
            for name in ("gopher", "repetition", "fineweb", "c4"):
                instance = filters(text.tokenizer, (), ())[name]
                with suppress(ValueError, ZeroDivisionError):  # some of its tokenizers fail on some texts
                    instance.filter(Document(text=text.text, id=text.id))

    return run


def datatrove_minhash(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    import tempfile

    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

    config = MinhashConfig(n_grams=NGRAM, num_buckets=BANDS, hashes_per_bucket=ROWS)
    folder = tempfile.mkdtemp()
    steps = {
        name: MinhashDedupSignature(folder, config=config, language=name)
        for name in sorted({text.tokenizer for text in texts})
    }

    def run(some: Sequence[Text]) -> None:
        for text in some:
            step = steps[text.tokenizer]
            shingles = step.get_shingles(text.text)
            if shingles.size:
                step.get_signature(shingles)

    return run


def datatrove_everything(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    parts = [prepare(texts, model) for prepare in (datatrove_language, datatrove_signals, datatrove_minhash)]

    def run(some: Sequence[Text]) -> None:
        for text in some:
            for part in parts:
                part([text])

    return run


def shingles(text: str) -> set[str]:
    """Word 5-grams between spaces, lower case: what users of MinHash libraries write."""
    words = text.lower().split()
    return {" ".join(words[start : start + NGRAM]) for start in range(max(len(words) - NGRAM + 1, 1))}


def rensa(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from rensa import RMinHash

    return lambda some: RMinHash.digest_matrix_from_token_sets([shingles(t.text) for t in some], BANDS * ROWS, 1)


def rensa_given(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from rensa import RMinHash

    made = {text.id: shingles(text.text) for text in texts}
    return lambda some: RMinHash.digest_matrix_from_token_sets([made[t.id] for t in some], BANDS * ROWS, 1)


def datasketch(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from datasketch import MinHash

    def run(some: Sequence[Text]) -> None:
        for text in some:
            MinHash(num_perm=BANDS * ROWS).update_batch([shingle.encode() for shingle in shingles(text.text)])

    return run


def datasketch_given(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from datasketch import MinHash

    made = {text.id: [shingle.encode() for shingle in shingles(text.text)] for text in texts}
    return lambda some: [MinHash(num_perm=BANDS * ROWS).update_batch(made[text.id]) for text in some]


def gaoya(texts: Sequence[Text], model: str) -> Callable[[Sequence[Text]], object]:
    from gaoya.minhash import MinHashStringIndex

    def run(some: Sequence[Text]) -> None:
        index = MinHashStringIndex(32, 0.75, BANDS, ROWS, None, "word", True, (NGRAM, NGRAM), "vec")
        for number, text in enumerate(some):
            index.insert_document(number, text.text)

    return run


TOOLS: Mapping[str, Mapping[str, Tool]] = {
    "language": {
        "datatrove": Tool("datatrove LanguageFilter", datatrove_language, "every label's score, its default"),
    },
    "signals": {
        "datatrove": Tool("datatrove filters", datatrove_signals, "each stops at its first failed rule"),
    },
    "minhash": {
        "datatrove": Tool("datatrove MinhashDedupSignature", datatrove_minhash, "shingles and signature, not written"),
        "rensa": Tool("rensa", rensa, "shingles of str.split made in Python, in the time"),
        "rensa_given": Tool("rensa, shingles given", rensa_given, "shingles not in the time"),
        "gaoya": Tool("gaoya", gaoya, "text in, its own words; index of bands"),
        "datasketch": Tool("datasketch", datasketch, "shingles of str.split made in Python, in the time"),
        "datasketch_given": Tool("datasketch, shingles given", datasketch_given, "shingles not in the time"),
    },
    "everything": {
        "datatrove": Tool("datatrove, the three", datatrove_everything, "language ID, four filters, MinHash"),
    },
}


def measure(work: str, tool: str, texts: Sequence[Text], *, model: str, runs: int) -> Timing:
    """Time a tool; warm-up is the first document of each language, so that every tokenizer is loaded."""
    chosen = TOOLS[work][tool]
    run = chosen.prepare(texts, model)
    first = list({text.language: text for text in reversed(texts)}.values())
    return timed(
        work,
        chosen.name,
        lambda: run(texts),
        warm_up=lambda: run(first),
        runs=runs,
        documents=len(texts),
        text_bytes=sum(len(text.text.encode()) for text in texts),
        note=chosen.note,
    )


def read_texts(path: Path, names: Mapping[str, str]) -> list[Text]:
    """The documents of an exchange file with datatrove's names of their languages."""
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [Text(r["id"], r["text"], r["language"], names.get(r["language"], "")) for r in records]


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=("languages", "measure", "decide"))
    parser.add_argument("request", type=Path, help="JSON object")
    parser.add_argument("result", type=Path)
    options = parser.parse_args()
    request = json.loads(options.request.read_text("utf-8"))
    if options.action == "languages":
        options.result.write_text(json.dumps(languages(request["examples"])), "utf-8")
        return
    texts = read_texts(Path(request["documents"]), request["names"])
    if options.action == "measure":
        pin(request["core"])
        timing = measure(request["work"], request["tool"], texts, model=request["model"], runs=request["runs"])
        timing.save(options.result)
        return
    with options.result.open("w", encoding="utf-8") as sink:
        for decision in decide(texts, request["settings"]):
            sink.write(json.dumps(decision) + "\n")


if __name__ == "__main__":
    main()
