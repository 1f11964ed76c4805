// The functions that every template can name: range, dict, namespace, cycler, joiner, raise_exception,
// strftime_now.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja_value.h"

namespace fulcrum {

// `namespaces` keeps every namespace made, so that the caller can break cycles among them afterwards.
std::optional<JinjaValue> find_jinja_global(std::string_view name,
                                            std::vector<std::shared_ptr<JinjaNamespace>>& namespaces);

// The variable "loop" of a for statement.
class JinjaLoop final : public JinjaObject {
 public:
  using Recurse = std::function<JinjaValue(const JinjaValue& items)>;
  JinjaLoop(std::vector<JinjaValue> items, int depth, Recurse recurse);
  std::optional<JinjaValue> attribute(std::string_view name) const override;
  bool callable() const override { return static_cast<bool>(recurse_); }
  JinjaValue call(JinjaHost& host, JinjaArguments arguments) override;
  std::string describe() const override { return "<LoopContext>"; }

  const std::vector<JinjaValue>& items() const { return items_; }
  void move_to(std::size_t index) { index_ = index; }

 private:
  std::vector<JinjaValue> items_;
  std::size_t index_ = 0;
  int depth_;
  Recurse recurse_;
  std::shared_ptr<std::optional<JinjaValue>> last_change_;
};

}  // namespace fulcrum
