// Holds the house to docs/ARCHITECTURE.md: includes follow its table, and no file outgrows the size cap.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"

namespace fulcrum {
namespace {

struct Floor {
  int number = 0;
  std::set<std::string> may_include;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Path source_root() {
  return Path(FULCRUM_SOURCE_DIR);
}

std::map<std::string, Floor> read_table() {
  static const std::regex row(R"(^\| (\d) \| `([a-z]+)` \|[^|]*\|([^|]*)\|$)");
  static const std::regex word("[a-z]+");
  std::map<std::string, Floor> table;
  for (const std::string& line : lines_of(read_file(source_root() / "docs/ARCHITECTURE.md"))) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    Floor floor{std::stoi(match[1]), {}};
    const std::string allowed = match[3];
    for (std::sregex_iterator it(allowed.begin(), allowed.end(), word), end; it != end; ++it) {
      floor.may_include.insert(it->str());
    }
    table[match[2]] = floor;
  }
  return table;
}

std::vector<Path> sources() {
  static constexpr std::string_view kExtensions[] = {".h", ".cpp"};
  return list_files(source_root() / "src", kExtensions);
}

TEST(Layers, TheTableNamesEveryFolderAndOnlyLowerFloors) {
  const auto table = read_table();
  ASSERT_EQ(table.size(), 17u);
  for (const auto& entry : std::filesystem::directory_iterator(source_root() / "src")) {
    EXPECT_TRUE(table.contains(entry.path().filename().string())) << entry.path();
  }
  for (const auto& [folder, floor] : table) {
    for (const std::string& below : floor.may_include) {
      ASSERT_TRUE(table.contains(below)) << folder << " names " << below;
      EXPECT_LT(table.at(below).number, floor.number) << folder << " may include " << below;
    }
  }
}

TEST(Layers, IncludesFollowTheTable) {
  static const std::regex include(R"re(^\s*#include "([a-z_0-9]+)/([a-z_0-9/]+\.h)".*)re");
  const auto table = read_table();
  for (const Path& path : sources()) {
    const Path relative = std::filesystem::relative(path, source_root() / "src");
    const std::string folder = relative.begin()->string();
    for (const std::string& line : lines_of(read_file(path))) {
      std::smatch match;
      if (!std::regex_match(line, match, include)) continue;
      const std::string target = match[1];
      if (target == folder || !table.contains(target)) continue;  // a library's own header
      EXPECT_TRUE(table.at(folder).may_include.contains(target))
          << relative << " includes " << target << "/" << match[2]
          << ", which docs/ARCHITECTURE.md does not allow";
    }
  }
}

// A line counts as code if it holds anything but white space and a // comment.
TEST(Layers, NoFileHasMoreThan500LinesOfCode) {
  static const std::regex not_code(R"(^\s*(//.*)?$)");
  for (const Path& path : sources()) {
    int code = 0;
    for (const std::string& line : lines_of(read_file(path))) code += !std::regex_match(line, not_code);
    EXPECT_LE(code, 500) << path << ": split it; a split adds a noun";
  }
}

TEST(Layers, ModulesComeWithATest) {
  // A folder without any test would be asleep: cli/ is covered by the cases that run the whole program.
  const auto table = read_table();
  std::map<std::string, int> tests, modules;
  for (const Path& path : sources()) {
    const std::string folder = std::filesystem::relative(path, source_root() / "src").begin()->string();
    const std::string name = path.filename().string();
    if (name.ends_with("_test.cpp"))
      ++tests[folder];
    else if (name.ends_with(".cpp"))
      ++modules[folder];
  }
  for (const auto& [folder, count] : modules) {
    if (folder == "cli") continue;
    EXPECT_GT(tests[folder], 0) << folder << " has " << count << " modules and no test";
  }
}

TEST(Layers, LibrariesNeverPrintExitOrAbort) {
  static const std::regex forbidden(
      R"(std::cout|std::cerr|\bprintf\(|\bfprintf\(|fmt::print|\bstd::exit\(|\bexit\(|\babort\()");
  for (const Path& path : sources()) {
    const Path relative = std::filesystem::relative(path, source_root() / "src");
    if (*relative.begin() == "cli") continue;
    const std::string name = path.filename().string();
    if (name.ends_with("_test.cpp") || name.ends_with("_fuzz.cpp")) continue;
    for (const std::string& line : lines_of(read_file(path))) {
      const auto comment = line.find("//");
      EXPECT_FALSE(std::regex_search(line.substr(0, comment), forbidden)) << relative << ": " << line;
    }
  }
}

}  // namespace
}  // namespace fulcrum
