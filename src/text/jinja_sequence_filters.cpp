// Filters over lists and dicts. Where Python would give a generator they give a list.
#include <algorithm>
#include <map>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

bool given(const std::optional<JinjaValue>& argument) {
  return argument && !argument->is_none();
}
bool truth_of(const std::optional<JinjaValue>& argument) {
  return argument && argument->truth();
}

std::vector<JinjaValue> items_of(JinjaHost& host, const JinjaValue& subject) {
  host.spend(subject.weight());
  return iterate(subject);
}

// "a.b.0" or an index, looked up in an item; `otherwise` stands in for what is not there.
JinjaValue look_up(const JinjaValue& item, const JinjaValue& path,
                   const std::optional<JinjaValue>& otherwise = std::nullopt) {
  std::vector<JinjaValue> keys;
  if (path.is_string()) {
    const std::string& text = path.text().bytes();
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('.', begin), text.size());
      const std::string part = text.substr(begin, end - begin);
      const bool is_index =
          !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string::npos;
      keys.push_back(is_index ? JinjaValue(static_cast<std::int64_t>(std::stol(part)))
                              : JinjaValue::string(part));
      begin = end + 1;
    }
  } else {
    keys.push_back(path);
  }
  JinjaValue value = item;
  for (const JinjaValue& key : keys) {
    value = get_item(value, key);
    if (value.is_undefined() && otherwise) value = *otherwise;
  }
  return value;
}

// What is compared for an item: its attribute if one is asked for, in lower case unless case counts.
JinjaValue sort_key(const JinjaValue& item, const std::optional<JinjaValue>& attribute, bool case_sensitive) {
  const JinjaValue key = given(attribute) ? look_up(item, *attribute) : item;
  return key.is_string() && !case_sensitive ? JinjaValue(lower_text(key.text())) : key;
}

// Several attributes with commas between make a list of keys.
JinjaValue sort_keys(const JinjaValue& item, const std::optional<JinjaValue>& attribute,
                     bool case_sensitive) {
  if (!given(attribute) || !attribute->is_string() ||
      attribute->text().bytes().find(',') == std::string::npos) {
    return sort_key(item, attribute, case_sensitive);
  }
  std::vector<JinjaValue> keys;
  const std::string& text = attribute->text().bytes();
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    keys.push_back(sort_key(item, JinjaValue::string(text.substr(begin, end - begin)), case_sensitive));
    begin = end + 1;
  }
  return JinjaValue::list(std::move(keys));
}

using Keyed = std::vector<std::pair<JinjaValue, JinjaValue>>;  // key, item

// A merge sort of our own making would be std::stable_sort; comparing may throw, which it permits.
void sort_keyed(JinjaHost& host, Keyed& keyed, bool reverse) {
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    host.spend(1 + std::min(a.first.weight(), b.first.weight()));
    return reverse ? less_value(b.first, a.first) : less_value(a.first, b.first);
  });
}

JinjaValue items_only(Keyed keyed) {
  std::vector<JinjaValue> items;
  for (auto& [key, item] : keyed) items.push_back(std::move(item));
  return JinjaValue::list(std::move(items));
}

JinjaValue sort(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("sort", {"reverse", "case_sensitive", "attribute"});
  Keyed keyed;
  for (JinjaValue& item : items_of(host, subject)) {
    JinjaValue key = sort_keys(item, a[2], truth_of(a[1]));
    keyed.emplace_back(std::move(key), std::move(item));
  }
  sort_keyed(host, keyed, truth_of(a[0]));
  return items_only(std::move(keyed));
}

JinjaValue dictsort(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("dictsort", {"case_sensitive", "by", "reverse"});
  require_defined(subject);
  if (!subject.is_dict())
    throw_error(ErrorCode::invalid_argument, "dictsort does not work on a {}", subject.type_name());
  const std::string by = a[1] ? expect_text(*a[1], "\"by\" of dictsort").bytes() : "key";
  if (by != "key" && by != "value")
    throw_error(ErrorCode::invalid_argument, "dictsort: \"by\" must be key or value");
  host.spend(subject.weight());
  Keyed keyed;
  for (const auto& [key, value] : subject.dict().entries()) {
    keyed.emplace_back(sort_key(by == "key" ? key : value, std::nullopt, truth_of(a[0])),
                       JinjaValue::tuple({key, value}));
  }
  sort_keyed(host, keyed, truth_of(a[2]));
  return items_only(std::move(keyed));
}

