#include "text/jinja_expressions.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/error.h"

namespace fulcrum {
namespace {

using Kind = JinjaToken::Kind;
using Expression = JinjaExpression;

// "a + b + c + ..." is a level each; evaluating and destroying the tree takes stack for every one.
constexpr int kDeepestExpression = 500;

void add(Expression& parent, JinjaExpressionPtr child) {
  if (child) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > kDeepestExpression) {
      throw_error(ErrorCode::too_large, "line {}: an expression has more than {} levels", parent.line,
                  kDeepestExpression);
    }
  }
  parent.children.push_back(std::move(child));
}

template <typename... Children>
JinjaExpressionPtr make(Expression::Kind kind, int line, Children... children) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = line;
  (add(*node, std::move(children)), ...);
  return node;
}

JinjaExpressionPtr make_constant(int line, JinjaValue value) {
  auto node = make(Expression::Kind::constant, line);
  node->constant = std::move(value);
  return node;
}

class ExpressionParser {
 public:
  explicit ExpressionParser(JinjaCursor& cursor) : cursor_(cursor) {}

  JinjaExpressionPtr parse_tuple_or_expression(JinjaTernary ternary = JinjaTernary::yes) {
    const int line = cursor_.now().line;
    if (at_tuple_end()) cursor_.fail("an expression");
    JinjaExpressionPtr first = parse_expression(ternary);
    if (!cursor_.is_symbol(",")) return first;
    auto node = make(Expression::Kind::tuple, line, std::move(first));
    while (cursor_.skip_symbol(",")) {
      if (at_tuple_end()) break;
      add(*node, parse_expression(ternary));
    }
    return node;
  }

  JinjaExpressionPtr parse_expression(JinjaTernary ternary = JinjaTernary::yes) {
    const JinjaCursor::Level level(cursor_);
    JinjaExpressionPtr left = parse_or();
    while (ternary == JinjaTernary::yes && cursor_.is_name("if")) {
      const int line = cursor_.take().line;
      JinjaExpressionPtr condition = parse_or();
      JinjaExpressionPtr otherwise = cursor_.skip_name("else") ? parse_expression() : nullptr;
      left = make(Expression::Kind::conditional, line, std::move(left), std::move(condition),
                  std::move(otherwise));
    }
    return left;
  }

  JinjaExpressionPtr parse_filter(JinjaExpressionPtr subject) {
    auto node = make(Expression::Kind::filter, cursor_.now().line, std::move(subject));
    node->name = parse_dotted_name();
    if (cursor_.is_symbol("(")) parse_arguments(*node);
    return node;
  }

  // A name, names with commas between (in brackets or not), or an attribute of a namespace.
  JinjaExpressionPtr parse_target() {
    const int line = cursor_.now().line;
    std::vector<JinjaExpressionPtr> parts;
    bool is_tuple = false;
    while (true) {
      parts.push_back(parse_single_target());
      if (!cursor_.skip_symbol(",")) break;
      is_tuple = true;
      if (cursor_.is_name("in") || cursor_.is_symbol("=") || cursor_.is_symbol(")") ||
          cursor_.now().kind == Kind::block_end)
        break;
    }
    if (!is_tuple) return std::move(parts[0]);
    auto node = make(Expression::Kind::tuple, line);
    for (JinjaExpressionPtr& part : parts) add(*node, std::move(part));
    return node;
  }

 private:
  bool at_tuple_end() const {
    return cursor_.now().kind == Kind::output_end || cursor_.now().kind == Kind::block_end ||
           cursor_.is_symbol(")") || cursor_.is_name("recursive");
  }

  JinjaExpressionPtr parse_or() {
    JinjaExpressionPtr left = parse_and();
    while (cursor_.is_name("or")) {
      const int line = cursor_.take().line;
      left = make(Expression::Kind::logical_or, line, std::move(left), parse_and());
    }
    return left;
  }

  JinjaExpressionPtr parse_and() {
    JinjaExpressionPtr left = parse_not();
    while (cursor_.is_name("and")) {
      const int line = cursor_.take().line;
      left = make(Expression::Kind::logical_and, line, std::move(left), parse_not());
    }
    return left;
  }

