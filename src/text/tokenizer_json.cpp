#include "text/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "text/json_settings.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_json_decoder.h"
#include "text/tokenizer_json_model.h"
#include "text/tokenizer_json_normalizer.h"
#include "text/tokenizer_json_pre_tokenizer.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kMostHoles = 1 << 16;  // ids between the model's tokens and an added one

const JsonTree& component_or_null(const JsonTree& file, std::string_view name) {
  static const JsonTree null;
  const auto found = file.find(name);
  return found == file.end() ? null : *found;
}

// What a post-processor puts around one text.
struct Frame {
  std::vector<TokenId> before, behind;
};

TokenId checked_id(const JsonTree& value, std::size_t size, std::string_view type) {
  const bool is_number = value.is_number_unsigned();
  if (!is_number || value.get<std::uint64_t>() >= size) {
    throw_error(ErrorCode::corrupt,
                "reading a tokenizer's post_processor {}: {} is not the id of one of the {} tokens", type,
                value.dump(-1, ' ', false, JsonTree::error_handler_t::replace), size);
  }
  return static_cast<TokenId>(value.get<std::int64_t>());
}

class PostProcessor {
 public:
  explicit PostProcessor(const std::vector<std::string>& tokens) : tokens_(tokens) {}

  void read(const JsonTree& component, Frame& frame) const {
    const JsonSettings settings(component, "post_processor");
    const std::string& type = settings.type();
    if (type == "Sequence") {
      for (const JsonTree& part : settings.list("processors")) read(part, frame);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      frame.before.push_back(pair_id(settings, "cls"));
      frame.behind.push_back(pair_id(settings, "sep"));
    } else if (type == "TemplateProcessing") {
      read_template(settings, component, frame);
    } else if (type != "ByteLevel") {  // which only moves offsets
      settings.unsupported();
    }
  }

 private:
  // ["[CLS]", 101]
  TokenId pair_id(const JsonSettings& settings, std::string_view key) const {
    const JsonTree& pair = settings.list(key);
    if (pair.size() != 2)
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's post_processor {}: \"{}\" is not a token and its id",
                  settings.type(), key);
    return checked_id(pair[1], tokens_.size(), settings.type());
  }

  void read_template(const JsonSettings& settings, const JsonTree& component, Frame& frame) const {
    bool is_behind = false;
    const JsonTree& parts = settings.list("single");
    for (const JsonTree& part : parts) {
      if (part.is_object() && part.contains("Sequence")) {
        is_behind = true;
      } else if (part.is_object() && part.contains("SpecialToken")) {
        const std::string name = JsonSettings(part["SpecialToken"], "post_processor").text("id");
        std::vector<TokenId>& side = is_behind ? frame.behind : frame.before;
        for (const TokenId id : ids_of(component, name)) side.push_back(id);
      } else {
        throw_error(
            ErrorCode::corrupt,
            "reading a tokenizer's post_processor TemplateProcessing: a part of \"single\" is neither "
            "SpecialToken nor Sequence");
      }
    }
    if (!is_behind) {
      throw_error(
          ErrorCode::corrupt,
          "reading a tokenizer's post_processor TemplateProcessing: \"single\" has no place for the text");
    }
  }

  std::vector<TokenId> ids_of(const JsonTree& component, const std::string& name) const {
    std::vector<TokenId> ids;
    const JsonTree& special = component_or_null(component, "special_tokens");
    if (special.is_object() && special.contains(name)) {
      for (const JsonTree& id : JsonSettings(special[name], "post_processor").list("ids"))
        ids.push_back(checked_id(id, tokens_.size(), "TemplateProcessing"));
      return ids;
    }
    const auto found = std::ranges::find(tokens_, name);
    if (name.empty() || found == tokens_.end()) {
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's post_processor TemplateProcessing: \"{}\" is no token", name);
    }
    return {static_cast<TokenId>(found - tokens_.begin())};
  }

  const std::vector<std::string>& tokens_;
};

void set_frame(const Frame& frame, Vocabulary& vocabulary) {
  if (frame.before.size() > 1 || frame.behind.size() > 1) {
    throw_error(
        ErrorCode::unsupported,
        "reading a tokenizer's post_processor: it puts {} tokens before a text and {} behind it, at most "
        "one of each is supported",
        frame.before.size(), frame.behind.size());
  }
  if (!frame.before.empty()) {
    vocabulary.bos = frame.before.front();
    vocabulary.add_bos = true;
  }
  if (!frame.behind.empty()) {
    vocabulary.eos = frame.behind.front();
    vocabulary.add_eos = true;
  }
}

