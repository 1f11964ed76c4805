#!/usr/bin/env python3
"""Token ids from the reference libraries, for src/text/tokenizer_reference_test.cpp.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python tests/reference/tokenizer_goldens.py [SHARED_DATA]

Writes tests/cases/tokenizers/: small tokenizers of every kind (made here with the libraries' own trainers from
the text below), and for them and for the vocabularies under SHARED_DATA (../shared/data) the ids of a set of
texts. Text in `parse` mode finds special tokens, in `plain` mode (given where it differs) it does not. `frame` is
what a post-processor puts around an empty text; the cases are without.
"""
import base64
import io
import json
import pathlib
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/cases/tokenizers"
SHARED = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/data"

CORPUS = [
    "The ferry leaves at seven in the morning, and it doesn't wait for anyone who is late.",
    "He said that they'd better hurry; she'll have 12 boxes, 345 crates and 6,789 sacks by 10:30.",
    "Une étude très précise a été menée à l'été, près de la rivière, où naît l'eau.",
    "Über den Fluß führt eine Brücke; größere Häuser stehen dahinter.",
    "Москва и Киев стоят на реках, а река течёт к морю.",
    "日本語の文章はここにあります。漢字と仮名が混ざっています。",
    "def total(values):\n    result = 0\n    for value in values:\n        result += value * 2\n    return result\n",
    "if (x != NULL && y->next <= 100) { printf(\"%d\\n\", x[i]); }  // the end",
    "The theory that the other brother gathered there is rather weathered.",
    "   leading spaces,  double  spaces and\ttabs\t\there\n\n\nand lines",
]

TEXTS = [
    "",
    " ",
    "  ",
    "a",
    "Hello world",
    " Hello  world ",
    "The ferry doesn't leave, they'll wait. It's I'M HE'LL we've",
    "12 345 6789 3.14159 1,000,000 ½ ² ٣٤ Ⅷ",
    "Une étude très précise; e\u0301te\u0301 naïve ﬁn ﬂag Ａｂｃ１２ ㈱ ™ …",
    "Über größere Straßen STRASSE İstanbul ΑΣ Σίσυφος",
    "Москва и Киев — река течёт",
    "日本語の文章はここにあります。漢字と仮名 ｶﾀｶﾅ ガギ",
    "한국어 문장입니다. 안녕하세요",
    "العربية نص من اليمين إلى اليسار",
    "हिन्दी में एक वाक्य क्षत्रिय",
    "ไทยไม่มีช่องว่าง",
    "🙂 😀👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️",
    "def f(x):\n    return x ** 2  # twice\n\n\n\nclass A:\n\tpass\n",
    "if (x != NULL && y->next <= 100) { printf(\"%d\\n\", x[i]); }",
    "\n\n\n\t\t  \n   \t x\r\n\r\ny \r z",
    "a\u00a0b\u2003c\u3000d\u200be\ufefff\u2028g\u0085h\u180ei",
    "control \x01\x02\x07\x1b\x7f\x85 characters\x0b\x0c",
    "zero\u200dwidth\u200cjoin \u202ertl\u202c soft\u00adhyphen",
    "private \ue000 unassigned \u0378 last \U0010ffff replacement \ufffd",
    "combining a\u0300\u0301\u0302 o\u0308 \u0915\u094d\u0937 Z\u0351\u036b",
    "▁underline ▁▁ in the text_with_marks <0x41> <0xE2>",
    "http://example.com/a?b=c&d=%20#frag user@host.org C:\\dir\\file.txt",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Supercalifragilisticexpialidocious antidisestablishmentarianism" * 2,
    "... --- !!! ??? ((nested)) [x] {y} <z> `q` ~ ^ | + = $ 5€ £3 ¥7",
    "x<|end|>y <|end|> z<s>a</s>b [MASK] [CLS]q[SEP] <pad> <unk> [UNK]",
    "<tool>call</tool> a <tool> b<word>c <word> d<left>  e  <left>f  <right>  g <Norm>X <norm>x <norm>É",
    "<|endoftext|><|im_start|>user\nHi<|im_end|>\n",
    "camelCase XMLHttpRequest snake_case SCREAMING_CASE kebab-case v2beta",
    "tab\tseparated\tvalues\n1\t2\t3\n",
    "The quick brown fox jumps over the lazy dog. " * 4,
]

