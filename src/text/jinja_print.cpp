#include "text/jinja_print.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr JinjaOrigin kSource = JinjaOrigin::source;

bool is_printable(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7F;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

JinjaText quote_python(const JinjaText& text) {
  const bool has_single = text.bytes().find('\'') != std::string::npos;
  const bool has_double = text.bytes().find('"') != std::string::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  JinjaText result(std::string_view(&quote, 1), kSource);
  result.append(text.map([&](char32_t c, std::string_view bytes, std::string& out) {
    if (c == '\\' || c == static_cast<unsigned char>(quote)) {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += bytes;
    } else if (c <= 0xFF) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else if (c <= 0xFFFF) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<unsigned>(c));
    }
  }));
  result.append(std::string_view(&quote, 1), kSource);
  return result;
}

JinjaText quote_json(const JinjaText& text, JinjaJsonStyle::Characters characters) {
  const bool ascii = characters == JinjaJsonStyle::Characters::ascii;
  JinjaText result("\"", kSource);
  result.append(text.map([&](char32_t c, std::string_view bytes, std::string& out) {
    switch (c) {
      case '"':
        out += "\\\"";
        return;
      case '\\':
        out += "\\\\";
        return;
      case '\n':
        out += "\\n";
        return;
      case '\r':
        out += "\\r";
        return;
      case '\t':
        out += "\\t";
        return;
      case '\b':
        out += "\\b";
        return;
      case '\f':
        out += "\\f";
        return;
      default:
        break;
    }
    if (c >= 0x20 && (!ascii || c < 0x7F)) {
      out += bytes;
    } else if (c <= 0xFFFF) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      const auto low = static_cast<unsigned>(c) - 0x10000u;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800u + (low >> 10), 0xDC00u + (low & 0x3FFu));
    }
  }));
  result.append("\"", kSource);
  return result;
}

class JsonWriter {
 public:
  explicit JsonWriter(const JinjaJsonStyle& style) : style_(style) {}

  void write(const JinjaValue& value, int level) {
    if (value.is_string()) {
      out.append(quote_json(value.text(), style_.characters));
    } else if (value.is_none()) {
      put("null");
    } else if (value.is_bool()) {
      put(value.boolean() ? "true" : "false");
    } else if (value.is_float()) {
      put(json_float(value.floating()));
    } else if (value.is_int()) {
      put(std::to_string(value.integer()));
    } else if (value.is_list()) {
      write_list(value.items(), level);
    } else if (value.is_dict()) {
      write_dict(value.dict(), level);
    } else {
      throw_error(ErrorCode::invalid_argument, "tojson: a value of type {} is not JSON", value.type_name());
    }
  }

  JinjaText out;

 private:
  void put(std::string_view text) { out.append(text, kSource); }

  void line(int level) {
    if (!style_.indent) return;
    std::string space = "\n";
    for (int i = 0; i < level; ++i) space += *style_.indent;
    put(space);
  }

  static std::string json_float(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return print_float(value);
  }

  void write_list(const std::vector<JinjaValue>& items, int level) {
    if (items.empty()) return put("[]");
    put("[");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(style_.item_separator);
      line(level + 1);
      write(items[i], level + 1);
    }
    line(level);
    put("]");
  }

  JinjaText key_text(const JinjaValue& key) {
    if (key.is_string()) return key.text();
    JsonWriter writer(style_);
    if (!key.is_number() && !key.is_none()) {
      throw_error(ErrorCode::invalid_argument, "tojson: a {} cannot be the key of a JSON object",
                  key.type_name());
    }
    writer.write(key, 0);
    return writer.out;
  }

  void write_dict(const JinjaDict& dict, int level) {
    if (dict.size() == 0) return put("{}");
    std::vector<std::pair<JinjaValue, JinjaValue>> entries = dict.entries();
    if (style_.key_order == JinjaJsonStyle::KeyOrder::sorted) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return less_value(a.first, b.first); });
    }
    put("{");
    bool first = true;
    for (const auto& [key, value] : entries) {
      if (!first) put(style_.item_separator);
      first = false;
      line(level + 1);
      out.append(quote_json(key_text(key), style_.characters));
      put(style_.key_separator);
      write(value, level + 1);
    }
    line(level);
    put("}");
  }

  const JinjaJsonStyle& style_;
};

void represent_into(const JinjaValue& value, JinjaText& out) {
  if (value.is_string()) {
    out.append(quote_python(value.text()));
  } else if (value.is_undefined()) {
    out.append("Undefined", kSource);
  } else if (value.is_none()) {
    out.append("None", kSource);
  } else if (value.is_bool()) {
    out.append(value.boolean() ? "True" : "False", kSource);
  } else if (value.is_int()) {
    out.append(std::to_string(value.integer()), kSource);
  } else if (value.is_float()) {
    out.append(print_float(value.floating()), kSource);
  } else if (value.is_list()) {
    const auto& items = value.items();
    out.append(value.is_tuple() ? "(" : "[", kSource);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out.append(", ", kSource);
      represent_into(items[i], out);
    }
    if (value.is_tuple()) {
      out.append(items.size() == 1 ? ",)" : ")", kSource);
    } else {
      out.append("]", kSource);
    }
  } else if (value.is_dict()) {
    out.append("{", kSource);
    bool first = true;
    for (const auto& [key, item] : value.dict().entries()) {
      if (!first) out.append(", ", kSource);
      first = false;
      represent_into(key, out);
      out.append(": ", kSource);
      represent_into(item, out);
    }
    out.append("}", kSource);
  } else {
    out.append(value.object()->describe(), kSource);
  }
}

}  // namespace

std::string print_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

JinjaText print_value(const JinjaValue& value) {
  if (value.is_string()) return value.text();
  if (value.is_undefined()) return {};
  return represent_value(value);
}

JinjaText represent_value(const JinjaValue& value) {
  JinjaText out;
  represent_into(value, out);
  return out;
}

JinjaText dump_json(const JinjaValue& value, const JinjaJsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace fulcrum
