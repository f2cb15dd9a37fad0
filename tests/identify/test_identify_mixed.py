"""identify.mixed: shares of languages by line."""

import pyarrow as pa
import pytest

from stages.identify.combined import CombinationModel
from stages.identify.mixed import IdentifyMixed, mixed
from stages.text.batch import TextBatch
from stages.text.language import LanguageText

ESTONIAN = "Täna on ilus ilm ja lapsed mängivad õues, sest koolis on vaheaeg ja keegi ei kiirusta."
FINNISH = "Tänään on kaunis ilma ja lapset leikkivät ulkona, koska koulussa on loma nyt."
HINDI = "आज मौसम अच्छा है और बच्चे बाहर खेल रहे हैं क्योंकि स्कूल में छुट्टी है।"

MODEL = CombinationModel(("cld2",)).open()


def shares(text: str, **options: float) -> tuple[dict[str, float], bool]:
    config = IdentifyMixed(**options)  # type: ignore[arg-type]
    batch = TextBatch(pa.RecordBatch.from_pylist([{"text": text}]), LanguageText())
    (row,) = mixed(batch, config, MODEL).to_pylist()
    return {share["language"]: share["share"] for share in row["language_shares"]}, row["code_switched"]


@pytest.mark.parametrize(
    ("text", "languages", "switched"),
    [
        (ESTONIAN, ["ekk_Latn"], False),
        (f"{ESTONIAN}\n{ESTONIAN}\n{FINNISH}", ["ekk_Latn", "fin_Latn"], True),
        (f"{FINNISH}\n\n{HINDI}\n", ["fin_Latn", "hin_Deva"], True),
        ("\n".join([ESTONIAN] * 30 + [FINNISH]), ["ekk_Latn", "fin_Latn"], False),
        (f"{ESTONIAN}\nMoi!", ["ekk_Latn"], False),
        ("", [], False),
        ("\n\n \n", [], False),
        ("Moi!\nTere!", [], False),
        (f"{ESTONIAN}\n{'1234 ' * 20}", ["und", "ekk_Latn"], False),
    ],
)
def test_shares_by_line(text: str, languages: list[str], switched: bool) -> None:
    found, flag = shares(text)
    assert (list(found), flag) == (languages, switched)
    assert sum(found.values()) == pytest.approx(1.0 if languages else 0.0)


def test_shares_are_of_characters() -> None:
    found, _ = shares(f"{ESTONIAN}\n{HINDI}")
    assert found["ekk_Latn"] == pytest.approx(len(ESTONIAN) / (len(ESTONIAN) + len(HINDI)))


def test_the_smallest_share_is_an_option() -> None:
    text = "\n".join([ESTONIAN] * 30 + [FINNISH])
    assert shares(text, smallest_share=0.02)[1]
