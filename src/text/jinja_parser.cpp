#include "text/jinja_parser.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/error.h"
#include "text/jinja_lexer.h"

namespace fulcrum {
namespace {

using Kind = JinjaToken::Kind;
using Expression = JinjaExpression;
using Statement = JinjaStatement;

constexpr int kDeepestNesting = 100;     // of brackets and blocks, for the parser's own stack
constexpr int kDeepestExpression = 500;  // of the tree: "a + b + c + ..." is one level each

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(lex_jinja(source)) {}

  JinjaBody run() {
    JinjaBody body = parse_body({});
    return body;
  }

 private:
  const JinjaToken& now() const { return tokens_[at_]; }
  const JinjaToken& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  JinjaToken take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is_symbol(std::string_view value) const { return now().kind == Kind::symbol && now().value == value; }
  bool is_name(std::string_view value) const { return now().kind == Kind::name && now().value == value; }
  bool skip_symbol(std::string_view value) { return is_symbol(value) && (take(), true); }
  bool skip_name(std::string_view value) { return is_name(value) && (take(), true); }

  static std::string describe(const JinjaToken& token) {
    switch (token.kind) {
      case Kind::text:
        return "text";
      case Kind::output_begin:
        return "\"{{\"";
      case Kind::output_end:
        return "\"}}\"";
      case Kind::block_begin:
        return "\"{%\"";
      case Kind::block_end:
        return "\"%}\"";
      case Kind::end:
        return "the end of the template";
      default:
        return "\"" + token.value + "\"";
    }
  }

  [[noreturn]] void fail(std::string_view expected) const {
    throw_error(ErrorCode::corrupt, "line {}: expected {}, found {}", now().line, expected, describe(now()));
  }

  void expect_symbol(std::string_view value) {
    if (!skip_symbol(value)) fail("\"" + std::string(value) + "\"");
  }

  std::string expect_name() {
    if (now().kind != Kind::name) fail("a name");
    return take().value;
  }

  void expect_block_end() {
    if (now().kind != Kind::block_end) fail("the end of the tag");
    take();
  }

