#include "train/curriculum_prose.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "train/curriculum_lexicon.h"

namespace fulcrum {
namespace {

// One paragraph on one line; empty if it is not prose.
std::string clean(std::string_view raw) {
  std::string text;
  std::size_t letters = 0, odd = 0;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    const bool space = std::isspace(byte) != 0;
    if (space && (text.empty() || text.back() == ' ')) continue;
    text += space ? ' ' : c;
    letters += std::isalpha(byte) != 0 ? 1 : 0;
    odd += byte >= 0x80 || std::string_view("{}<>|=_*`#\\/[]~^$@").find(c) != std::string_view::npos ? 1 : 0;
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  const bool indented = raw.starts_with("    ") || raw.starts_with("\t") || raw.starts_with("..");
  if (indented || text.size() < 60 || letters * 10 < text.size() * 7 || odd * 40 > text.size()) return {};
  return text;
}

void count_words(std::string_view text, std::map<std::string, int>& counts) {
  std::string word;
  bool lower = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // Letters beyond ASCII end no word: a word with one is not counted.
    if (std::isalpha(byte) != 0 || byte >= 0x80 || c == '\'') {
      lower = lower && std::islower(byte) != 0;
      word += c;
      continue;
    }
    if (lower && word.size() >= 4 && word.size() <= 11) ++counts[word];
    word.clear();
    lower = true;
  }
}

// Calls `found` with every sentence of 30 to 110 bytes of plain ASCII.
template <typename Found>
void for_each_sentence(std::string_view text, const Found& found) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends = text[i] == '.' || text[i] == '!' || text[i] == '?' || text[i] == ';';
    if (!ends || (i + 1 < text.size() && text[i + 1] != ' ')) continue;
    const std::string_view sentence = text.substr(begin, i + 1 - begin);
    begin = std::min(i + 2, text.size());
    const bool plain = std::all_of(sentence.begin(), sentence.end(),
                                   [](char c) { return c >= ' ' && static_cast<unsigned char>(c) < 0x7f; });
    if (plain && sentence.size() >= 30 && sentence.size() <= 110) found(sentence);
  }
}

void collect_keywords(std::string_view paragraph, std::map<std::string, Keyword, std::less<>>& keywords) {
  for_each_sentence(paragraph, [&](std::string_view sentence) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= sentence.size(); ++i) {
      if (i < sentence.size() && std::isalpha(static_cast<unsigned char>(sentence[i])) != 0) continue;
      const auto keyword = keywords.find(sentence.substr(begin, i - begin));
      begin = i + 1;
      if (keyword == keywords.end() || keyword->second.sentences.size() == 64) continue;
      auto& sentences = keyword->second.sentences;
      if (sentences.empty() || sentences.back() != sentence) sentences.emplace_back(sentence);
    }
  });
}

}  // namespace

Prose Prose::read(const Path& folder) {
  Prose prose;
  std::error_code failed;
  if (folder.empty() || !std::filesystem::is_directory(folder, failed)) return prose;
  static constexpr std::string_view kExtensions[] = {".txt", ".md", ".rst"};
  std::map<std::string, int> counts;
  for (const Path& path : list_files(folder, kExtensions)) {
    const std::string text = read_file(path);
    File file;
    file.source = path.lexically_relative(folder).begin()->string();
    std::uint64_t bytes = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
      std::size_t end = text.find("\n\n", begin);
      if (end == std::string::npos) end = text.size();
      std::string paragraph = clean(std::string_view(text).substr(begin, end - begin));
      if (!paragraph.empty()) {
        bytes += paragraph.size();
        file.paragraphs.push_back(std::move(paragraph));
      }
      begin = end + 2;
    }
    if (file.paragraphs.size() < 20) continue;
    file.training = file.paragraphs.size() - file.paragraphs.size() / 20;
    for (std::size_t i = 0; i < file.training; ++i) count_words(file.paragraphs[i], counts);
    file.weight = std::sqrt(static_cast<double>(bytes));
    prose.weight_ += file.weight;
    prose.bytes_ += bytes;
    prose.files_.push_back(std::move(file));
  }
  for (const auto& [word, count] : counts) {
    if (count >= 3 && pool_of(word) == Pool::training && !in_held_out_tables(word))
      prose.words_.push_back(word);
  }
  std::map<std::string, Keyword, std::less<>> keywords;
  for (const std::string& word : prose.words_) {
    const int count = counts.at(word);
    if (word.size() >= 5 && count >= 20 && count <= 2000) keywords[word].word = word;
  }
  for (const File& file : prose.files_) {
    for (std::size_t i = 0; i < file.training; ++i) collect_keywords(file.paragraphs[i], keywords);
  }
  for (auto& [word, keyword] : keywords) {
    if (keyword.sentences.size() >= 20) prose.keywords_.push_back(std::move(keyword));
  }
  return prose;
}

std::string Prose::passage(Random& random, std::uint64_t bytes) const {
  double at = random.uniform() * weight_;
  std::size_t chosen = 0;
  while (chosen + 1 < files_.size() && at >= files_[chosen].weight) at -= files_[chosen++].weight;
  const File& file = files_[chosen];
  std::size_t paragraph = random.below(file.training);
  // Start anywhere in the paragraph at a word, so that a long file yields more passages than it has
  // paragraphs.
  const std::string& first = file.paragraphs[paragraph];
  std::size_t begin = random.chance(0.5) ? 0 : random.below(first.size());
  while (begin > 0 && begin < first.size() && first[begin - 1] != ' ') ++begin;
  // Too near to the end of the last paragraph nothing would be left.
  if (first.size() - begin < 40) begin = 0;
  std::string text = first.substr(begin);
  while (text.size() < bytes && ++paragraph < file.training)
    text += (text.empty() ? "" : "\n") + file.paragraphs[paragraph];
  if (text.size() > bytes) {
    const std::size_t cut = text.rfind(' ', bytes);
    if (cut != std::string::npos && cut > 0) text.resize(cut);
  }
  return text;
}

std::vector<Prose::Source> Prose::sources(std::uint64_t held_out_bytes) const {
  std::vector<Source> sources;
  for (const File& file : files_) {
    if (sources.empty() || sources.back().name != file.source) sources.push_back({file.source, {}, {}});
    Source& source = sources.back();
    const auto cut = file.paragraphs.begin() + static_cast<std::ptrdiff_t>(file.training);
    source.training.insert(source.training.end(), file.paragraphs.begin(), cut);
    const std::size_t start = source.held_out.size();
    for (auto at = cut; at != file.paragraphs.end() && source.held_out.size() - start < held_out_bytes; ++at)
      source.held_out += *at + "\n";
  }
  return sources;
}

}  // namespace fulcrum
