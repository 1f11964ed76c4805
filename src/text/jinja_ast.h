// What the Jinja parser makes and the runtime walks. Plain data; positions are lines of the source, from 1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/jinja_value.h"

namespace fulcrum {

struct JinjaExpression;
using JinjaExpressionPtr = std::unique_ptr<JinjaExpression>;

struct JinjaExpression {
  enum class Kind {
    constant,
    name,
    attribute,    // children[0].name
    item,         // children[0][children[1]]
    slice,        // children[0][a:b:c], the three may be null
    call,         // children[0](...)
    filter,       // children[0] | name(...)
    test,         // children[0] is name(...)
    logical_not,  // one child
    negative,
    positive,
    arithmetic,  // operators[0] between two children
    compare,     // children[0] operators[0] children[1] operators[1] ...
    logical_and,
    logical_or,
    conditional,  // children[0] if children[1] else children[2]; the last may be null
    concat,       // a ~ b ~ c
    list,
    tuple,
    dict,  // key, value, key, value, ...
  };
  Kind kind = Kind::constant;
  int line = 1;
  int depth = 1;  // of the tree; bounded by the parser
  std::string name;
  JinjaValue constant;
  std::vector<JinjaExpressionPtr> children;
  // Of call, filter and test: the names of the last children, which are keyword arguments.
  std::vector<std::string> keywords;
  std::vector<std::string> operators;
};

struct JinjaStatement;
using JinjaBody = std::vector<JinjaStatement>;

struct JinjaStatement {
  enum class Kind {
    text,
    output,        // expressions[0]
    conditional,   // expressions[i] chooses bodies[i]; one more body is the else
    loop,          // targets[0] in expressions[0], if expressions[1] (may be null); bodies: each, else
    set,           // targets[0] = expressions[0]
    set_block,     // targets[0] = bodies[0], through the filters of expressions[0] (may be null)
    macro,         // name, parameters, defaults in expressions for the last of them, bodies[0]
    call_block,    // expressions[0] is the call; parameters, defaults behind it, bodies[0] is the caller
    filter_block,  // bodies[0] through the filters of expressions[0]
    scope,         // with: targets[i] = expressions[i] around bodies[0]
    break_loop,
    continue_loop,
  };
  // In a filter chain of set_block and filter_block the innermost subject is the name kJinjaBlockSubject.
  Kind kind = Kind::text;
  int line = 1;
  std::string name;  // of a macro; the text
  std::vector<JinjaExpressionPtr> targets, expressions;
  std::vector<JinjaBody> bodies;
  std::vector<std::string> parameters;
  bool recursive = false;      // a loop that calls itself as loop(...)
  bool takes_varargs = false;  // a macro whose body names varargs, kwargs
  bool takes_kwargs = false;
};

inline constexpr const char* kJinjaBlockSubject = "{block}";  // no name of a template is spelt like this

}  // namespace fulcrum
