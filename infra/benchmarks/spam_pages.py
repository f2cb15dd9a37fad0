"""Bad pages of seven kinds made of real text: what the bounds of a language must reject, and for which reasons.

Nothing here is drawn but by the hash of its name, so the same material makes the same pages. Pages have 80 to 400 words
of the language, so that none is rejected for being short, and a text that a wrong encoding spoilt has lost at least one
letter in fifty.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import xxhash

from infra.benchmarks.documents import Document
from pipelines.inputs import resolve_inputs
from stages.identify.codes import resolve_or_none
from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord
from stages.text.characters import TERMINATORS
from stages.text.language import LanguageText
from stages.text.segmentation import find_words, segment

SENTENCES: Final = 3000
"""Sentences that are enough material of a language."""

DAMAGED: Final = 0.02
"""Share of letters from which on a text counts as spoilt."""

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_MARKUP = re.compile(r"[<>{}|\\=$*_#`\[\]@~^/]|https?:")
_LIST_MARK = re.compile(r"^[\s#>*+\-–•\d.)]+")
_LINK = re.compile(r"<a\b[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_LANG = re.compile(r"<html\b[^>]*\blang\s*=\s*[\"']?([A-Za-z-]+)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>|&[#\w]+;")
_SPACES = re.compile(r"\s+")


@dataclass
class Material:
    """What pages of a language are made of."""

    language: str
    sentences: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    menus: list[list[str]] = field(default_factory=list)  # texts of the links of real pages
    keywords: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)  # whole documents, for comparison

    @property
    def script(self) -> str:
        return self.language.partition("_")[2]


@dataclass(frozen=True)
class Page:
    """A page; `original` is the text before a wrong encoding spoilt it, which normalization may bring back."""

    id: str
    language: str
    kind: str
    variant: str
    text: str
    original: str | None = None

    @property
    def script(self) -> str:
        return self.language.partition("_")[2]


LINE_SHAPE: Final = (
    "bullet_line_ratio", "short_line_ratio", "line_punctuation_ratio", "newline_word_ratio", "sentence_count",
    "unterminated_line_ratio", "few_word_line_ratio", "menu_char_ratio",
)  # fmt: skip
REPETITION: Final = ("duplicate_*", "top_*", "line_duplicate_char_ratio", "compression*")
NO_PROSE: Final = ("stop_word*", "punctuation_ratio", "alphabetic_word_ratio", "symbol_*", "frequent_word*")
NO_LANGUAGE: Final = ("language_*", "script_ratio", "stop_word*", "frequent_word*", "mixed*", "code_switch*")

RIGHT: Final[Mapping[str, Sequence[str]]] = {
    "navigation": (*LINE_SHAPE, *NO_PROSE, *REPETITION),
    "keywords": (*LINE_SHAPE, *NO_PROSE, *REPETITION),
    "wrong language": NO_LANGUAGE,
    "repetition": REPETITION,
    "mojibake": (*NO_LANGUAGE, *NO_PROSE, "uppercase_ratio", "mean_word_length", "replacement*"),
    "number table": ("digit_ratio", "mean_word_length", *NO_PROSE, *LINE_SHAPE, *REPETITION),
    "link list": ("url_ratio", *NO_PROSE, *LINE_SHAPE, *REPETITION, "digit_ratio"),
}
"""Columns whose bound names what is wrong with a page of the kind, as patterns; any other reason is a wrong one."""

LOST: Final[Mapping[str, Sequence[str]]] = dict.fromkeys(("replaced", "question marks"), ("word_count", *REPETITION))
"""What else is right where a wrong encoding replaced every letter it does not have by the same mark."""

UNTOUCHED: Final = "untouched"
"""The kind of the documents that the pages were made of, for comparison: no reason is right or wrong for it."""


def gather(documents: Iterable[Document]) -> dict[str, Material]:
    """The material in documents, by language."""
    found: dict[str, Material] = {}
    ranked = sorted(documents, key=lambda document: xxhash.xxh3_64_intdigest(document.id.encode()))
    for document in ranked:
        material = found.setdefault(document.language, Material(document.language))
        if len(material.sentences) < SENTENCES:
            _take(material, document)
    for material in found.values():
        material.sentences = list(dict.fromkeys(material.sentences))
        material.headings = list(dict.fromkeys(material.headings))
        material.keywords = _keywords(material.sentences)
    return found


def _take(material: Material, document: Document) -> None:
    before = len(material.sentences)
    for line in _FENCED.sub("\n", document.text).splitlines():
        plain = _SPACES.sub(" ", _LIST_MARK.sub("", line)).strip()
        if _MARKUP.search(plain):
            continue
        if plain.endswith(tuple(TERMINATORS)):
            found = segment(plain, LanguageText()).sentences
            material.sentences += [one.strip() for one in found if 20 <= len(one.strip()) <= 400]
        elif 2 <= len(plain) <= 50:
            material.headings.append(plain)
    if len(material.sentences) - before >= 10 and "```" not in document.text:
        material.originals.append(document.text)


def _keywords(sentences: Sequence[str]) -> list[str]:
    """Frequent words beyond the most frequent, which hold sentences together."""
    counts = Counter(
        word for sentence in sentences for word in set(find_words(sentence.lower())) if any(map(str.isalpha, word))
    )
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    long = [word for word in ranked[60:] if len(word) > 1 and (len(word) > 3 or not word.isascii())]
    return long[:800]


def gather_menus(materials: Mapping[str, Material], archives: Sequence[str]) -> None:
    """Add the link texts of HTML pages in WARC files to the material of the language that the page states."""
    for file in resolve_inputs(archives) if archives else []:
        path = Path(file.uri)
        with path.open("rb") as stream:
            for record in read_records(stream, path.name, Read()):
                if isinstance(record, RawRecord) and record.html:
                    _take_menu(materials, record.html.decode("utf-8", "replace"))


def _take_menu(materials: Mapping[str, Material], html: str) -> None:
    stated = _LANG.search(html)
    code = resolve_or_none(stated[1].split("-")[0]) if stated else None
    texts = [_SPACES.sub(" ", _TAG.sub(" ", link)).strip() for link in _LINK.findall(html)]
    menu = [text for text in texts if 1 < len(text) <= 60]
    if code in materials and len(menu) >= 40:
        materials[code].menus.append(menu)


Maker = Callable[[Material, np.random.Generator], str | None]


def _some(pool: Sequence[str], count: int, chance: np.random.Generator) -> list[str]:
    return [pool[index] for index in chance.choice(len(pool), min(count, len(pool)), replace=False)]


def _words(wanted: int, pool: Sequence[str], chance: np.random.Generator) -> list[str]:
    """Items of the pool in random order until they hold about so many words."""
    taken, total = [], 0
    for index in chance.permutation(len(pool)):
        taken.append(pool[index])
        total += len(find_words(pool[index]))
        if total >= wanted:
            break
    return taken


def _size(chance: np.random.Generator) -> int:
    return int(chance.integers(80, 400))


def _labels(material: Material, chance: np.random.Generator) -> list[str]:
    """Headings, and the first words of sentences where there are few headings."""
    openings = [" ".join(sentence.split()[:3])[:40] for sentence in material.sentences]
    pool = material.headings if len(material.headings) >= 300 else material.headings + openings
    return _words(_size(chance), list(dict.fromkeys(pool)), chance)


def _site_map(material: Material, chance: np.random.Generator) -> str:
    lines = []
    for label in _labels(material, chance):
        lines.append("  " * int(chance.integers(0, 3)) + label)
        if chance.random() < 0.1:
            lines.append("")
    return "\n".join(lines)


def _menu_bars(material: Material, chance: np.random.Generator) -> str:
    mark = (" | ", " › ", " · ", " / ")[int(chance.integers(4))]
    labels = _labels(material, chance)
    return "\n".join(mark.join(labels[start : start + 8]) for start in range(0, len(labels), 8))


def _bullet_menu(material: Material, chance: np.random.Generator) -> str:
    mark = ("- ", "• ", "* ")[int(chance.integers(3))]
    return "\n".join(mark + label for label in _labels(material, chance))


def _menu_with_footer(material: Material, chance: np.random.Generator) -> str:
    return f"{_site_map(material, chance)}\n\n" + " ".join(_some(material.sentences, 2, chance))


def _real_menu(material: Material, chance: np.random.Generator) -> str | None:
    return "\n".join(material.menus[int(chance.integers(len(material.menus)))]) if material.menus else None


def _keyword_list(separator: str) -> Maker:
    def make(material: Material, chance: np.random.Generator) -> str:
        return separator.join(_words(_size(chance), material.keywords, chance))

    return make


def _stuffing(material: Material, chance: np.random.Generator) -> str:
    """One term with every other, as a shop that wants to be found."""
    first, *others = _words(_size(chance) // 3, material.keywords, chance)
    return ", ".join(f"{other} {first}" for other in others)


def _mixed(others: Sequence[Material]) -> Maker:
    def make(material: Material, chance: np.random.Generator) -> str:
        """Sentences of three languages in turn."""
        chosen = [material, *(others[i] for i in chance.choice(len(others), 2, replace=False))]
        many = int(chance.integers(8, 20))
        columns = [_some(one.sentences, many, chance) for one in chosen if one is not material] + [
            _some(material.sentences, many, chance)
        ]
        return "\n".join(" ".join(row) for row in zip(*columns, strict=False))

    return make


def _prose(material: Material, chance: np.random.Generator) -> str:
    """Running text: what the unknown languages and the mojibake are made of."""
    sentences = _words(_size(chance), material.sentences, chance)
    return "\n".join(" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))


def _repeated_lines(material: Material, chance: np.random.Generator) -> str:
    few = _some(material.sentences, int(chance.integers(3, 9)), chance)
    return "\n".join(few[index] for index in chance.integers(0, len(few), int(chance.integers(20, 60))))


def _repeated_paragraphs(material: Material, chance: np.random.Generator) -> str:
    paragraphs = [" ".join(_some(material.sentences, 4, chance)) for _ in range(3)]
    return "\n\n".join(paragraphs[index] for index in chance.integers(0, 3, int(chance.integers(8, 16))))


def _glued(material: Material, chance: np.random.Generator) -> str:
    few = _some(material.sentences, int(chance.integers(2, 5)), chance)
    return " ".join(few[index] for index in chance.integers(0, len(few), int(chance.integers(15, 40))))


def _doorway(material: Material, chance: np.random.Generator) -> str:
    """One sentence for every place or product, as pages have it that exist for search engines."""
    sentence = max(_some(material.sentences, 8, chance), key=len)
    return "\n".join(f"{word} {sentence}" for word in _some(material.keywords, int(chance.integers(15, 40)), chance))


def _read_as(encoding: str, times: int = 1) -> Maker:
    def make(material: Material, chance: np.random.Generator) -> str | None:
        text = _prose(material, chance)
        for _ in range(times):
            text = _decode_sloppily(text.encode(), encoding)
        return text

    return make


def _legacy(material: Material, chance: np.random.Generator) -> str | None:
    """Text in the old encoding of its script, read as Western European."""
    encoding = LEGACY.get(material.script)
    return encoding and _decode_sloppily(_prose(material, chance).encode(encoding, "ignore"), "cp1252")


def _lost(material: Material, chance: np.random.Generator) -> str:
    return _prose(material, chance).encode().decode("ascii", "replace")


def _question_marks(material: Material, chance: np.random.Generator) -> str:
    return _prose(material, chance).encode("ascii", "replace").decode()


LEGACY: Final = {
    "Cyrl": "cp1251", "Grek": "cp1253", "Hebr": "cp1255", "Arab": "cp1256", "Thai": "cp874", "Hani": "gb18030",
    "Hans": "gb18030", "Hant": "big5", "Jpan": "shift_jis", "Hang": "euc_kr",
}  # fmt: skip


def _decode_sloppily(data: bytes, encoding: str) -> str:
    """As browsers decode: bytes that the encoding does not have are control characters."""
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in data)


def _price_table(material: Material, chance: np.random.Generator) -> str:
    rows = []
    for word in _some(material.keywords, int(chance.integers(30, 90)), chance):
        cells = [f"{number / 100:.2f}" for number in chance.integers(1, 10**6, int(chance.integers(2, 6)))]
        rows.append("\t".join([word, *cells]))
    return "\n".join(rows)


def _link_list(material: Material, chance: np.random.Generator) -> str:
    rows = []
    for label in _labels(material, chance)[:60]:
        path = "/".join(f"{number:x}" for number in chance.integers(1, 10**6, 2))
        rows.append(f"{label}\nhttps://www.example.org/{path}.html")
    return "\n".join(rows)


KINDS: Final[Mapping[str, Mapping[str, Maker]]] = {
    "navigation": {
        "site map": _site_map,
        "bars": _menu_bars,
        "bullets": _bullet_menu,
        "with footer": _menu_with_footer,
        "real links": _real_menu,
    },
    "keywords": {
        "commas": _keyword_list(", "),
        "lines": _keyword_list("\n"),
        "spaces": _keyword_list(" "),
        "stuffing": _stuffing,
    },
    "repetition": {
        "lines": _repeated_lines,
        "paragraphs": _repeated_paragraphs,
        "glued": _glued,
        "doorway": _doorway,
    },
    "mojibake": {
        "latin-1": _read_as("latin-1"),
        "cp1252": _read_as("cp1252"),
        "cp1251": _read_as("cp1251"),
        "mac-roman": _read_as("mac-roman"),
        "shift-jis": _read_as("shift_jis"),
        "twice": _read_as("cp1252", 2),
        "legacy": _legacy,
        "replaced": _lost,
        "question marks": _question_marks,
    },
    "number table": {"prices": _price_table},
    "link list": {"addresses": _link_list},
}
"""Kinds that need one language, with their variants."""


def make_pages(
    materials: Mapping[str, Material], languages: Sequence[str], unknown: Sequence[str], each: int
) -> list[Page]:
    """Pages of every kind in every language, `each` of a kind, its variants in turn; and untouched documents.

    A text that is made twice is one page.
    """
    pages = [page for code in languages for page in _of_language(materials, languages, code, each)]
    for code in unknown:
        pages += _pages(materials[code], "wrong language", {"unknown": _prose}, each)
    return list({page.text: page for page in pages}.values())


def _of_language(materials: Mapping[str, Material], languages: Sequence[str], code: str, each: int) -> Iterator[Page]:
    others = [materials[other] for other in languages if other != code]
    alike = [other for other in others if other.script == materials[code].script]
    mixed = {"wrong language": {"mixed": _mixed(alike if len(alike) >= 2 else others)}}
    for kind, variants in {**KINDS, **mixed}.items():
        yield from _pages(materials[code], kind, variants, each)
    for number, text in enumerate(materials[code].originals[:each]):
        yield Page(f"{UNTOUCHED}/{code}/{number}", code, UNTOUCHED, UNTOUCHED, text)


def _pages(material: Material, kind: str, variants: Mapping[str, Maker], each: int) -> Iterator[Page]:
    for number in range(each):
        names = list(variants)
        for turn in range(len(names)):  # a variant that the language cannot have leaves its place to the next
            variant = names[(number + turn) % len(names)]
            page = _page(material, kind, variant, variants[variant], number)
            if page is not None:
                yield page
                break


def _page(material: Material, kind: str, variant: str, make: Maker, number: int) -> Page | None:
    name = f"{kind}/{variant}/{material.language}/{number}".replace(" ", "-")
    seed = xxhash.xxh3_64_intdigest(name.encode())
    text = make(material, np.random.default_rng(seed))
    if text is None:
        return None
    original = _prose(material, np.random.default_rng(seed)) if kind == "mojibake" else None
    if original is not None and damage(original, text) < DAMAGED:
        return None
    return Page(name, material.language, kind, variant, text, original)


def damage(original: str, text: str) -> float:
    """Share of the letters of a text that are not in another."""
    letters = Counter(character for character in original if character.isalpha())
    left = letters - Counter(unicodedata.normalize("NFC", text))
    return sum(left.values()) / max(sum(letters.values()), 1)