// The added tokens of the file, then those of `further` that it lacks, all with their final ids.
std::vector<AddedToken> all_added(const JsonTree& file, std::span<const AddedToken> further,
                                  const std::vector<std::string>& tokens) {
  std::unordered_map<std::string, TokenId> of_model;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) of_model.emplace(tokens[id], static_cast<TokenId>(id));
  }
  std::vector<AddedToken> added;
  std::unordered_map<std::string, TokenId> seen;
  std::unordered_map<TokenId, std::string> taken;
  const auto add = [&](AddedToken token) {
    if (token.text.empty() || seen.contains(token.text)) return;
    if (const auto found = of_model.find(token.text); found != of_model.end()) token.id = found->second;
    seen.emplace(token.text, token.id);
    taken.emplace(token.id, token.text);
    added.push_back(std::move(token));
  };
  const JsonTree& entries = component_or_null(file, "added_tokens");
  if (!entries.is_null() && !entries.is_array())
    throw_error(ErrorCode::corrupt, "reading a tokenizer: \"added_tokens\" is no list");
  for (const JsonTree& entry : entries) {
    const std::int64_t id = JsonSettings(entry, "added_tokens entry").integer("id");
    if (id < 0 || id > static_cast<std::int64_t>(tokens.size() + entries.size()) + kMostHoles) {
      throw_error(ErrorCode::too_large,
                  "reading a tokenizer: the id of an added token is {}, its model has {} tokens", id,
                  tokens.size());
    }
    add(read_added_token(entry, static_cast<TokenId>(id)));
  }
  for (const AddedToken& token : further) {
    const auto id = static_cast<std::size_t>(token.id);
    const bool is_free =
        token.id >= 0 && (id >= tokens.size() || tokens[id].empty() || tokens[id] == token.text);
    if (is_free && !taken.contains(token.id) &&
        id <= tokens.size() + further.size() + static_cast<std::size_t>(kMostHoles))
      add(token);
  }
  return added;
}

}  // namespace

AddedToken read_added_token(const JsonTree& entry, TokenId id) {
  const JsonSettings settings(entry, "added_tokens entry");
  AddedToken token;
  token.text = settings.text("content");
  token.id = id;
  token.single_word = settings.flag_or("single_word", false);
  token.lstrip = settings.flag_or("lstrip", false);
  token.rstrip = settings.flag_or("rstrip", false);
  token.special = settings.flag_or("special", false);
  token.normalized = settings.flag_or("normalized", !token.special);
  return token;
}

TokenizerJson parse_tokenizer_json(const JsonTree& file, std::span<const AddedToken> further) {
  if (!file.is_object() || !file.contains("model"))
    throw_error(ErrorCode::corrupt, "reading a tokenizer: it has no \"model\"");
  const TokenizerJsonModel model(file["model"]);
  TokenizerJson result;
  Vocabulary& vocabulary = result.vocabulary;
  vocabulary.tokens = model.tokens();
  vocabulary.unknown = model.unknown();
  PipelineTokenizer::Steps& steps = result.steps;
  steps.added = all_added(file, further, model.tokens());
  for (const AddedToken& token : steps.added) {
    const auto id = static_cast<std::size_t>(token.id);
    if (id >= vocabulary.tokens.size()) vocabulary.tokens.resize(id + 1);
    if (!vocabulary.tokens[id].empty() && vocabulary.tokens[id] != token.text) {
      throw_error(ErrorCode::corrupt, "reading a tokenizer: the added token \"{}\" has the id {} of \"{}\"",
                  token.text, id, vocabulary.tokens[id]);
    }
    vocabulary.tokens[id] = token.text;
  }
  if (vocabulary.tokens.empty())
    throw_error(ErrorCode::corrupt, "reading a tokenizer: its vocabulary has no tokens");
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::normal);
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].empty()) vocabulary.types[id] = TokenType::unused;
    if (model.byte_fallback() && parse_byte_token(vocabulary.tokens[id]))
      vocabulary.types[id] = TokenType::byte;
  }
  std::vector<bool> is_special(vocabulary.tokens.size());
  for (const AddedToken& token : steps.added) {
    const auto id = static_cast<std::size_t>(token.id);
    vocabulary.types[id] = token.special ? TokenType::control : TokenType::user_defined;
    is_special[id] = token.special;
  }
  if (vocabulary.unknown)
    vocabulary.types[static_cast<std::size_t>(*vocabulary.unknown)] = TokenType::unknown;
  steps.normalizers = read_normalizers(component_or_null(file, "normalizer"));
  steps.splitters = read_word_splitters(component_or_null(file, "pre_tokenizer"));
  steps.decoders = read_piece_decoders(component_or_null(file, "decoder"));
  steps.model = model.make(is_special);
  Frame frame;
  if (const JsonTree& processor = component_or_null(file, "post_processor"); !processor.is_null())
    PostProcessor(vocabulary.tokens).read(processor, frame);
  set_frame(frame, vocabulary);
  return result;
}

}  // namespace fulcrum
