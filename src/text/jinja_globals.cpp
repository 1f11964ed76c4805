#include "text/jinja_globals.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/jinja_operators.h"

namespace fulcrum {
namespace {

JinjaValue range(JinjaHost& host, const JinjaArguments& arguments) {
  const auto a = arguments.bind("range()", {"start", "stop", "step"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "range() needs a bound");
  const std::int64_t start = a[1] ? expect_integer(*a[0], "the start of range()") : 0;
  const std::int64_t stop = expect_integer(a[1] ? *a[1] : *a[0], "the end of range()");
  const std::int64_t step = a[2] ? expect_integer(*a[2], "the step of range()") : 1;
  if (step == 0) throw_error(ErrorCode::invalid_argument, "range(): the step cannot be zero");
  std::vector<JinjaValue> items;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    host.spend(kJinjaItemWeight);
    if (items.size() >= 100'000) throw_error(ErrorCode::too_large, "range(): more than 100,000 numbers");
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return JinjaValue::list(std::move(items));
}

JinjaValue make_dict(JinjaHost& host, const JinjaArguments& arguments) {
  JinjaDict dict;
  if (arguments.positional.size() > 1)
    throw_error(ErrorCode::invalid_argument, "dict() takes one dict or list of pairs");
  if (!arguments.positional.empty()) {
    const JinjaValue& source = arguments.positional[0];
    host.spend(source.weight());
    if (source.is_dict()) {
      dict = source.dict();
    } else {
      for (const JinjaValue& pair : iterate(source)) {
        if (!pair.is_list() || pair.items().size() != 2)
          throw_error(ErrorCode::invalid_argument, "dict(): an item is not a pair");
        dict.set(pair.items()[0], pair.items()[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) dict.set(JinjaValue::string(name), value);
  return JinjaValue::dict(std::move(dict));
}

bool holds_object(const JinjaValue& value) {
  if (value.is_list()) return std::any_of(value.items().begin(), value.items().end(), holds_object);
  if (!value.is_dict()) return value.is_object();
  return std::any_of(value.dict().entries().begin(), value.dict().entries().end(),
                     [](const auto& entry) { return holds_object(entry.second); });
}

class Cycler final : public JinjaObject {
 public:
  explicit Cycler(std::vector<JinjaValue> items)
      : items_(std::move(items)), at_(std::make_shared<std::size_t>(0)) {}
  std::optional<JinjaValue> attribute(std::string_view name) const override {
    if (name == "current") return items_[*at_];
    if (name == "next") {
      return JinjaFunction::make("next",
                                 [items = items_, at = at_](JinjaHost&, const JinjaArguments& arguments) {
                                   arguments.bind("next()", {});
                                   const JinjaValue item = items[*at];
                                   *at = (*at + 1) % items.size();
                                   return item;
                                 });
    }
    if (name == "reset") {
      return JinjaFunction::make("reset", [at = at_](JinjaHost&, const JinjaArguments& arguments) {
        arguments.bind("reset()", {});
        *at = 0;
        return JinjaValue(JinjaNone{});
      });
    }
    return std::nullopt;
  }
  std::string describe() const override { return "<Cycler>"; }

 private:
  std::vector<JinjaValue> items_;
  std::shared_ptr<std::size_t> at_;
};

JinjaValue cycler(JinjaHost&, const JinjaArguments& arguments) {
  if (arguments.positional.empty())
    throw_error(ErrorCode::invalid_argument, "cycler() needs at least one item");
  return JinjaValue(std::make_shared<Cycler>(arguments.positional));
}

JinjaValue joiner(JinjaHost& host, const JinjaArguments& arguments) {
  const auto a = arguments.bind("joiner()", {"sep"});
  const JinjaText separator = a[0] ? join_printed(host, {*a[0]}) : JinjaText(", ", JinjaOrigin::source);
  return JinjaFunction::make(
      "joiner", [separator, used = std::make_shared<bool>(false)](JinjaHost&, const JinjaArguments&) {
        return JinjaValue(std::exchange(*used, true) ? separator : JinjaText());
      });
}

JinjaValue raise_exception(JinjaHost& host, const JinjaArguments& arguments) {
  const auto a = arguments.bind("raise_exception()", {"message"});
  throw_error(ErrorCode::invalid_argument, "the chat template refuses the conversation: {}",
              a[0] ? join_printed(host, {*a[0]}).bytes() : "no reason given");
}

JinjaValue strftime_now(JinjaHost& host, const JinjaArguments& arguments) {
  const auto a = arguments.bind("strftime_now()", {"format"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "strftime_now() needs a format");
  return JinjaValue::string(host.local_time(expect_text(*a[0], "the format of strftime_now()").bytes()));
}

}  // namespace

std::optional<JinjaValue> find_jinja_global(std::string_view name,
                                            std::vector<std::shared_ptr<JinjaNamespace>>& namespaces) {
  if (name == "range") return JinjaFunction::make("range", range);
  if (name == "dict") return JinjaFunction::make("dict", make_dict);
  if (name == "cycler") return JinjaFunction::make("cycler", cycler);
  if (name == "joiner") return JinjaFunction::make("joiner", joiner);
  if (name == "raise_exception") return JinjaFunction::make("raise_exception", raise_exception);
  if (name == "strftime_now") return JinjaFunction::make("strftime_now", strftime_now);
  if (name == "namespace") {
    return JinjaFunction::make("namespace", [&namespaces](JinjaHost& host, const JinjaArguments& arguments) {
      const auto made = std::make_shared<JinjaNamespace>();
      const JinjaValue values = make_dict(host, arguments);
      for (const auto& [key, value] : values.dict().entries())
        made->set(expect_text(key, "a name of namespace()").bytes(), value);
      namespaces.push_back(made);
      return JinjaValue(made);
    });
  }
  return std::nullopt;
}

JinjaLoop::JinjaLoop(std::vector<JinjaValue> items, int depth, Recurse recurse)
    : items_(std::move(items)),
      depth_(depth),
      recurse_(std::move(recurse)),
      last_change_(std::make_shared<std::optional<JinjaValue>>()) {}

std::optional<JinjaValue> JinjaLoop::attribute(std::string_view name) const {
  const auto number = [](std::size_t value) { return JinjaValue(static_cast<std::int64_t>(value)); };
  if (name == "index") return number(index_ + 1);
  if (name == "index0") return number(index_);
  if (name == "revindex") return number(items_.size() - index_);
  if (name == "revindex0") return number(items_.size() - index_ - 1);
  if (name == "first") return JinjaValue(index_ == 0);
  if (name == "last") return JinjaValue(index_ + 1 == items_.size());
  if (name == "length") return number(items_.size());
  if (name == "depth") return JinjaValue(static_cast<std::int64_t>(depth_));
  if (name == "depth0") return JinjaValue(static_cast<std::int64_t>(depth_ - 1));
  if (name == "previtem")
    return index_ > 0 ? items_[index_ - 1] : JinjaValue(JinjaUndefined{"there is no previous item"});
  if (name == "nextitem")
    return index_ + 1 < items_.size() ? items_[index_ + 1]
                                      : JinjaValue(JinjaUndefined{"there is no next item"});
  if (name == "cycle") {
    return JinjaFunction::make("cycle", [index = index_](JinjaHost&, const JinjaArguments& arguments) {
      if (arguments.positional.empty())
        throw_error(ErrorCode::invalid_argument, "loop.cycle() needs at least one item");
      return arguments.positional[index % arguments.positional.size()];
    });
  }
  if (name == "changed") {
    return JinjaFunction::make(
        "changed", [last = last_change_](JinjaHost& host, const JinjaArguments& arguments) {
          JinjaValue now = JinjaValue::tuple(arguments.positional);
          host.spend(now.weight());
          // The loop would keep itself alive through what it remembers.
          if (holds_object(now))
            throw_error(ErrorCode::unsupported, "loop.changed() is not supported for objects");
          const bool changed = !*last || !equal_values(**last, now);
          *last = std::move(now);
          return JinjaValue(changed);
        });
  }
  return std::nullopt;
}

JinjaValue JinjaLoop::call(JinjaHost&, JinjaArguments arguments) {
  const auto a = arguments.bind("loop()", {"iterable"});
  if (!recurse_ || !a[0])
    throw_error(ErrorCode::invalid_argument, "loop() needs a \"recursive\" loop and what to go through");
  return recurse_(*a[0]);
}

}  // namespace fulcrum