# For the library that takes bytes.
BYTES = [b"a\xff b", b"\xe3\x81 cut", b"\xc0\x80\xed\xa0\x80", b"ok \xf0\x9f\x98", b"\x80\x81 \xfe\xfe", b"a\x00b"]

BYTE_TOKENS = [f"<0x{b:02X}>" for b in range(256)]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(size, pre, normalizer=None, special=("<s>", "</s>", "<|end|>")):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre
    if normalizer:
        tok.normalizer = normalizer
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return tok


def edited(tok, edit):
    tree = json.loads(tok.to_str())
    edit(tree)
    return Tokenizer.from_str(json.dumps(tree))


def gpt2_like():
    return byte_level(420, pre_tokenizers.ByteLevel(add_prefix_space=False))


def roberta_like():
    tok = byte_level(380, pre_tokenizers.ByteLevel(add_prefix_space=True))
    tok.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    return tok


def llama3_like():
    tok = byte_level(420, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False,
                                                                                 use_regex=False)]))
    tok.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 0)])])
    return edited(tok, lambda tree: tree["model"].update(ignore_merges=True))


def qwen2_like():
    return byte_level(420, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False,
                                                                                use_regex=False)]),
        normalizers.NFC())


def gpt4o_like():
    return byte_level(380, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(GPT4O), "removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))


def falcon_like():
    return byte_level(380, pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")]))


def deepseek_coder_like():
    return byte_level(380, pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex("[\r\n]"), "isolated"), pre_tokenizers.Split(Regex(r"\s?\p{L}+"), "isolated"),
        pre_tokenizers.Split(Regex(r"\s?\p{P}+"), "isolated"),
        pre_tokenizers.Split(Regex("[一-龥ࠀ-一가-퟿]+"), "isolated"), pre_tokenizers.Split(Regex(r"\s+$"), "isolated"),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))


def llama2_like():
    """Byte fallback, the way SentencePiece models were first converted."""
    tok = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=620, special_tokens=["<unk>", "<s>", "</s>"] + BYTE_TOKENS, show_progress=False))

    def edit(tree):
        tree["added_tokens"] = tree["added_tokens"][:3]
    tok = edited(tok, edit)
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                     decoders.Strip(" ", 1, 0)])
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B",
                                                       special_tokens=[("<s>", 1)])
    tok.add_tokens([AddedToken("<tool>", normalized=False), "<word>"])
    return tok


def mistral_like():
    """Byte fallback, the newer way: only the start of a text gets a space before it."""
    tok = llama2_like()

    def edit(tree):
        tree["normalizer"] = None
        tree["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    return edited(tok, edit)


def unigram_like():
    tok = Tokenizer(models.Unigram())
    tok.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(),
                                           normalizers.Replace(Regex(" {2,}"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.decoder = decoders.Metaspace()
    tok.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=260, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tok.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>",
                                                       special_tokens=[("</s>", 1)])
    return tok


def unigram_bytes_like():
    def edit(tree):
        tree["normalizer"] = {"type": "Strip", "strip_left": True, "strip_right": True}
        tree["model"]["vocab"] += [[token, -20.0] for token in BYTE_TOKENS]
        tree["model"]["byte_fallback"] = True
        tree["decoder"] = {"type": "Sequence", "decoders": [
            {"type": "ByteFallback"},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]}
    return edited(unigram_like(), edit)


def wordpiece_like(**normalizer):
    tok = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    tok.normalizer = normalizers.BertNormalizer(**normalizer)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.decoder = decoders.WordPiece()
    tok.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    tok.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tok


def clip_like():
    """A suffix ends each word."""
    tok = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tok.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    tok.pre_tokenizer = pre_tokenizers.Whitespace()
    tok.decoder = decoders.BPEDecoder()
    tok.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>", "<s>"], end_of_word_suffix="</w>", show_progress=False))
    return tok


def prefix_like():
    """BPE with WordPiece's prefix; digits one by one, white space dropped; unknown characters fused."""
    tok = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##", fuse_unk=True))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(True),
                                                 pre_tokenizers.Punctuation("merged_with_previous")])
    tok.decoder = decoders.WordPiece(cleanup=False)
    tok.train_from_iterator(CORPUS[:4], trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False))
    return tok


