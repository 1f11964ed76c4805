#include "text/jinja_parser.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/error.h"
#include "text/jinja_cursor.h"
#include "text/jinja_expressions.h"

namespace fulcrum {
namespace {

using Kind = JinjaToken::Kind;
using Expression = JinjaExpression;
using Statement = JinjaStatement;

class Parser {
 public:
  explicit Parser(std::string_view source) : cursor_(source) {}

  JinjaBody run() { return parse_body({}); }

 private:
  bool at_tag(std::initializer_list<std::string_view> names) const {
    return cursor_.now().kind == Kind::block_begin && cursor_.next().kind == Kind::name &&
           std::find(names.begin(), names.end(), cursor_.next().value) != names.end();
  }

  // Up to a tag of `ends` (whose "{% name" is taken, and its name returned through end_) or to the end of the
  // source.
  JinjaBody parse_body(std::initializer_list<std::string_view> ends) {
    const JinjaCursor::Level level(cursor_);
    const int opened = tag_line_;
    JinjaBody body;
    while (true) {
      const int line = cursor_.now().line;
      if (cursor_.now().kind == Kind::end) {
        if (ends.size() == 0) return body;
        throw_error(ErrorCode::corrupt,
                    "line {}: a block is not closed; expected \"{}\" before the end of the template", opened,
                    *(ends.end() - 1));
      }
      if (cursor_.now().kind == Kind::text) {
        Statement statement;
        statement.line = line;
        statement.name = cursor_.take().value;
        body.push_back(std::move(statement));
      } else if (cursor_.now().kind == Kind::output_begin) {
        cursor_.take();
        Statement statement;
        statement.kind = Statement::Kind::output;
        statement.line = line;
        statement.expressions.push_back(parse_jinja_tuple(cursor_));
        if (cursor_.now().kind != Kind::output_end) cursor_.fail("the end of the output \"}}\"");
        cursor_.take();
        body.push_back(std::move(statement));
      } else if (at_tag(ends)) {
        cursor_.take();
        end_ = cursor_.take().value;
        return body;
      } else {
        cursor_.take();
        parse_statement(line, body);
      }
    }
  }

  void parse_statement(int line, JinjaBody& body) {
    if (cursor_.now().kind != Kind::name) cursor_.fail("the name of a tag");
    const std::string tag = cursor_.take().value;
    tag_line_ = line;
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
      cursor_.expect_block_end();
      statement.bodies.push_back(parse_body({"endfilter"}));
    } else if (tag == "with") {
      parse_with(statement);
    } else if (tag == "block") {
      statement.kind = Statement::Kind::scope;
      cursor_.expect_name();
      if (!cursor_.skip_name("scoped")) cursor_.skip_name("required");
      cursor_.expect_block_end();
      statement.bodies.push_back(parse_body({"endblock"}));
      if (cursor_.now().kind == Kind::name) cursor_.take();
    } else if (tag == "generation") {
      statement.kind = Statement::Kind::scope;
      cursor_.expect_block_end();
      statement.bodies.push_back(parse_body({"endgeneration"}));
    } else if (tag == "break" || tag == "continue") {
      if (loops_ == 0) throw_error(ErrorCode::corrupt, "line {}: \"{}\" stands outside of a loop", line, tag);
      statement.kind = tag == "break" ? Statement::Kind::break_loop : Statement::Kind::continue_loop;
    } else if (tag.starts_with("end") || tag == "else" || tag == "elif") {
      throw_error(ErrorCode::corrupt, "line {}: the tag \"{}\" closes nothing here", line, tag);
    } else {
      throw_error(ErrorCode::unsupported,
                  "line {}: the tag \"{}\" is not supported; supported are if, for, set, macro, call, "
                  "filter, with, block, raw, "
                  "generation, break, continue",
                  line, tag);
    }
    cursor_.expect_block_end();
    body.push_back(std::move(statement));
  }

  void parse_if(Statement& statement) {
    statement.kind = Statement::Kind::conditional;
    end_ = "elif";
    while (end_ == "elif") {
      statement.expressions.push_back(parse_jinja_tuple(cursor_, JinjaTernary::no));
      cursor_.expect_block_end();
      statement.bodies.push_back(parse_body({"elif", "else", "endif"}));
    }
    if (end_ == "else") {
      cursor_.expect_block_end();
      statement.bodies.push_back(parse_body({"endif"}));
    }
  }

