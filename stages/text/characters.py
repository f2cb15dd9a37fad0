"""Which characters make words, join them, separate them and end sentences.

Everything rests on the Unicode tables of the `regex` package, whose version is part of the key of `annotate`; those
of the Python interpreter differ between its versions.
"""

from typing import Final

UNSPACED_SCRIPTS: Final = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan")
"""Scripts written without spaces between words: ICU's dictionaries find the words of their runs.

ICU has none for Tibetan; there the tsheg separates syllables, and a syllable counts as a word.
"""

_UNSPACED: Final = "".join(rf"\p{{Script={script}}}" for script in UNSPACED_SCRIPTS)

# the prolonged sound marks are letters of script Common
UNSPACED: Final = rf"[[{_UNSPACED}ーｰ]&&[\p{{L}}\p{{M}}\p{{N}}]]"
UNSPACED_BLOCKS: Final = (
    "[\u0e00-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u9fff\ua9e0-\uaaff\uf900-\ufaff\uff66-\uff9f"
    "\U0001aff0-\U0001b2ff\U00020000-\U0003ffff]"
)
"""Code point ranges around the unspaced scripts: a quick test whether a text can hold any."""

SPACED: Final = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}ーｰ]]"

APOSTROPHES: Final = "'’‘ʼʻ`´′＇՚ꞌ"
"""Typographic variants of one letter of many orthographies: Uzbek oʻ, Ukrainian ’, Breton cʼh."""

HYPHENS: Final = "-‐‑﹣－"
COLONS: Final = ":꞉："

JOINERS: Final = "'’‘`´′＇՚" + "‐‑－" + "·‧_" + "՛՜՞" + "־׳״"
"""Punctuation that belongs to the word when it stands inside it, besides the hyphen-minus and the colon.

Middle dot: Catalan col·lecció. Low line: identifiers (Unicode's ExtendNumLet). Armenian marks stand over a vowel.
Hebrew maqaf, geresh and gershayim.
"""

SEPARATORS: Final = "\u200b\ufeff፡་༌"
"""Characters that separate words as a space does: zero width spaces, Ethiopic wordspace, Tibetan tsheg."""

INVISIBLE: Final = r"[\p{Cf}--[\u200b\ufeff]]"
"""Format characters (ZWJ, ZWNJ, soft hyphen, direction marks): part of a word inside it, nothing elsewhere."""

CLOSERS: Final = "\"'”’»›)]}）」』】〉》"
"""What may follow the mark that ends a sentence and still belongs to it."""

TERMINATORS: Final = (
    ".!?…‥։؝؞؟۔܀܁܂߹࠷࠹࠽࠾।॥၊။።፧፨᙮᜵᜶។៕៖៙៚᠃᠉᥄᥅᪨᪩᪪᪫᭎᭏᭚᭛᭞᭟᭽᭾᭿᰻᰼᱾᱿‼‽⁇⁈⁉⳹⳺⳻⸮⸼⹓⹔。꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫"
    "﹒﹖﹗！．？｡𐩖𐩗𐽕𐽖𐽗𐽘𐽙𐾆𐾇𐾈𐾉𑁇𑁈𑂾𑂿𑃀𑃁𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑏔𑏕𑑋𑑌𑗂𑗃𑗉𑗊𑗋𑗌𑗍𑗎𑗏𑗐𑗑𑗒𑗓𑗔𑗕𑗖𑗗𑙁𑙂𑜼𑜽𑜾𑥄𑥆𑩂𑩃𑪛𑪜𑱁𑱂𑻷𑻸𑽃𑽄𖩮𖩯𖫵𖬷𖬸𖭄𖺘𛲟𝪈"
    "།༎༏༐༑༔"
)
"""Sentence_Terminal of Unicode 16 with the Tibetan shad, the ellipsis and the Khmer marks.

A superset of the list of datatrove 0.10.1, which has neither ellipsis nor shad.
"""

SPACED_TERMINATORS: Final = ".!?…‥;:"
"""Terminators that end a sentence only before white space: they also stand in numbers, names and addresses."""