def split_like(behavior, invert=False):
    tok = wordpiece_like(lowercase=False, strip_accents=False)
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(" ", "removed"), pre_tokenizers.Split(Regex("[aeiou.,]"), behavior, invert=invert)])
    tok.post_processor = processors.ByteLevel()
    return tok


def added_like():
    """Every condition that an added token may have."""
    tok = qwen2_like()
    tok.normalizer = normalizers.Lowercase()
    tok.add_tokens([AddedToken("<tool>", normalized=False), AddedToken("<word>", single_word=True, normalized=False),
                    AddedToken("the", single_word=True), AddedToken("<left>", lstrip=True, normalized=False),
                    AddedToken("<right>", rstrip=True, normalized=False), AddedToken("<Norm>X", normalized=True),
                    AddedToken("</tool>", lstrip=True, rstrip=True, normalized=False)])
    tok.add_special_tokens([AddedToken("<pad>", rstrip=True, normalized=False)])
    return tok


SMALL = {
    "gpt2": gpt2_like(), "roberta": roberta_like(), "llama3": llama3_like(), "qwen2": qwen2_like(),
    "gpt4o": gpt4o_like(), "falcon": falcon_like(), "deepseek_coder": deepseek_coder_like(), "llama2": llama2_like(),
    "mistral": mistral_like(), "unigram": unigram_like(), "unigram_bytes": unigram_bytes_like(),
    "bert_uncased": wordpiece_like(), "bert_cased": wordpiece_like(lowercase=False), "clip": clip_like(),
    "prefix": prefix_like(), "split_with_next": split_like("merged_with_next"),
    "split_with_previous": split_like("merged_with_previous", invert=True), "split_contiguous": split_like("contiguous"),
    "added": added_like(),
}

HUGGING_FACE = ["gpt2/tokenizer.json", "neox/tokenizer.json", "minimind/tokenizer.json", "bertt/tokenizer.json",
                "daulet/all-minilm-l6-v2.json", "daulet/bert-base-uncased.json", "t5/tokenizer.json"]


def json_cases(tok):
    tok.no_padding()
    tok.no_truncation()
    cases = []
    byte_fallback_unigram = '"type":"Unigram"' in tok.to_str() and '"byte_fallback":true' in tok.to_str()
    for text in TEXTS:
        if byte_fallback_unigram and "<0x" in text:
            continue  # here the text <0x41> becomes the token of byte 0x41, and decodes as A; in fulcrum it stays text
        tok.encode_special_tokens = False
        case = {"text": text, "parse": tok.encode(text, add_special_tokens=False).ids}
        tok.encode_special_tokens = True
        plain = tok.encode(text, add_special_tokens=False).ids
        special = {i for i, token in tok.get_added_tokens_decoder().items() if token.special}
        unknown = {tok.token_to_id("<unk>"), tok.token_to_id("[UNK]")}
        if (special - unknown) & set(plain):
            # A model whose vocabulary holds special tokens makes them of ordinary text here; fulcrum never does.
            case["plain"] = None
        elif plain != case["parse"]:
            case["plain"] = plain
        case["decoded"] = tok.decode(case["parse"])
        cases.append(case)
    return {"frame": tok.encode("").ids, "cases": cases}