  JinjaExpressionPtr parse_not() {
    const JinjaCursor::Level level(cursor_);
    if (!cursor_.is_name("not")) return parse_compare();
    const int line = cursor_.take().line;
    return make(Expression::Kind::logical_not, line, parse_not());
  }

  JinjaExpressionPtr parse_compare() {
    const int line = cursor_.now().line;
    JinjaExpressionPtr first = parse_sum();
    JinjaExpressionPtr node;
    while (true) {
      std::string op;
      if (cursor_.now().kind == Kind::symbol &&
          (cursor_.now().value == "==" || cursor_.now().value == "!=" || cursor_.now().value == "<" ||
           cursor_.now().value == "<=" || cursor_.now().value == ">" || cursor_.now().value == ">=")) {
        op = cursor_.take().value;
      } else if (cursor_.skip_name("in")) {
        op = "in";
      } else if (cursor_.is_name("not") && cursor_.next().kind == Kind::name &&
                 cursor_.next().value == "in") {
        cursor_.take();
        cursor_.take();
        op = "not in";
      } else {
        return node ? std::move(node) : std::move(first);
      }
      if (!node) node = make(Expression::Kind::compare, line, std::move(first));
      node->operators.push_back(op);
      add(*node, parse_sum());
    }
  }

  template <typename Operand>
  JinjaExpressionPtr parse_arithmetic(std::initializer_list<std::string_view> symbols, Operand operand) {
    JinjaExpressionPtr left = operand();
    while (cursor_.now().kind == Kind::symbol &&
           std::find(symbols.begin(), symbols.end(), cursor_.now().value) != symbols.end()) {
      const JinjaToken token = cursor_.take();
      auto node = make(Expression::Kind::arithmetic, token.line, std::move(left), operand());
      node->operators.push_back(token.value);
      left = std::move(node);
    }
    return left;
  }

  JinjaExpressionPtr parse_sum() {
    return parse_arithmetic({"+", "-"}, [this] { return parse_concat(); });
  }

  JinjaExpressionPtr parse_concat() {
    const int line = cursor_.now().line;
    JinjaExpressionPtr first = parse_product();
    if (!cursor_.is_symbol("~")) return first;
    auto node = make(Expression::Kind::concat, line, std::move(first));
    while (cursor_.skip_symbol("~")) add(*node, parse_product());
    return node;
  }

  JinjaExpressionPtr parse_product() {
    return parse_arithmetic({"*", "/", "//", "%"}, [this] { return parse_power(); });
  }

  JinjaExpressionPtr parse_power() {
    return parse_arithmetic({"**"}, [this] { return parse_unary(Filters::yes); });
  }

  enum class Filters { yes, no };

  JinjaExpressionPtr parse_unary(Filters filters) {
    const JinjaCursor::Level level(cursor_);
    JinjaExpressionPtr node;
    if (cursor_.is_symbol("-") || cursor_.is_symbol("+")) {
      const JinjaToken token = cursor_.take();
      const auto kind = token.value == "-" ? Expression::Kind::negative : Expression::Kind::positive;
      node = make(kind, token.line, parse_unary(Filters::no));
    } else {
      node = parse_primary();
    }
    node = parse_postfix(std::move(node));
    if (filters == Filters::yes) node = parse_filters_and_tests(std::move(node));
    return node;
  }

  JinjaExpressionPtr parse_primary() {
    const JinjaToken token = cursor_.now();
    switch (token.kind) {
      case Kind::name:
        cursor_.take();
        if (token.value == "true" || token.value == "True")
          return make_constant(token.line, JinjaValue(true));
        if (token.value == "false" || token.value == "False")
          return make_constant(token.line, JinjaValue(false));
        if (token.value == "none" || token.value == "None") return make_constant(token.line, JinjaNone{});
        return make_jinja_name(token.line, token.value);
      case Kind::string: {
        std::string text;
        while (cursor_.now().kind == Kind::string) text += cursor_.take().value;
        return make_constant(token.line, JinjaValue::string(text));
      }
      case Kind::integer: {
        cursor_.take();
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(token.value.data(), token.value.data() + token.value.size(), value);
        if (error != std::errc())
          throw_error(ErrorCode::unsupported, "line {}: the integer {} has more than 64 bits", token.line,
                      token.value);
        return make_constant(token.line, JinjaValue(value));
      }
      case Kind::floating: {
        cursor_.take();
        double value = 0;
        const auto [end, error] =
            std::from_chars(token.value.data(), token.value.data() + token.value.size(), value);
        if (error != std::errc())
          throw_error(ErrorCode::unsupported, "line {}: the number {} is out of range", token.line,
                      token.value);
        return make_constant(token.line, JinjaValue(value));
      }
      case Kind::symbol:
        if (token.value == "(") return parse_parentheses();
        if (token.value == "[") return parse_list();
        if (token.value == "{") return parse_dict();
        break;
      default:
        break;
    }
    cursor_.fail("an expression");
  }