enum class Extreme { least, greatest };
template <Extreme kExtreme>
JinjaValue extreme(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("min or max", {"case_sensitive", "attribute"});
  std::optional<std::pair<JinjaValue, JinjaValue>> best;
  for (const JinjaValue& item : items_of(host, subject)) {
    const JinjaValue key = sort_key(item, a[1], truth_of(a[0]));
    if (!best || (kExtreme == Extreme::least ? less_value(key, best->first) : less_value(best->first, key)))
      best = {key, item};
  }
  return best ? best->second : JinjaValue(JinjaUndefined{"there is no least or greatest of nothing"});
}

JinjaValue unique(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("unique", {"case_sensitive", "attribute"});
  JinjaDict seen;
  std::vector<JinjaValue> items;
  for (JinjaValue& item : items_of(host, subject)) {
    const JinjaValue key = sort_key(item, a[1], truth_of(a[0]));
    if (seen.find(key) != nullptr) continue;
    seen.set(key, JinjaValue(true));
    items.push_back(std::move(item));
  }
  return JinjaValue::list(std::move(items));
}

JinjaValue groupby(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("groupby", {"attribute", "default", "case_sensitive"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "groupby needs an attribute");
  Keyed keyed;
  for (JinjaValue& item : items_of(host, subject)) {
    JinjaValue key = look_up(item, *a[0], given(a[1]) ? a[1] : std::nullopt);
    if (key.is_string() && !truth_of(a[2])) key = JinjaValue(lower_text(key.text()));
    keyed.emplace_back(std::move(key), std::move(item));
  }
  sort_keyed(host, keyed, false);
  std::vector<JinjaValue> groups, members;
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    members.push_back(keyed[i].second);
    if (i + 1 < keyed.size() && equal_values(keyed[i].first, keyed[i + 1].first)) continue;
    const JinjaValue name = look_up(members[0], *a[0], given(a[1]) ? a[1] : std::nullopt);
    groups.push_back(JinjaValue::tuple({name, JinjaValue::list(std::move(members))}));
    members.clear();
  }
  return JinjaValue::list(std::move(groups));
}

JinjaValue join(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("join", {"d", "attribute"});
  const JinjaText separator = a[0] ? join_printed(host, {*a[0]}) : JinjaText();
  JinjaText text;
  bool first = true;
  for (const JinjaValue& item : items_of(host, subject)) {
    host.spend(separator.size());
    if (!first) text.append(separator);
    first = false;
    text.append(join_printed(host, {given(a[1]) ? look_up(item, *a[1]) : item}));
  }
  return JinjaValue(std::move(text));
}

JinjaValue length(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("length", {});
  if (subject.is_undefined()) return JinjaValue(std::int64_t{0});
  if (subject.is_string())
    return JinjaValue(static_cast<std::int64_t>(subject.text().code_point_offsets().size()) - 1);
  if (subject.is_dict()) return JinjaValue(static_cast<std::int64_t>(subject.dict().size()));
  if (subject.is_list()) return JinjaValue(static_cast<std::int64_t>(subject.items().size()));
  throw_error(ErrorCode::invalid_argument, "a {} has no length", subject.type_name());
}

JinjaValue first(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("first", {});
  const auto items = items_of(host, subject);
  return items.empty() ? JinjaValue(JinjaUndefined{"there is no first of nothing"}) : items.front();
}

JinjaValue last(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("last", {});
  const auto items = items_of(host, subject);
  return items.empty() ? JinjaValue(JinjaUndefined{"there is no last of nothing"}) : items.back();
}

JinjaValue list(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("list", {});
  return JinjaValue::list(items_of(host, subject));
}

JinjaValue reverse(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("reverse", {});
  auto items = items_of(host, subject);
  std::reverse(items.begin(), items.end());
  if (!subject.is_string()) return JinjaValue::list(std::move(items));
  return JinjaValue(join_printed(host, items));
}

JinjaValue pairs(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("items", {});
  if (subject.is_undefined()) return JinjaValue::list({});
  if (!subject.is_dict())
    throw_error(ErrorCode::invalid_argument, "items does not work on a {}", subject.type_name());
  host.spend(subject.weight());
  std::vector<JinjaValue> result;
  for (const auto& [key, value] : subject.dict().entries()) result.push_back(JinjaValue::tuple({key, value}));
  return JinjaValue::list(std::move(result));
}

JinjaValue sum(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("sum", {"attribute", "start"});
  JinjaValue total = a[1] ? *a[1] : JinjaValue(std::int64_t{0});
  for (const JinjaValue& item : items_of(host, subject)) {
    total = apply_arithmetic(host, "+", total, given(a[0]) ? look_up(item, *a[0]) : item);
  }
  return total;
}

