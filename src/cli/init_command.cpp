// fulcrum init FOLDER: the skeleton of a task to fill in.
#include <fmt/format.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/skeleton.h"

namespace fulcrum {
namespace {

struct Skeleton {
  std::string_view kind, metric, answer_part;
};

Skeleton skeleton_of(const std::string& kind) {
  if (kind == "classification") {
    return {"classification", "accuracy",
            "# The closed set of answers. A description helps a prompt that has room for it.\n"
            "[[labels]]\nname = \"first\"\ndescription = \"what belongs here\"\n"
            "[[labels]]\nname = \"second\"\ndescription = \"what belongs there\"\n"};
  }
  if (kind == "extraction") {
    return {"extraction", "json_field_f1",
            "# The keys of the JSON answer; type: text, number, integer, boolean or text_list.\n"
            "[[fields]]\nkey = \"name\"\ndescription = \"name or null\"\ntype = \"text\"\n"};
  }
  return {"answering", "exact_match",
          "# Questions are answered from the Markdown and text files under documents/.\n"};
}

std::string task_toml(const std::string& name, const Skeleton& skeleton) {
  return fmt::format(
      "# What the model is to do, and what counts as good enough. Check it with: fulcrum data check {0}\n"
      "name = \"{0}\"\nkind = \"{1}\"\nmetric = \"{2}\"\ntarget = 0.9\n"
      "instruction = \"Say in one sentence what is to be done.\"\n\n"
      "# OpenAI chat JSONL, one example a line, the last message the assistant's. The test file is never "
      "trained on.\n"
      "[data]\ntrain = \"train.jsonl\"\ndev = \"dev.jsonl\"\ntest = \"test.jsonl\"\n{4}\n{3}\n"
      "[prices]\ncurrency = \"EUR\"\nmachine_hour = 0.10      # of the machine that will serve "
      "it\nlabelled_example = 0.50  # one more example, by a person\n"
      "# right_answer = 0.02    # what a right answer is worth to you: then the verdict is what is worth the "
      "most "
      "after its costs\n\n"
      "[volume]\ncalls_per_month = 10000\n\n"
      "[volatility]\nbehaviour = \"stable\"      # or \"changing\": what is right changes often\n{5}",
      name, skeleton.kind, skeleton.metric, skeleton.answer_part,
      skeleton.kind == "answering" ? "documents = \"documents\"\n" : "",
      skeleton.kind == "answering" ? "documents_change_days = 30\n" : "");
}

std::string row(std::string_view input, std::string_view answer) {
  return fmt::format(
      "{{\"messages\": [{{\"role\": \"user\", \"content\": \"{}\"}}, {{\"role\": \"assistant\", \"content\": "
      "\"{}\"}}]}}\n",
      input, answer);
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  struct Arguments {
    std::string folder, kind = "classification";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = add_command(app, session, "init", "make the skeleton of a task",
                                  "fulcrum init my-task --kind classification");
  command->add_option("folder", arguments->folder, "a folder that does not exist yet")->required();
  command->add_option("--kind", arguments->kind, "what the answers are")
      ->capture_default_str()
      ->check(CLI::IsMember({"classification", "extraction", "answering"}));
  command->callback([&session, arguments] {
    const Path folder = Path(arguments->folder).lexically_normal();
    if (std::filesystem::exists(folder)) {
      throw_error(ErrorCode::invalid_argument, "making a task in {}: it exists already; name a new folder",
                  folder.string());
    }
    const Skeleton skeleton = skeleton_of(arguments->kind);
    const std::string answer = arguments->kind == "extraction"       ? "{\\\"name\\\": \\\"Ada\\\"}"
                               : arguments->kind == "classification" ? "first"
                                                                     : "two days";
    write_folder_atomic(folder, [&](const Path& temporary) {
      const std::string name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
      write_file_atomic(temporary / "task.toml", task_toml(name, skeleton));
      for (const char* split : {"train", "dev", "test"}) {
        write_file_atomic(temporary / fmt::format("{}.jsonl", split), row(skeleton_example(split), answer));
      }
      if (arguments->kind == "answering")
        write_file_atomic(temporary / "documents" / "example.md", "# Example\n\nIt takes two days.\n");
    });
    session.print(fmt::format(
        "{0}/ has a task.toml and three files of examples to fill in. Then: fulcrum data check {0}\n",
        folder.string()));
  });
}

}  // namespace fulcrum