  JinjaExpressionPtr parse_parentheses() {
    const int line = cursor_.take().line;
    JinjaExpressionPtr inner =
        cursor_.is_symbol(")") ? make(Expression::Kind::tuple, line) : parse_tuple_or_expression();
    cursor_.expect_symbol(")");
    return inner;
  }

  JinjaExpressionPtr parse_list() {
    auto node = make(Expression::Kind::list, cursor_.take().line);
    while (!cursor_.is_symbol("]")) {
      if (!node->children.empty()) cursor_.expect_symbol(",");
      if (cursor_.is_symbol("]")) break;
      add(*node, parse_expression());
    }
    cursor_.expect_symbol("]");
    return node;
  }

  JinjaExpressionPtr parse_dict() {
    auto node = make(Expression::Kind::dict, cursor_.take().line);
    while (!cursor_.is_symbol("}")) {
      if (!node->children.empty()) cursor_.expect_symbol(",");
      if (cursor_.is_symbol("}")) break;
      add(*node, parse_expression());
      cursor_.expect_symbol(":");
      add(*node, parse_expression());
    }
    cursor_.expect_symbol("}");
    return node;
  }

  JinjaExpressionPtr parse_postfix(JinjaExpressionPtr node) {
    while (true) {
      const int line = cursor_.now().line;
      if (cursor_.skip_symbol(".")) {
        if (cursor_.now().kind == Kind::integer) {
          node = make(Expression::Kind::item, line, std::move(node), parse_primary());
        } else {
          node = make(Expression::Kind::attribute, line, std::move(node));
          node->name = cursor_.expect_name();
        }
      } else if (cursor_.skip_symbol("[")) {
        node = parse_subscript(line, std::move(node));
      } else if (cursor_.is_symbol("(")) {
        node = make(Expression::Kind::call, line, std::move(node));
        parse_arguments(*node);
      } else {
        return node;
      }
    }
  }

  JinjaExpressionPtr parse_subscript(int line, JinjaExpressionPtr object) {
    std::vector<JinjaExpressionPtr> keys;
    bool is_slice = false;
    std::vector<JinjaExpressionPtr> bounds;
    while (!cursor_.is_symbol("]")) {
      if (!keys.empty()) cursor_.expect_symbol(",");
      bounds.clear();
      bounds.push_back(cursor_.is_symbol(":") ? nullptr : parse_expression());
      while (bounds.size() < 3 && cursor_.skip_symbol(":")) {
        is_slice = true;
        bounds.push_back(cursor_.is_symbol(":") || cursor_.is_symbol("]") || cursor_.is_symbol(",")
                             ? nullptr
                             : parse_expression());
      }
      keys.push_back(bounds.size() == 1 ? std::move(bounds[0]) : nullptr);
    }
    cursor_.expect_symbol("]");
    if (is_slice) {
      if (keys.size() != 1)
        throw_error(ErrorCode::unsupported, "line {}: a slice among several subscripts is not supported",
                    line);
      bounds.resize(3);
      return make(Expression::Kind::slice, line, std::move(object), std::move(bounds[0]),
                  std::move(bounds[1]), std::move(bounds[2]));
    }
    if (keys.size() == 1) return make(Expression::Kind::item, line, std::move(object), std::move(keys[0]));
    auto key = make(Expression::Kind::tuple, line);
    for (JinjaExpressionPtr& part : keys) add(*key, std::move(part));
    return make(Expression::Kind::item, line, std::move(object), std::move(key));
  }

