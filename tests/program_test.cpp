// The whole program as a person meets it: exit statuses, one clear message for what is wrong, nothing lost or
// half-written.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

namespace fulcrum {
namespace {

const Path kSource = FULCRUM_SOURCE_DIR;
const Path kModel = kSource / "models/fulcrum-base.gguf";

struct Outcome {
  int status = 0;
  std::string output;  // standard output and standard error
};

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(FULCRUM_PROGRAM)) << "the program is not built";
    folder_ =
        Path(testing::TempDir()) / fmt::format("program-{}-{}", ::getpid(),
                                               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Outcome run(const std::string& arguments) const {
    const Path log = folder_ / "output.txt";
    const std::string command = fmt::format("cd '{}' && '{}' {} > '{}' 2>&1 < /dev/null", folder_.string(),
                                            FULCRUM_PROGRAM, arguments, log.string());
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read_file(log)};
  }
  void expect(const std::string& arguments, int status, const std::string& message) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, status) << arguments << "\n" << outcome.output;
    EXPECT_NE(outcome.output.find(message), std::string::npos) << arguments << "\n" << outcome.output;
  }
  // A copy of the bundled triage task, small, to break.
  Path task(const std::string& change_from = "", const std::string& change_to = "") const {
    const Path home = folder_ / "task";
    std::filesystem::remove_all(home);
    std::filesystem::create_directories(home);
    std::filesystem::copy(kSource / "examples/support-desk/triage", home / "triage",
                          std::filesystem::copy_options::recursive);
    std::string text = read_file(kSource / "examples/support-desk/triage.toml");
    if (!change_from.empty()) text.replace(text.find(change_from), change_from.size(), change_to);
    write_file_atomic(home / "triage.toml", text);
    return home / "triage.toml";
  }

  Path folder_;
};

TEST_F(ProgramTest, WrongUseSaysWhatWasMeant) {
  expect("comapre x", 2, "did you mean 'compare'?");
  expect("", 2, "fulcrum:");
  expect("compare", 2, "task is required");
  expect("serve --port 99999", 2, "--port");
  expect("--version", 0, "fulcrum 0.");
  expect("compare --help", 0, "Example:");
}

TEST_F(ProgramTest, MissingAndBrokenModels) {
  expect("inspect nowhere.gguf", 1, "there is no such file");
  write_file_atomic(folder_ / "empty.gguf", "");
  expect("inspect empty.gguf", 1, "empty.gguf");
  const std::string model = read_file(kModel);
  for (const std::size_t size :
       {std::size_t{3}, std::size_t{40}, std::size_t{5000}, model.size() / 2, model.size() - 1}) {
    write_file_atomic(folder_ / "cut.gguf", std::string_view(model).substr(0, size));
    expect("inspect cut.gguf", 1, "cut.gguf");
    if (size > 100000) expect("inspect cut.gguf", 1, "tensors described");
  }
}

TEST_F(ProgramTest, TaskFilesAreReadStrictly) {
  const auto check = [this](const Path& file) { return "data check " + file.string(); };
  expect(check(task()), 0, "Nothing stands against running this");
  expect(check(task("metric =", "metirc =")), 2, "is 'metirc' meant to be it?");
  expect(check(task("\"accuracy\"", "\"acuracy\"")), 2, "did you mean 'accuracy'?");
  expect(check(task("\"triage/dev.jsonl\"", "\"triage/nothing.jsonl\"")), 2, "nothing.jsonl");
  expect("data check nowhere.toml", 1, "nowhere.toml");
}

TEST_F(ProgramTest, BadRowsAreNamedByLineAndField) {
  const Path file = task();
  const Path train = file.parent_path() / "triage/train.jsonl";
  const std::string good = read_file(train);
  write_file_atomic(train, good + "{\"messages\": [{\"role\": \"robot\", \"content\": \"x\"}]}\n");
  expect("data check " + file.string(), 1, "train.jsonl:361: messages[0].role");
  expect("compare " + file.string(), 2, "train.jsonl:361: messages[0].role");
  write_file_atomic(train, good +
                               "{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\"}, {\"role\": "
                               "\"assistant\", \"content\": \"swap\"}]}\n");
  expect("data check " + file.string(), 1, "UTF-8");
  write_file_atomic(train, "");
  expect("data check " + file.string(), 1, "train.jsonl");
  expect("compare " + file.string(), 2, "train.jsonl");
  const std::string test_rows = read_file(file.parent_path() / "triage/test.jsonl");
  write_file_atomic(train, good + test_rows.substr(0, test_rows.find('\n') + 1));
  expect("data check " + file.string(), 1, "leak");
  expect("compare " + file.string(), 2, "triage-test-");
}

