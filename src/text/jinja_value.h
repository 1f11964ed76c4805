// The values of the Jinja engine: Python's, as far as templates use them. Immutable but for namespaces; cheap
// to copy.
//
// Integers are 64 bits and overflow is an error. Containers nest at most kJinjaContainerDepth deep and weigh
// at most kJinjaContainerWeight (bytes, and kJinjaItemWeight an item, shared parts counted each time), so
// that walking, comparing, printing and destroying them needs a bounded stack and bounded time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/json_fwd.h"
#include "text/jinja_text.h"

namespace fulcrum {

inline constexpr int kJinjaContainerDepth = 100;
inline constexpr std::uint64_t kJinjaContainerWeight = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kJinjaItemWeight = 16;

class JinjaValue;
class JinjaObject;

// Something that is not there; using it other than by printing or testing it is an error with this reason.
struct JinjaUndefined {
  std::string reason;  // "'tools' is undefined"
};
struct JinjaNone {};

struct JinjaList;
class JinjaDict;

class JinjaValue {
 public:
  JinjaValue();  // undefined, without a reason
  JinjaValue(JinjaUndefined undefined);
  JinjaValue(JinjaNone none);
  explicit JinjaValue(bool value);
  explicit JinjaValue(std::int64_t value);
  explicit JinjaValue(double value);
  explicit JinjaValue(JinjaText text);
  explicit JinjaValue(std::shared_ptr<JinjaObject> object);
  static JinjaValue string(std::string_view text, JinjaOrigin origin = JinjaOrigin::source);
  static JinjaValue list(std::vector<JinjaValue> items);
  static JinjaValue tuple(std::vector<JinjaValue> items);
  static JinjaValue dict(JinjaDict dict);
  // Every string in it is from input.
  static JinjaValue from_json(const Json& json);

  bool is_undefined() const { return std::holds_alternative<JinjaUndefined>(value_); }
  bool is_none() const { return std::holds_alternative<JinjaNone>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_float() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_bool() || is_int() || is_float(); }
  bool is_string() const { return std::holds_alternative<Text>(value_); }
  bool is_list() const { return std::holds_alternative<List>(value_); }  // or a tuple
  bool is_dict() const { return std::holds_alternative<Dict>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // The alternative must be there.
  const std::string& undefined_reason() const { return std::get<JinjaUndefined>(value_).reason; }
  bool boolean() const { return std::get<bool>(value_); }
  std::int64_t integer() const { return std::get<std::int64_t>(value_); }
  double floating() const { return std::get<double>(value_); }
  const JinjaText& text() const { return *std::get<Text>(value_); }
  const std::vector<JinjaValue>& items() const;
  bool is_tuple() const;
  const JinjaDict& dict() const { return *std::get<Dict>(value_); }
  const std::shared_ptr<JinjaObject>& object() const { return std::get<Object>(value_); }

  // Any number as a double.
  double number() const;
  bool truth() const;
  int depth() const;  // 0 for scalars
  std::uint64_t weight() const;
  std::string_view type_name() const;  // Python's: "str", "int", "NoneType", ...

 private:
  using Text = std::shared_ptr<const JinjaText>;
  using List = std::shared_ptr<const JinjaList>;
  using Dict = std::shared_ptr<const JinjaDict>;
  using Object = std::shared_ptr<JinjaObject>;
  static JinjaValue sequence(std::vector<JinjaValue> items, bool is_tuple);
  std::variant<JinjaUndefined, JinjaNone, bool, std::int64_t, double, Text, List, Dict, Object> value_;
};

struct JinjaList {
  std::vector<JinjaValue> items;
  bool is_tuple = false;
  int depth = 1;
  std::uint64_t weight = kJinjaItemWeight;
};

// Keys in the order they came; equal keys (1, 1.0, true) are one.
class JinjaDict {
 public:
  // Error(invalid_argument) for a key that cannot be hashed (list, dict).
  void set(const JinjaValue& key, JinjaValue value);
  const JinjaValue* find(const JinjaValue& key) const;  // none too for what cannot be hashed
  const JinjaValue* find(std::string_view key) const;
  const std::vector<std::pair<JinjaValue, JinjaValue>>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }
  std::uint64_t weight() const { return weight_; }

