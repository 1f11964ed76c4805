#!/usr/bin/env python3
"""Tokenizer files with one defect each, and the message each must get: tests/cases/tokenizers/broken/.

    python tests/reference/broken_tokenizers.py
"""
import base64
import copy
import json
import pathlib
import struct

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/cases/tokenizers/broken"

BPE = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": 4, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                                                {"Sequence": {"id": "A", "type_id": 0}}],
                       "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3},
              "merges": ["a b"]},
}
UNIGRAM = {"added_tokens": [], "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1.5]]}}
WORDPIECE = {"added_tokens": [], "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "a": 1}}}


def changed(base, path, value):
    """`base` with the value at `path` (keys and indices) replaced; None as a path's end removes nothing."""
    tree = copy.deepcopy(base)
    at = tree
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return tree


def without(base, *path):
    tree = copy.deepcopy(base)
    at = tree
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return tree


def charsmap(raw):
    return changed(BPE, ["normalizer"], {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(raw).decode()})


JSON = {
    "empty_file": ("", "corrupt", "this is not valid JSON"),
    "cut_off": (json.dumps(BPE)[:200], "corrupt", "this is not valid JSON"),
    "nul_inside": (json.dumps(BPE) + "\0", "corrupt", "there is a NUL"),
    "too_deep": ("[" * 600 + "]" * 600, "too_large", "nested more than 512 levels deep"),
    "no_object": ([1, 2], "corrupt", 'it has no "model"'),
    "no_model": (without(BPE, "model"), "corrupt", 'it has no "model"'),
    "model_a_text": (changed(BPE, ["model"], "BPE"), "corrupt", "model: it is string, expected an object"),
    "unknown_model": (changed(BPE, ["model", "type"], "WordLevel"), "unsupported", 'the model "WordLevel" is not known'),
    "no_vocabulary": (without(BPE, "model", "vocab"), "corrupt", "it has no vocabulary"),
    "vocabulary_empty": (changed(changed(BPE, ["model", "vocab"], {}), ["added_tokens"], []), "corrupt",
                         "its vocabulary has no tokens"),
    "id_negative": (changed(BPE, ["model", "vocab", "a"], -1), "corrupt", 'the id of "a" is -1'),
    "id_a_fraction": (changed(BPE, ["model", "vocab", "a"], 1.5), "corrupt", 'the id of "a" is 1.5'),
    "id_huge": (changed(BPE, ["model", "vocab", "a"], 4000000000), "too_large", 'the id of "a" is 4000000000'),
    "id_twice": (changed(BPE, ["model", "vocab", "a"], 1), "corrupt", "have the same id 1"),
    "no_merges": (without(BPE, "model", "merges"), "corrupt", '"merges" is missing, expected a list'),
    "merge_of_one_part": (changed(BPE, ["model", "merges"], ["ab"]), "corrupt", 'merge 0 is "ab"'),
    "merge_of_three_parts": (changed(BPE, ["model", "merges"], [["a", "b", "c"]]), "corrupt", "merge 0 is"),
    "merge_of_no_token": (changed(BPE, ["model", "merges"], ["a z"]), "corrupt", "the second is no token"),
    "merge_to_no_token": (changed(BPE, ["model", "merges"], ["b a"]), "corrupt", "what they join to is no token"),
    "dropout": (changed(BPE, ["model", "dropout"], 0.1), "unsupported", "at random (dropout)"),
    "flag_a_number": (changed(BPE, ["model", "byte_fallback"], 1), "corrupt",
                      '"byte_fallback" is number, expected true or false'),
    "added_no_list": (changed(BPE, ["added_tokens"], {}), "corrupt", '"added_tokens" is no list'),
    "added_without_content": (without(BPE, "added_tokens", 0, "content"), "corrupt", '"content" is missing'),
    "added_id_taken": (changed(BPE, ["added_tokens", 0, "id"], 2), "corrupt", 'the added token "<s>" has the id 2 of "ab"'),
    "added_id_huge": (changed(BPE, ["added_tokens", 0, "id"], 1 << 40), "too_large", "the id of an added token is"),
    "unknown_normalizer": (changed(BPE, ["normalizer", "type"], "Rot13"), "unsupported", 'normalizer "Rot13" is not known'),
    "replace_without_content": (changed(BPE, ["normalizer"], {"type": "Replace", "pattern": {"String": "a"}}), "corrupt",
                                '"content" is missing, expected a string'),
    "charsmap_no_base64": (changed(BPE, ["normalizer"], {"type": "Precompiled", "precompiled_charsmap": "?!"}), "corrupt",
                           "its map is not base64"),
    "charsmap_short": (charsmap(b"ab"), "corrupt", "reading a character map: 2 bytes"),
    "charsmap_trie_too_long": (charsmap(struct.pack("<I", 4096) + bytes(8)), "corrupt", "its trie has 4096 bytes"),
    "charsmap_text_open": (charsmap(struct.pack("<I", 4) + bytes(4) + b"abc"), "corrupt", "its last text has no end"),
    "unknown_pre_tokenizer": (changed(BPE, ["pre_tokenizer"], {"type": "Sequence", "pretokenizers": [{"type": "Magic"}]}),
                              "unsupported", 'pre_tokenizer "Magic" is not known'),
    "unknown_behavior": (changed(BPE, ["pre_tokenizer"], {"type": "Split", "pattern": {"String": "a"},
                                                          "behavior": "Dropped"}), "unsupported", '"Dropped" is not known'),
    "expression_open": (changed(BPE, ["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": "(a"},
                                                         "behavior": "Isolated"}), "unsupported", "missing closing parenthesis"),
    "class_in_class": (changed(BPE, ["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": "[a-z&&[^b]]"},
                                                        "behavior": "Isolated"}), "unsupported", "a class within a class"),
    "metaspace_empty": (changed(BPE, ["pre_tokenizer"], {"type": "Metaspace", "replacement": ""}), "corrupt",
                        "its replacement is empty"),
    "unknown_decoder": (changed(BPE, ["decoder", "type"], "CTC"), "unsupported", 'decoder "CTC" is not known'),
    "strip_of_two": (changed(BPE, ["decoder"], {"type": "Strip", "content": "ab", "start": 1, "stop": 0}), "corrupt",
                     "expected one character"),
    "strip_from_the_end": (changed(BPE, ["decoder"], {"type": "Sequence", "decoders": [
        {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 0, "stop": 1}]}), "unsupported",
        "from the end of the whole text"),
    "unknown_post_processor": (changed(BPE, ["post_processor", "type"], "Postman"), "unsupported",
                               'post_processor "Postman" is not known'),
    "template_id_outside": (changed(BPE, ["post_processor", "special_tokens", "<s>", "ids"], [9]), "corrupt",
                            "9 is not the id of one of the 5 tokens"),
    "template_without_text": (changed(BPE, ["post_processor", "single"], [{"SpecialToken": {"id": "<s>", "type_id": 0}}]),
                              "corrupt", "has no place for the text"),
    "template_of_two": (changed(BPE, ["post_processor", "special_tokens", "<s>", "ids"], [4, 4]), "unsupported",
                        "it puts 2 tokens before a text"),
    "score_a_text": (changed(UNIGRAM, ["model", "vocab", 1, 1], "x"), "corrupt", "entry 1 of its vocabulary"),
    "unknown_outside": (changed(UNIGRAM, ["model", "unk_id"], 7), "corrupt", "its unk_id is 7 of 2 tokens"),
    "unknown_missing": (changed(UNIGRAM, ["model", "unk_id"], None), "corrupt",
                        "neither all 256 byte tokens nor an unknown token"),
    "wordpiece_without_unknown": (changed(WORDPIECE, ["model", "unk_token"], "<u>"), "corrupt",
                                  'its unknown token "<u>" is not in its vocabulary'),
}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text, score=0.0, kind=1):
    return field(1, field(1, text.encode()) + field(2, float(score)) + field(3, kind))