def train_sentencepiece(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in CORPUS for line in text.split("\n") if line.strip()] * 3),
        model_writer=model, minloglevel=2, num_threads=1, hard_vocab_limit=False, character_coverage=0.98, **options)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.normalizer_spec.ClearField("normalization_rule_tsv")  # a path of the machine that trained it
    return proto.SerializeToString()


def sentencepiece_models():
    rules = OUT / "rules.tsv"  # ä -> ae and the like: a character map of a few hundred bytes
    rules.write_text("E4\t61 65\nF6\t6F 65\nFC\t75 65\nDF\t73 73\nFB01\t66 69\nA0\t20\n3000\t20\n9\t20\n65 301\tE9\n")
    made = {
        "bpe_bytes": train_sentencepiece(model_type="bpe", vocab_size=520, byte_fallback=True,
                                         normalization_rule_name="identity", remove_extra_whitespaces=False,
                                         user_defined_symbols=["<tool>", "\n"], control_symbols=["<|end|>"]),
        "bpe_no_prefix": train_sentencepiece(model_type="bpe", vocab_size=200, add_dummy_prefix=False,
                                             normalization_rule_tsv=str(rules), split_digits=True),
        "unigram_rules": train_sentencepiece(model_type="unigram", vocab_size=220, normalization_rule_tsv=str(rules),
                                             user_defined_symbols=["<tool>", "ferry"], pad_id=3),
        "unigram_bytes": train_sentencepiece(model_type="unigram", vocab_size=440, byte_fallback=True,
                                             normalization_rule_name="identity", remove_extra_whitespaces=False,
                                             allow_whitespace_only_pieces=True),
    }
    rules.unlink()
    return made


def sentencepiece_cases(model, texts):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    byte_fallback = any(processor.is_byte(i) for i in range(processor.vocab_size()))
    cases = [{"text": text, "plain": processor.encode(text), "decoded": processor.decode(processor.encode(text))}
             for text in texts]
    if not byte_fallback:  # with it, ill-formed bytes become byte tokens here and U+FFFD there
        for raw in BYTES:
            ids = processor.encode(raw)
            cases.append({"bytes": base64.b64encode(raw).decode(), "plain": ids})
    return {"cases": cases}


def book_cases(model, book):
    """The first lines of a book, which stands under SHARED_DATA and not in the cases."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    lines = (SHARED / book).read_bytes().split(b"\n")[:30]
    return [{"file": book, "line": i, "plain": processor.encode(line)} for i, line in enumerate(lines)]


def write(path, tree):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in tree.pop("cases")]
    head = json.dumps(tree, ensure_ascii=True)[:-1]
    path.write_text(head + (", " if len(head) > 1 else "") + '"cases": [\n' + ",\n".join(lines) + "\n]}\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, tok in SMALL.items():
        folder = OUT / "json" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(
            json.dumps(json.loads(tok.to_str()), ensure_ascii=True, separators=(",", ":")) + "\n")
        write(folder / "cases.json", json_cases(tok))
    for name in HUGGING_FACE:
        tok = Tokenizer.from_file(str(SHARED / "hf-tokenizers" / name))
        write(OUT / "shared" / (name.replace("/", "_").removesuffix(".json") + ".cases.json"),
              {"tokenizer": "hf-tokenizers/" + name, **json_cases(tok)})
    for name, model in sentencepiece_models().items():
        folder = OUT / "sentencepiece" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.model").write_bytes(model)
        write(folder / "cases.json", sentencepiece_cases(model, TEXTS))
    for name in ["sentencepiece/test_model.model", "sentencepiece/test_ja_model.model", "hf-tokenizers/t5/spiece.model"]:
        model = (SHARED / name).read_bytes()
        golden = sentencepiece_cases(model, TEXTS)
        for book in ["sentencepiece/botchan.txt", "sentencepiece/wagahaiwa_nekodearu.txt"]:
            golden["cases"] += book_cases(model, book)
        write(OUT / "shared" / (pathlib.Path(name).name + ".cases.json"), {"tokenizer": name, **golden})


if __name__ == "__main__":
    main()