  void parse_arguments(Expression& node) {
    cursor_.expect_symbol("(");
    bool first = true;
    while (!cursor_.is_symbol(")")) {
      if (!first) cursor_.expect_symbol(",");
      first = false;
      if (cursor_.is_symbol(")")) break;
      if (cursor_.is_symbol("*") || cursor_.is_symbol("**")) {
        throw_error(ErrorCode::unsupported, "line {}: arguments given with \"{}\" are not supported",
                    cursor_.now().line, cursor_.now().value);
      }
      if (cursor_.now().kind == Kind::name && cursor_.next().kind == Kind::symbol &&
          cursor_.next().value == "=") {
        node.keywords.push_back(cursor_.take().value);
        cursor_.take();
      } else if (!node.keywords.empty()) {
        cursor_.fail("a keyword argument, as the one before was");
      }
      add(node, parse_expression());
    }
    cursor_.expect_symbol(")");
  }

  std::string parse_dotted_name() {
    std::string name = cursor_.expect_name();
    while (cursor_.skip_symbol(".")) {
      name += '.';
      name += cursor_.expect_name();
    }
    return name;
  }

  JinjaExpressionPtr parse_test(JinjaExpressionPtr subject) {
    const int line = cursor_.now().line;
    const bool negated = cursor_.skip_name("not");
    auto node = make(Expression::Kind::test, line, std::move(subject));
    node->name = parse_dotted_name();
    const Kind kind = cursor_.now().kind;
    if (cursor_.is_symbol("(")) {
      parse_arguments(*node);
    } else if ((kind == Kind::name && !cursor_.is_name("else") && !cursor_.is_name("or") &&
                !cursor_.is_name("and") && !cursor_.is_name("is") && !cursor_.is_name("if") &&
                !cursor_.is_name("in") && !cursor_.is_name("not")) ||
               kind == Kind::string || kind == Kind::integer || kind == Kind::floating ||
               cursor_.is_symbol("[") || cursor_.is_symbol("{")) {
      add(*node, parse_postfix(parse_primary()));
    }
    if (!negated) return node;
    return make(Expression::Kind::logical_not, line, std::move(node));
  }

  JinjaExpressionPtr parse_filters_and_tests(JinjaExpressionPtr node) {
    while (true) {
      const int line = cursor_.now().line;
      if (cursor_.skip_symbol("|")) {
        node = parse_filter(std::move(node));
      } else if (cursor_.skip_name("is")) {
        node = parse_test(std::move(node));
      } else if (cursor_.is_symbol("(")) {
        node = make(Expression::Kind::call, line, std::move(node));
        parse_arguments(*node);
      } else {
        return node;
      }
    }
  }

  JinjaExpressionPtr parse_single_target() {
    const JinjaCursor::Level level(cursor_);
    const int line = cursor_.now().line;
    if (cursor_.skip_symbol("(")) {
      JinjaExpressionPtr inner = parse_target();
      cursor_.expect_symbol(")");
      return inner;
    }
    const std::string name = cursor_.expect_name();
    if (name == "true" || name == "false" || name == "none" || name == "True" || name == "False" ||
        name == "None") {
      throw_error(ErrorCode::corrupt, "line {}: \"{}\" cannot be assigned to", line, name);
    }
    if (!cursor_.skip_symbol(".")) return make_jinja_name(line, name);
    auto node = make(Expression::Kind::attribute, line, make_jinja_name(line, name));
    node->name = cursor_.expect_name();
    return node;
  }

  JinjaCursor& cursor_;
};

}  // namespace

JinjaExpressionPtr parse_jinja_expression(JinjaCursor& cursor, JinjaTernary ternary) {
  return ExpressionParser(cursor).parse_expression(ternary);
}

JinjaExpressionPtr parse_jinja_tuple(JinjaCursor& cursor, JinjaTernary ternary) {
  return ExpressionParser(cursor).parse_tuple_or_expression(ternary);
}

JinjaExpressionPtr parse_jinja_filter(JinjaCursor& cursor, JinjaExpressionPtr subject) {
  return ExpressionParser(cursor).parse_filter(std::move(subject));
}

JinjaExpressionPtr parse_jinja_target(JinjaCursor& cursor) {
  return ExpressionParser(cursor).parse_target();
}

JinjaExpressionPtr make_jinja_name(int line, std::string name) {
  auto node = make(Expression::Kind::name, line);
  node->name = std::move(name);
  return node;
}

}  // namespace fulcrum