PIECES = piece("<unk>", kind=2) + piece("<s>", kind=3) + piece("\u2581", -1) + piece("a", -2)
TRAINER = field(2, field(3, 1))
BYTES = b"".join(piece(f"<0x{b:02X}>", kind=6) for b in range(256))
NORMALIZER = field(3, field(1, b"identity"))

MODEL = {
    "empty_file": (b"", "corrupt", "it has no pieces"),
    "text_file": (b"this is no model at all", "corrupt", "reading"),
    "cut_off": ((PIECES + TRAINER)[:-3], "corrupt", "expected at byte"),
    "length_beyond_the_end": (PIECES + b"\x0a\xff\x7f", "corrupt", "16383 bytes expected"),
    "length_beyond_64_bits": (PIECES + b"\x0a" + b"\xff" * 10, "corrupt", "is longer than 64 bits"),
    "field_zero": (PIECES + b"\x00\x00", "corrupt", "field number 0"),
    "group": (PIECES + b"\x0b", "corrupt", "has wire type 3"),
    "pieces_as_a_number": (PIECES + field(1, 7), "corrupt", "has wire type 0, expected 2"),
    "score_as_a_number": (PIECES + field(1, field(1, b"b") + field(2, 3)), "corrupt", "has wire type 0, expected 5"),
    "piece_without_text": (PIECES + field(1, field(2, 1.0)), "corrupt", "piece 4 has no text"),
    "piece_of_type_9": (PIECES + piece("b", kind=9), "corrupt", "piece 4 has type 9, expected 1 to 6"),
    "score_infinite": (PIECES + piece("b", float("inf")), "corrupt", "the score of piece 4 is not a finite number"),
    "piece_twice": (PIECES + piece("a"), "corrupt", 'piece 4 is "a", as another is'),
    "no_unknown": (piece("a"), "corrupt", "0 pieces of type unknown"),
    "two_unknown": (PIECES + piece("<unk2>", kind=2), "corrupt", "2 pieces of type unknown"),
    "byte_piece_without_fallback": (PIECES + piece("<0x41>", kind=6), "corrupt", "the model is without byte fallback"),
    "byte_piece_misspelt": (PIECES + piece("<0xGG>", kind=6) + field(2, field(35, 1)), "corrupt", "is not <0xHH>"),
    "byte_missing": (PIECES + BYTES[:-len(piece("<0xFF>", kind=6))] + field(2, field(35, 1)), "corrupt",
                     "255 pieces for single bytes"),
    "word_model": (PIECES + field(2, field(3, 3)), "unsupported", "its model type is word"),
    "model_type_8": (PIECES + field(2, field(3, 8)), "corrupt", "its model type is 8"),
    "space_as_suffix": (PIECES + field(2, field(24, 1)), "unsupported", "white space as a suffix"),
    "space_unescaped": (PIECES + field(3, field(5, 0)), "unsupported", "leaves spaces as they are"),
    "denormalizer": (PIECES + field(5, field(2, b"\x04\0\0\0\0\0\0\0\0")), "unsupported", "it has a denormaliser"),
    "charsmap_short": (PIECES + field(3, field(2, b"ab")), "corrupt", "reading a character map: 2 bytes"),
    "charsmap_trie_zero": (PIECES + field(3, field(2, bytes(8))), "corrupt", "its trie has 0 bytes"),
}


def main():
    for kind, cases, suffix in [("json", JSON, ".json"), ("sentencepiece", MODEL, ".model")]:
        folder = OUT / kind
        folder.mkdir(parents=True, exist_ok=True)
        expected = {}
        for name, (content, code, message) in cases.items():
            raw = content if isinstance(content, bytes) else (
                content if isinstance(content, str) else json.dumps(content)).encode()
            (folder / (name + suffix)).write_bytes(raw)
            expected[name + suffix] = {"code": code, "message": message}
        (OUT / f"{kind}.expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