  void parse_for(Statement& statement) {
    statement.kind = Statement::Kind::loop;
    statement.targets.push_back(parse_jinja_target(cursor_));
    if (!cursor_.skip_name("in")) cursor_.fail("\"in\"");
    statement.expressions.push_back(parse_jinja_tuple(cursor_, JinjaTernary::no));
    statement.expressions.push_back(cursor_.skip_name("if") ? parse_jinja_expression(cursor_) : nullptr);
    statement.recursive = cursor_.skip_name("recursive");
    cursor_.expect_block_end();
    ++loops_;
    statement.bodies.push_back(parse_body({"else", "endfor"}));
    --loops_;
    statement.bodies.emplace_back();
    if (end_ == "else") {
      cursor_.expect_block_end();
      statement.bodies.back() = parse_body({"endfor"});
    }
  }

  void parse_set(Statement& statement) {
    statement.targets.push_back(parse_jinja_target(cursor_));
    if (cursor_.skip_symbol("=")) {
      statement.kind = Statement::Kind::set;
      statement.expressions.push_back(parse_jinja_tuple(cursor_));
      return;
    }
    statement.kind = Statement::Kind::set_block;
    statement.expressions.push_back(cursor_.is_symbol("|") ? parse_filters_of_block(statement.line, false)
                                                           : nullptr);
    cursor_.expect_block_end();
    statement.bodies.push_back(parse_body({"endset"}));
  }

  void parse_signature(Statement& statement) {
    cursor_.expect_symbol("(");
    while (!cursor_.is_symbol(")")) {
      if (!statement.parameters.empty()) cursor_.expect_symbol(",");
      if (cursor_.is_symbol(")")) break;
      statement.parameters.push_back(cursor_.expect_name());
      if (cursor_.skip_symbol("=")) {
        statement.expressions.push_back(parse_jinja_expression(cursor_));
      } else if (statement.expressions.size() > (statement.kind == Statement::Kind::call_block ? 1u : 0u)) {
        cursor_.fail("a default, as the parameter before has one");
      }
    }
    cursor_.expect_symbol(")");
  }

  JinjaBody parse_callable_body(Statement& statement, std::string_view end) {
    const std::size_t begin = cursor_.position();
    const int outer_loops = std::exchange(loops_, 0);
    JinjaBody body = parse_body({end});
    loops_ = outer_loops;
    statement.takes_varargs = cursor_.named_since(begin, "varargs");
    statement.takes_kwargs = cursor_.named_since(begin, "kwargs");
    return body;
  }

  void parse_macro(Statement& statement) {
    statement.kind = Statement::Kind::macro;
    statement.name = cursor_.expect_name();
    parse_signature(statement);
    cursor_.expect_block_end();
    statement.bodies.push_back(parse_callable_body(statement, "endmacro"));
  }

  void parse_call_block(Statement& statement) {
    statement.kind = Statement::Kind::call_block;
    statement.expressions.push_back(nullptr);
    if (cursor_.is_symbol("(")) parse_signature(statement);
    statement.expressions[0] = parse_jinja_expression(cursor_);
    if (statement.expressions[0]->kind != Expression::Kind::call) cursor_.fail("a call");
    cursor_.expect_block_end();
    statement.bodies.push_back(parse_callable_body(statement, "endcall"));
  }

  JinjaExpressionPtr parse_filters_of_block(int line, bool first_is_bare) {
    JinjaExpressionPtr subject = make_jinja_name(line, kJinjaBlockSubject);
    if (first_is_bare) subject = parse_jinja_filter(cursor_, std::move(subject));
    while (cursor_.skip_symbol("|")) subject = parse_jinja_filter(cursor_, std::move(subject));
    return subject;
  }

  void parse_with(Statement& statement) {
    statement.kind = Statement::Kind::scope;
    while (cursor_.now().kind != Kind::block_end) {
      if (!statement.targets.empty()) cursor_.expect_symbol(",");
      statement.targets.push_back(parse_jinja_target(cursor_));
      cursor_.expect_symbol("=");
      statement.expressions.push_back(parse_jinja_expression(cursor_));
    }
    cursor_.expect_block_end();
    statement.bodies.push_back(parse_body({"endwith"}));
  }

  JinjaCursor cursor_;
  int loops_ = 0;     // around the current place, within the current macro
  int tag_line_ = 1;  // of the last tag
  std::string end_;   // the tag that ended the last body
};

}  // namespace

JinjaBody parse_jinja(std::string_view source) {
  return Parser(source).run();
}

}  // namespace fulcrum