 private:
  std::vector<std::pair<JinjaValue, JinjaValue>> entries_;
  std::unordered_map<std::string, std::size_t> index_;  // by a canonical spelling of the key
  int depth_ = 1;
  std::uint64_t weight_ = kJinjaItemWeight;
};

inline const std::vector<JinjaValue>& JinjaValue::items() const {
  return std::get<List>(value_)->items;
}
inline bool JinjaValue::is_tuple() const {
  return is_list() && std::get<List>(value_)->is_tuple;
}

// Python's ==, by value; objects by identity.
bool equal_values(const JinjaValue& a, const JinjaValue& b);
// Python's <, for numbers, strings and sequences of them; Error(invalid_argument) for anything else.
bool less_value(const JinjaValue& a, const JinjaValue& b);
// What a loop goes through; Error(invalid_argument) for what cannot be gone through. Undefined is empty.
std::vector<JinjaValue> iterate(const JinjaValue& value);
// Error(invalid_argument) naming `what` unless the value is an integer (or a truth value) or a string.
std::int64_t expect_integer(const JinjaValue& value, std::string_view what);
const JinjaText& expect_text(const JinjaValue& value, std::string_view what);

// The arguments of a call, filter or test.
struct JinjaArguments {
  std::vector<JinjaValue> positional;
  std::vector<std::pair<std::string, JinjaValue>> named;
  // One entry a parameter, absent where nothing was given; Error(invalid_argument) for one too many or
  // unknown.
  std::vector<std::optional<JinjaValue>> bind(std::string_view callee,
                                              const std::vector<std::string_view>& parameters) const;
};

// What built-in functions may ask of the engine that runs them.
class JinjaHost {
 public:
  virtual ~JinjaHost() = default;
  // Accounts for work (1 a step or byte, kJinjaItemWeight an item of a list) before it is done;
  // Error(too_large) when the budget is spent.
  virtual void spend(std::uint64_t work) = 0;
  virtual JinjaValue call(const JinjaValue& callable, JinjaArguments arguments) = 0;
  virtual JinjaValue filter(std::string_view name, const JinjaValue& subject,
                            const JinjaArguments& arguments) = 0;
  virtual bool test(std::string_view name, const JinjaValue& subject, const JinjaArguments& arguments) = 0;
  virtual std::string local_time(const std::string& format) = 0;
};

// Namespaces, loops, functions: what has attributes or can be called.
class JinjaObject {
 public:
  virtual ~JinjaObject() = default;
  virtual std::optional<JinjaValue> attribute(std::string_view name) const = 0;
  virtual bool callable() const { return false; }
  virtual JinjaValue call(JinjaHost& host, JinjaArguments arguments);
  virtual std::string describe() const = 0;  // "<Namespace>"
};

class JinjaFunction final : public JinjaObject {
 public:
  using Body = std::function<JinjaValue(JinjaHost&, const JinjaArguments&)>;
  JinjaFunction(std::string name, Body body) : name_(std::move(name)), body_(std::move(body)) {}
  std::optional<JinjaValue> attribute(std::string_view name) const override;
  bool callable() const override { return true; }
  JinjaValue call(JinjaHost& host, JinjaArguments arguments) override { return body_(host, arguments); }
  std::string describe() const override { return "<function " + name_ + ">"; }
  static JinjaValue make(std::string name, Body body);

 private:
  std::string name_;
  Body body_;
};

// The only thing that a template may change.
class JinjaNamespace final : public JinjaObject {
 public:
  std::optional<JinjaValue> attribute(std::string_view name) const override;
  std::string describe() const override { return "<Namespace>"; }
  void set(std::string_view name, JinjaValue value);
  void clear() { values_ = {}; }

 private:
  JinjaDict values_;
};

}  // namespace fulcrum