  // Guards the parser's stack; alive while one level of brackets or blocks is parsed.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.level_ > kDeepestNesting) {
        throw_error(ErrorCode::too_large, "line {}: the template nests deeper than {}", parser_.now().line, kDeepestNesting);
      }
    }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  static void add(Expression& parent, JinjaExpressionPtr child) {
    if (child) {
      parent.depth = std::max(parent.depth, child->depth + 1);
      if (parent.depth > kDeepestExpression) {
        throw_error(ErrorCode::too_large, "line {}: an expression has more than {} levels", parent.line, kDeepestExpression);
      }
    }
    parent.children.push_back(std::move(child));
  }

  template <typename... Children>
  static JinjaExpressionPtr make(Expression::Kind kind, int line, Children... children) {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = line;
    (add(*node, std::move(children)), ...);
    return node;
  }

  static JinjaExpressionPtr make_constant(int line, JinjaValue value) {
    auto node = make(Expression::Kind::constant, line);
    node->constant = std::move(value);
    return node;
  }

  static JinjaExpressionPtr make_name(int line, std::string name) {
    auto node = make(Expression::Kind::name, line);
    node->name = std::move(name);
    return node;
  }

  // --- statements ---

  bool at_tag(std::initializer_list<std::string_view> names) const {
    return now().kind == Kind::block_begin && next().kind == Kind::name &&
           std::find(names.begin(), names.end(), next().value) != names.end();
  }

  // Up to a tag of `ends` (whose "{% name" is taken, and its name returned through end_) or to the end of the source.
  JinjaBody parse_body(std::initializer_list<std::string_view> ends) {
    const Level level(*this);
    const int opened = now().line;
    JinjaBody body;
    while (true) {
      const int line = now().line;
      if (now().kind == Kind::end) {
        if (ends.size() == 0) return body;
        throw_error(ErrorCode::corrupt, "line {}: a block is not closed; expected \"{}\" before the end of the template", opened,
                    *(ends.end() - 1));
      }
      if (now().kind == Kind::text) {
        Statement statement;
        statement.line = line;
        statement.name = take().value;
        body.push_back(std::move(statement));
      } else if (now().kind == Kind::output_begin) {
        take();
        Statement statement;
        statement.kind = Statement::Kind::output;
        statement.line = line;
        statement.expressions.push_back(parse_tuple_or_expression());
        if (now().kind != Kind::output_end) fail("the end of the output \"}}\"");
        take();
        body.push_back(std::move(statement));
      } else if (at_tag(ends)) {
        take();
        end_ = take().value;
        return body;
      } else {
        take();
        parse_statement(line, body);
      }
    }
  }

  void parse_statement(int line, JinjaBody& body) {
    if (now().kind != Kind::name) fail("the name of a tag");
    const std::string tag = take().value;
    Statement statement;
    statement.line = line;
    if (tag == "if") {
      parse_if(statement);
    } else if (tag == "for") {
      parse_for(statement);
    } else if (tag == "set") {
      parse_set(statement);
    } else if (tag == "macro") {
      parse_macro(statement);
    } else if (tag == "call") {
      parse_call_block(statement);
    } else if (tag == "filter") {
      statement.kind = Statement::Kind::filter_block;
      statement.expressions.push_back(parse_filters_of_block(line, true));
      expect_block_end();
      statement.bodies.push_back(parse_body({"endfilter"}));
    } else if (tag == "with") {
      parse_with(statement);
    } else if (tag == "block") {
      statement.kind = Statement::Kind::scope;
      expect_name();
      if (!skip_name("scoped")) skip_name("required");
      expect_block_end();
      statement.bodies.push_back(parse_body({"endblock"}));
      if (now().kind == Kind::name) take();
    } else if (tag == "generation") {
      statement.kind = Statement::Kind::scope;
      expect_block_end();
      statement.bodies.push_back(parse_body({"endgeneration"}));
    } else if (tag == "break" || tag == "continue") {
      if (loops_ == 0) throw_error(ErrorCode::corrupt, "line {}: \"{}\" stands outside of a loop", line, tag);
      statement.kind = tag == "break" ? Statement::Kind::break_loop : Statement::Kind::continue_loop;
    } else if (tag.starts_with("end") || tag == "else" || tag == "elif") {
      throw_error(ErrorCode::corrupt, "line {}: the tag \"{}\" closes nothing here", line, tag);
    } else {
      throw_error(ErrorCode::unsupported,
                  "line {}: the tag \"{}\" is not supported; supported are if, for, set, macro, call, filter, with, block, raw, "
                  "generation, break, continue",
                  line, tag);
    }
    expect_block_end();
    body.push_back(std::move(statement));
  }

  void parse_if(Statement& statement) {
    statement.kind = Statement::Kind::conditional;
    end_ = "elif";
    while (end_ == "elif") {
      statement.expressions.push_back(parse_tuple_or_expression(Ternary::no));
      expect_block_end();
      statement.bodies.push_back(parse_body({"elif", "else", "endif"}));
    }
    if (end_ == "else") {
      expect_block_end();
      statement.bodies.push_back(parse_body({"endif"}));
    }
  }

  void parse_for(Statement& statement) {
    statement.kind = Statement::Kind::loop;
    statement.targets.push_back(parse_target());
    if (!skip_name("in")) fail("\"in\"");
    statement.expressions.push_back(parse_tuple_or_expression(Ternary::no));
    statement.expressions.push_back(skip_name("if") ? parse_expression() : nullptr);
    statement.recursive = skip_name("recursive");
    expect_block_end();
    ++loops_;
    statement.bodies.push_back(parse_body({"else", "endfor"}));
    --loops_;
    statement.bodies.emplace_back();
    if (end_ == "else") {
      expect_block_end();
      statement.bodies.back() = parse_body({"endfor"});
    }
  }

  void parse_set(Statement& statement) {
    statement.targets.push_back(parse_target());
    if (skip_symbol("=")) {
      statement.kind = Statement::Kind::set;
      statement.expressions.push_back(parse_tuple_or_expression());
      return;
    }
    statement.kind = Statement::Kind::set_block;
    statement.expressions.push_back(is_symbol("|") ? parse_filters_of_block(statement.line, false) : nullptr);
    expect_block_end();
    statement.bodies.push_back(parse_body({"endset"}));
  }

  void parse_signature(Statement& statement) {
    expect_symbol("(");
    while (!is_symbol(")")) {
      if (!statement.parameters.empty()) expect_symbol(",");
      if (is_symbol(")")) break;
      statement.parameters.push_back(expect_name());
      if (skip_symbol("=")) {
        statement.expressions.push_back(parse_expression());
      } else if (statement.expressions.size() > (statement.kind == Statement::Kind::call_block ? 1u : 0u)) {
        fail("a default, as the parameter before has one");
      }
    }
    expect_symbol(")");
  }

  JinjaBody parse_callable_body(Statement& statement, std::string_view end) {
    const bool outer_varargs = std::exchange(names_varargs_, false);
    const bool outer_kwargs = std::exchange(names_kwargs_, false);
    const int outer_loops = std::exchange(loops_, 0);
    JinjaBody body = parse_body({end});
    statement.takes_varargs = std::exchange(names_varargs_, outer_varargs);
    statement.takes_kwargs = std::exchange(names_kwargs_, outer_kwargs);
    loops_ = outer_loops;
    return body;
  }

  void parse_macro(Statement& statement) {
    statement.kind = Statement::Kind::macro;
    statement.name = expect_name();
    parse_signature(statement);
    expect_block_end();
    statement.bodies.push_back(parse_callable_body(statement, "endmacro"));
  }

  void parse_call_block(Statement& statement) {
    statement.kind = Statement::Kind::call_block;
    statement.expressions.push_back(nullptr);
    if (is_symbol("(")) parse_signature(statement);
    statement.expressions[0] = parse_expression();
    if (statement.expressions[0]->kind != Expression::Kind::call) fail("a call");
    expect_block_end();
    statement.bodies.push_back(parse_callable_body(statement, "endcall"));
  }

  JinjaExpressionPtr parse_filters_of_block(int line, bool first_is_bare) {
    JinjaExpressionPtr subject = make_name(line, kJinjaBlockSubject);
    if (first_is_bare) subject = parse_filter(std::move(subject));
    while (skip_symbol("|")) subject = parse_filter(std::move(subject));
    return subject;
  }

  void parse_with(Statement& statement) {
    statement.kind = Statement::Kind::scope;
    while (now().kind != Kind::block_end) {
      if (!statement.targets.empty()) expect_symbol(",");
      statement.targets.push_back(parse_target());
      expect_symbol("=");
      statement.expressions.push_back(parse_expression());
    }
    expect_block_end();
    statement.bodies.push_back(parse_body({"endwith"}));
  }

  // A name, names with commas between (in brackets or not), or an attribute of a namespace.
  JinjaExpressionPtr parse_target() {
    const int line = now().line;
    std::vector<JinjaExpressionPtr> parts;
    bool is_tuple = false;
    while (true) {
      parts.push_back(parse_single_target());
      if (!skip_symbol(",")) break;
      is_tuple = true;
      if (is_name("in") || is_symbol("=") || is_symbol(")") || now().kind == Kind::block_end) break;
    }
    if (!is_tuple) return std::move(parts[0]);
    auto node = make(Expression::Kind::tuple, line);
    for (JinjaExpressionPtr& part : parts) add(*node, std::move(part));
    return node;
  }

  JinjaExpressionPtr parse_single_target() {
    const Level level(*this);
    const int line = now().line;
    if (skip_symbol("(")) {
      JinjaExpressionPtr inner = parse_target();
      expect_symbol(")");
      return inner;
    }
    const std::string name = expect_name();
    if (name == "true" || name == "false" || name == "none" || name == "True" || name == "False" || name == "None") {
      throw_error(ErrorCode::corrupt, "line {}: \"{}\" cannot be assigned to", line, name);
    }
    if (!skip_symbol(".")) return make_name(line, name);
    auto node = make(Expression::Kind::attribute, line, make_name(line, name));
    node->name = expect_name();
    return node;
  }

  // --- expressions ---

  enum class Ternary { yes, no };

  bool at_tuple_end() const {
    return now().kind == Kind::output_end || now().kind == Kind::block_end || is_symbol(")") || is_name("recursive");
  }

  JinjaExpressionPtr parse_tuple_or_expression(Ternary ternary = Ternary::yes) {
    const int line = now().line;
    if (at_tuple_end()) fail("an expression");
    JinjaExpressionPtr first = parse_expression(ternary);
    if (!is_symbol(",")) return first;
    auto node = make(Expression::Kind::tuple, line, std::move(first));
    while (skip_symbol(",")) {
      if (at_tuple_end()) break;
      add(*node, parse_expression(ternary));
    }
    return node;
  }

  JinjaExpressionPtr parse_expression(Ternary ternary = Ternary::yes) {
    const Level level(*this);
    JinjaExpressionPtr left = parse_or();
    while (ternary == Ternary::yes && is_name("if")) {
      const int line = take().line;
      JinjaExpressionPtr condition = parse_or();
      JinjaExpressionPtr otherwise = skip_name("else") ? parse_expression() : nullptr;
      left = make(Expression::Kind::conditional, line, std::move(left), std::move(condition), std::move(otherwise));
    }
    return left;
  }

  JinjaExpressionPtr parse_or() {
    JinjaExpressionPtr left = parse_and();
    while (is_name("or")) {
      const int line = take().line;
      left = make(Expression::Kind::logical_or, line, std::move(left), parse_and());
    }
    return left;
  }

  JinjaExpressionPtr parse_and() {
    JinjaExpressionPtr left = parse_not();
    while (is_name("and")) {
      const int line = take().line;
      left = make(Expression::Kind::logical_and, line, std::move(left), parse_not());
    }
    return left;
  }

  JinjaExpressionPtr parse_not() {
    const Level level(*this);
    if (!is_name("not")) return parse_compare();
    const int line = take().line;
    return make(Expression::Kind::logical_not, line, parse_not());
  }

  JinjaExpressionPtr parse_compare() {
    const int line = now().line;
    JinjaExpressionPtr first = parse_sum();
    JinjaExpressionPtr node;
    while (true) {
      std::string op;
      if (now().kind == Kind::symbol && (now().value == "==" || now().value == "!=" || now().value == "<" || now().value == "<=" ||
                                         now().value == ">" || now().value == ">=")) {
        op = take().value;
      } else if (skip_name("in")) {
        op = "in";
      } else if (is_name("not") && next().kind == Kind::name && next().value == "in") {
        take();
        take();
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
    while (now().kind == Kind::symbol && std::find(symbols.begin(), symbols.end(), now().value) != symbols.end()) {
      const JinjaToken token = take();
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
    const int line = now().line;
    JinjaExpressionPtr first = parse_product();
    if (!is_symbol("~")) return first;
    auto node = make(Expression::Kind::concat, line, std::move(first));
    while (skip_symbol("~")) add(*node, parse_product());
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
    const Level level(*this);
    JinjaExpressionPtr node;
    if (is_symbol("-") || is_symbol("+")) {
      const JinjaToken token = take();
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
    const JinjaToken token = now();
    switch (token.kind) {
      case Kind::name:
        take();
        if (token.value == "true" || token.value == "True") return make_constant(token.line, JinjaValue(true));
        if (token.value == "false" || token.value == "False") return make_constant(token.line, JinjaValue(false));
        if (token.value == "none" || token.value == "None") return make_constant(token.line, JinjaNone{});
        if (token.value == "varargs") names_varargs_ = true;
        if (token.value == "kwargs") names_kwargs_ = true;
        return make_name(token.line, token.value);
      case Kind::string: {
        std::string text;
        while (now().kind == Kind::string) text += take().value;
        return make_constant(token.line, JinjaValue::string(text));
      }
      case Kind::integer: {
        take();
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(token.value.data(), token.value.data() + token.value.size(), value);
        if (error != std::errc()) throw_error(ErrorCode::unsupported, "line {}: the integer {} has more than 64 bits", token.line, token.value);
        return make_constant(token.line, JinjaValue(value));
      }
      case Kind::floating: {
        take();
        double value = 0;
        const auto [end, error] = std::from_chars(token.value.data(), token.value.data() + token.value.size(), value);
        if (error != std::errc()) throw_error(ErrorCode::unsupported, "line {}: the number {} is out of range", token.line, token.value);
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
    fail("an expression");
  }

  JinjaExpressionPtr parse_parentheses() {
    const int line = take().line;
    JinjaExpressionPtr inner = is_symbol(")") ? make(Expression::Kind::tuple, line) : parse_tuple_or_expression();
    expect_symbol(")");
    return inner;
  }

  JinjaExpressionPtr parse_list() {
    auto node = make(Expression::Kind::list, take().line);
    while (!is_symbol("]")) {
      if (!node->children.empty()) expect_symbol(",");
      if (is_symbol("]")) break;
      add(*node, parse_expression());
    }
    expect_symbol("]");
    return node;
  }

  JinjaExpressionPtr parse_dict() {
    auto node = make(Expression::Kind::dict, take().line);
    while (!is_symbol("}")) {
      if (!node->children.empty()) expect_symbol(",");
      if (is_symbol("}")) break;
      add(*node, parse_expression());
      expect_symbol(":");
      add(*node, parse_expression());
    }
    expect_symbol("}");
    return node;
  }

  JinjaExpressionPtr parse_postfix(JinjaExpressionPtr node) {
    while (true) {
      const int line = now().line;
      if (skip_symbol(".")) {
        if (now().kind == Kind::integer) {
          node = make(Expression::Kind::item, line, std::move(node), parse_primary());
        } else {
          node = make(Expression::Kind::attribute, line, std::move(node));
          node->name = expect_name();
        }
      } else if (skip_symbol("[")) {
        node = parse_subscript(line, std::move(node));
      } else if (is_symbol("(")) {
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
    while (!is_symbol("]")) {
      if (!keys.empty()) expect_symbol(",");
      bounds.clear();
      bounds.push_back(is_symbol(":") ? nullptr : parse_expression());
      while (bounds.size() < 3 && skip_symbol(":")) {
        is_slice = true;
        bounds.push_back(is_symbol(":") || is_symbol("]") || is_symbol(",") ? nullptr : parse_expression());
      }
      keys.push_back(bounds.size() == 1 ? std::move(bounds[0]) : nullptr);
    }
    expect_symbol("]");
    if (is_slice) {
      if (keys.size() != 1) throw_error(ErrorCode::unsupported, "line {}: a slice among several subscripts is not supported", line);
      bounds.resize(3);
      return make(Expression::Kind::slice, line, std::move(object), std::move(bounds[0]), std::move(bounds[1]), std::move(bounds[2]));
    }
    if (keys.size() == 1) return make(Expression::Kind::item, line, std::move(object), std::move(keys[0]));
    auto key = make(Expression::Kind::tuple, line);
    for (JinjaExpressionPtr& part : keys) add(*key, std::move(part));
    return make(Expression::Kind::item, line, std::move(object), std::move(key));
  }

  void parse_arguments(Expression& node) {
    expect_symbol("(");
    bool first = true;
    while (!is_symbol(")")) {
      if (!first) expect_symbol(",");
      first = false;
      if (is_symbol(")")) break;
      if (is_symbol("*") || is_symbol("**")) {
        throw_error(ErrorCode::unsupported, "line {}: arguments given with \"{}\" are not supported", now().line, now().value);
      }
      if (now().kind == Kind::name && next().kind == Kind::symbol && next().value == "=") {
        node.keywords.push_back(take().value);
        take();
      } else if (!node.keywords.empty()) {
        fail("a keyword argument, as the one before was");
      }
      add(node, parse_expression());
    }
    expect_symbol(")");
  }

  std::string parse_dotted_name() {
    std::string name = expect_name();
    while (skip_symbol(".")) name += "." + expect_name();
    return name;
  }

  JinjaExpressionPtr parse_filter(JinjaExpressionPtr subject) {
    auto node = make(Expression::Kind::filter, now().line, std::move(subject));
    node->name = parse_dotted_name();
    if (is_symbol("(")) parse_arguments(*node);
    return node;
  }

  JinjaExpressionPtr parse_test(JinjaExpressionPtr subject) {
    const int line = now().line;
    const bool negated = skip_name("not");
    auto node = make(Expression::Kind::test, line, std::move(subject));
    node->name = parse_dotted_name();
    const Kind kind = now().kind;
    if (is_symbol("(")) {
      parse_arguments(*node);
    } else if ((kind == Kind::name && !is_name("else") && !is_name("or") && !is_name("and") && !is_name("is") && !is_name("if") && !is_name("in") && !is_name("not")) ||
               kind == Kind::string || kind == Kind::integer || kind == Kind::floating || is_symbol("[") || is_symbol("{")) {
      add(*node, parse_postfix(parse_primary()));
    }
    if (!negated) return node;
    return make(Expression::Kind::logical_not, line, std::move(node));
  }

  JinjaExpressionPtr parse_filters_and_tests(JinjaExpressionPtr node) {
    while (true) {
      const int line = now().line;
      if (skip_symbol("|")) {
        node = parse_filter(std::move(node));
      } else if (skip_name("is")) {
        node = parse_test(std::move(node));
      } else if (is_symbol("(")) {
        node = make(Expression::Kind::call, line, std::move(node));
        parse_arguments(*node);
      } else {
        return node;
      }
    }
  }

  std::vector<JinjaToken> tokens_;
  std::size_t at_ = 0;
  int level_ = 0;
  int loops_ = 0;    // around the current place, within the current macro
  std::string end_;  // the tag that ended the last body
  bool names_varargs_ = false, names_kwargs_ = false;
};

}  // namespace

JinjaBody parse_jinja(std::string_view source) { return Parser(source).run(); }

}  // namespace fulcrum