TEST_F(ProgramTest, APromptLongerThanTheContextIsRefused) {
  const Path file = task();
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "leaf ";
  const Path test_file = file.parent_path() / "triage/test.jsonl";
  write_file_atomic(test_file, "{\"messages\": [{\"role\": \"user\", \"content\": \"" + text +
                                   "\"}, {\"role\": \"assistant\", \"content\": \"swap\"}]}\n" +
                                   read_file(test_file));
  const Outcome outcome = run("compare " + file.string() + " --quiet");
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_NE(outcome.output.find("tokens"), std::string::npos) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "evidence") &&
               !std::filesystem::is_empty(folder_ / "evidence"));
}

TEST_F(ProgramTest, TokensGoBothWays) {
  const Outcome there = run("tokenize 'Two days, 17 leaves.' --quiet --json -");
  ASSERT_EQ(there.status, 0) << there.output;
  const std::string json = there.output.substr(there.output.find('{'));
  std::string ids;
  const Json result = parse_json(json, "tokenize");
  for (const Json& id : result["ids"]) ids += (ids.empty() ? "" : ",") + std::to_string(id.get<int>());
  expect("tokenize --ids " + ids, 0, "Two days, 17 leaves.");
}

TEST_F(ProgramTest, InitMakesATaskThatChecks) {
  expect("init my-task --kind classification", 0, "task.toml");
  expect("data check my-task", 0, "Nothing stands against running this");
  expect("init my-task", 2, "exists already");
}

// kill -9 in the middle of fine-tuning: nothing half-written stands where the adapter would.
TEST_F(ProgramTest, KilledTrainingLeavesNothingHalfWritten) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string output = (folder_ / "tuned").string(),
                      file = (kSource / "examples/support-desk/triage.toml").string();
    ::freopen("/dev/null", "w", stderr);
    ::execl(FULCRUM_PROGRAM, "fulcrum", "tune", file.c_str(), "--output", output.c_str(), "--quiet", nullptr);
    ::_exit(127);
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "training ended before it could be killed";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "tuned/adapter"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "tuned/recipe.toml"));
}

// Law 1 and law 2 on the whole program: the base is untouched, and a replay gives the same bits.
using ProgramSlow = ProgramTest;

TEST_F(ProgramSlow, CompareAndReplay) {
  const std::string before = sha256_file(kModel);
  const Outcome compared = run("compare " + (kSource / "examples/support-desk/answer.toml").string() +
                               " --max-test-items 12 --quiet --json result.json");
  ASSERT_EQ(compared.status, 0) << compared.output;
  EXPECT_EQ(sha256_file(kModel), before);
  const Json result = read_json(folder_ / "result.json");
  EXPECT_EQ(result["schema"], 1);
  EXPECT_EQ(result["base_model"]["sha256_before"], result["base_model"]["sha256_after"]);
  const Json& task = result["tasks"][0];
  for (const char* key : {"task", "smallest_detectable_difference", "recipes", "comparisons", "verdict"})
    EXPECT_TRUE(task.contains(key)) << key;
  for (const Json& recipe : task["recipes"]) {
    for (const char* key : {"id", "levers", "sha256", "quality", "consistency", "latency_ms",
                            "tokens_per_call", "cost", "seconds_to_iterate"}) {
      EXPECT_TRUE(recipe.contains(key)) << key;
    }
  }
  const Path evidence = *std::filesystem::directory_iterator(folder_ / "evidence");
  expect("replay " + evidence.string() + " --quiet", 0, "the same, bit for bit");
  expect("decide " + evidence.string() + " --calls-per-month 1 --target 0.01", 0, "Verdict:");
  // A document changed on disk changes the next answer of the served recipe, with no training.
  expect("run " + (evidence / "recipes/retrieval").string() + " 'What is the fee for gift cards?' --quiet", 0,
         "given:");
  // What was measured can be shown again: the prompt behind the recorded digest, and its rewordings.
  const auto first_row = [](const Path& file) {
    const std::string rows = read_file(file);
    return parse_json(rows.substr(0, rows.find('\n')), file.string());
  };
  const Json item = first_row(evidence / "recipes/zero_shot/items.jsonl");
  const Json tested = first_row(evidence / "task/tested.jsonl");
  const std::string show = "run " + (evidence / "recipes/zero_shot").string() +
                           " --show-prompt --json prompts.json --quiet '" +
                           tested["messages"][0]["content"].get<std::string>() + "'";
  expect(show, 0, "<|assistant|>");
  EXPECT_EQ(sha256(read_json(folder_ / "prompts.json")[0].get<std::string>()), item["prompt_sha256"]);
  expect(show + " --rewording 1", 0, "Use the documents to answer the question in a few words.");
  expect(show + " --rewording 6", 2, "--rewording");
}

}  // namespace
}  // namespace fulcrum
