"""A sentencepiece model as a tokenizer.json of Hugging Face tokenizers, and the check that both agree."""

from collections.abc import Sequence

from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

SPACE = "▁"


def to_json(processor: SentencePieceProcessor, algorithm: str) -> bytes:
    """The same vocabulary, normalization and byte fallback; special tokens are marked as such."""
    ids = range(processor.vocab_size())
    pieces = [processor.id_to_piece(number) for number in ids]
    special = [number for number in ids if processor.is_control(number) or processor.is_unknown(number)]
    if algorithm == "unigram":
        scored = [(piece, processor.get_score(number)) for number, piece in enumerate(pieces)]
        tokenizer = Tokenizer(models.Unigram(scored, unk_id=processor.unk_id(), byte_fallback=True))
    else:
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        apart = {pieces[number] for number in (*special, *filter(processor.is_byte, ids))}
        merges = _merges({piece: number for piece, number in vocabulary.items() if piece not in apart})
        unknown = pieces[processor.unk_id()]
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    # Pieces never cross the start of a word, so each word is a problem of its own.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(rf"(?<!{SPACE}){SPACE}"), "merged_with_next")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(pieces[number], special=True, normalized=False) for number in special])
    return str(tokenizer.to_str(pretty=False)).encode()


def differing(processor: SentencePieceProcessor, converted: bytes, texts: Sequence[str]) -> int:
    """The number of texts to which the two give different ids."""
    tokenizer = Tokenizer.from_str(converted.decode())
    tokenizer.encode_special_tokens = True
    ours = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    theirs = processor.encode(list(texts), out_type=int, num_threads=1)
    return sum(one.ids != other for one, other in zip(ours, theirs, strict=True))


def _merges(rank: dict[str, int]) -> list[tuple[str, str]]:
    """Every way to make a piece of two pieces, in the order in which sentencepiece prefers the result."""
    found = [
        (rank[piece], rank[piece[:cut]], rank[piece[cut:]], piece[:cut], piece[cut:])
        for piece in rank
        for cut in range(1, len(piece))
        if piece[:cut] in rank and piece[cut:] in rank
    ]
    return [(left, right) for *_, left, right in sorted(found)]