JinjaValue map(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  std::vector<JinjaValue> results;
  if (arguments.positional.empty()) {
    const auto a = arguments.bind("map", {"", "attribute", "default"});
    if (!a[1]) throw_error(ErrorCode::invalid_argument, "map needs a filter or an attribute");
    for (const JinjaValue& item : items_of(host, subject))
      results.push_back(look_up(item, *a[1], given(a[2]) ? a[2] : std::nullopt));
    return JinjaValue::list(std::move(results));
  }
  const std::string name = expect_text(arguments.positional[0], "the filter of map").bytes();
  JinjaArguments rest = arguments;
  rest.positional.erase(rest.positional.begin());
  for (const JinjaValue& item : items_of(host, subject)) results.push_back(host.filter(name, item, rest));
  return JinjaValue::list(std::move(results));
}

enum class Keep { passing, failing };
enum class Of { item, attribute };
template <Keep kKeep, Of kOf>
JinjaValue choose(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  JinjaArguments rest = arguments;
  std::optional<JinjaValue> attribute;
  const auto shift = [&] {
    JinjaValue value = rest.positional.front();
    rest.positional.erase(rest.positional.begin());
    return value;
  };
  if (kOf == Of::attribute) {
    if (rest.positional.empty())
      throw_error(ErrorCode::invalid_argument, "selectattr or rejectattr needs an attribute");
    attribute = shift();
  }
  std::optional<std::string> test;
  if (!rest.positional.empty()) test = expect_text(shift(), "the test of select or reject").bytes();
  std::vector<JinjaValue> kept;
  for (JinjaValue& item : items_of(host, subject)) {
    const JinjaValue value = attribute ? look_up(item, *attribute) : item;
    const bool passes = test ? host.test(*test, value, rest) : value.truth();
    if (passes == (kKeep == Keep::passing)) kept.push_back(std::move(item));
  }
  return JinjaValue::list(std::move(kept));
}

JinjaValue batch(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("batch", {"linecount", "fill_with"});
  const std::int64_t size = a[0] ? expect_integer(*a[0], "the size of batch") : 0;
  if (size <= 0) throw_error(ErrorCode::invalid_argument, "batch needs a positive size");
  std::vector<JinjaValue> batches, current;
  for (JinjaValue& item : items_of(host, subject)) {
    current.push_back(std::move(item));
    if (static_cast<std::int64_t>(current.size()) == size)
      batches.push_back(JinjaValue::list(std::exchange(current, {})));
  }
  if (!current.empty()) {
    while (given(a[1]) && static_cast<std::int64_t>(current.size()) < size) {
      host.spend(a[1]->weight());
      current.push_back(*a[1]);
    }
    batches.push_back(JinjaValue::list(std::move(current)));
  }
  return JinjaValue::list(std::move(batches));
}

JinjaValue slice(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("slice", {"slices", "fill_with"});
  const std::int64_t count = a[0] ? expect_integer(*a[0], "the number of slices") : 0;
  if (count <= 0) throw_error(ErrorCode::invalid_argument, "slice needs a positive number");
  host.spend(static_cast<std::uint64_t>(count));
  const auto items = items_of(host, subject);
  const auto slices = static_cast<std::size_t>(count);
  const std::size_t each = items.size() / slices, extra = items.size() % slices;
  std::vector<JinjaValue> result;
  std::size_t at = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const std::size_t size = each + (i < extra ? 1 : 0);
    std::vector<JinjaValue> part(items.begin() + static_cast<std::ptrdiff_t>(at),
                                 items.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (given(a[1]) && i >= extra) part.push_back(*a[1]);
    result.push_back(JinjaValue::list(std::move(part)));
  }
  return JinjaValue::list(std::move(result));
}

}  // namespace

JinjaFilter find_jinja_sequence_filter(std::string_view name) {
  static const std::map<std::string_view, JinjaFilter> table = {
      {"batch", batch},
      {"count", length},
      {"dictsort", dictsort},
      {"first", first},
      {"groupby", groupby},
      {"items", pairs},
      {"join", join},
      {"last", last},
      {"length", length},
      {"list", list},
      {"map", map},
      {"max", extreme<Extreme::greatest>},
      {"min", extreme<Extreme::least>},
      {"reject", choose<Keep::failing, Of::item>},
      {"rejectattr", choose<Keep::failing, Of::attribute>},
      {"reverse", reverse},
      {"select", choose<Keep::passing, Of::item>},
      {"selectattr", choose<Keep::passing, Of::attribute>},
      {"slice", slice},
      {"sort", sort},
      {"sum", sum},
      {"unique", unique},
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace fulcrum
