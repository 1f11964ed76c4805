#include "text/jinja_template.h"

#include <algorithm>
#include <ctime>
#include <deque>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_globals.h"
#include "text/jinja_operators.h"
#include "text/jinja_parser.h"
#include "text/jinja_predicates.h"

namespace fulcrum {
namespace {

using Expression = JinjaExpression;
using Statement = JinjaStatement;

constexpr std::uint64_t kMacroWork = 500;  // about the bytes of the scope that it keeps

// Names of one block. A scope that a macro was defined in lives as long as the rendering.
struct Scope {
  Scope* parent = nullptr;
  std::unordered_map<std::string, JinjaValue> values;
  bool captured = false;
};

enum class Flow { normal, break_loop, continue_loop };

class Interpreter final : public JinjaHost {
 public:
  Interpreter(const JinjaDict& variables, const JinjaLimits& limits)
      : variables_(variables), limits_(limits) {}

  // Values can refer to each other in a circle through namespaces.
  ~Interpreter() override {
    for (const auto& made : namespaces_) made->clear();
  }
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  JinjaText run(const JinjaBody& body) {
    try {
      const ScopeGuard scope(*this, nullptr);
      execute(body);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("line {}: {}", line_, error.what()));
    }
    return std::move(output_);
  }

  void spend(std::uint64_t work) override {
    if (work > limits_.work - spent_) {
      throw_error(ErrorCode::too_large, "the template takes more than {} steps and bytes", limits_.work);
    }
    spent_ += work;
  }

  JinjaValue call(const JinjaValue& callable, JinjaArguments arguments) override {
    require_defined(callable);
    if (!callable.is_object())
      throw_error(ErrorCode::invalid_argument, "a {} cannot be called", callable.type_name());
    const DepthGuard depth(*this);
    return callable.object()->call(*this, std::move(arguments));
  }

  JinjaValue filter(std::string_view name, const JinjaValue& subject,
                    const JinjaArguments& arguments) override {
    spend(1);
    const JinjaFilter found = find_jinja_filter(name);
    if (found == nullptr) throw_error(ErrorCode::unsupported, "the filter \"{}\" is not supported", name);
    return found(*this, subject, arguments);
  }

  bool test(std::string_view name, const JinjaValue& subject, const JinjaArguments& arguments) override {
    spend(1);
    const JinjaPredicate found = find_jinja_predicate(name);
    if (found == nullptr) throw_error(ErrorCode::unsupported, "the test \"{}\" is not supported", name);
    return found(*this, subject, arguments);
  }

  std::string local_time(const std::string& format) override {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    std::string text(256, '\0');
    text.resize(std::strftime(text.data(), text.size(), format.c_str(), &parts));
    return text;
  }

 private:
  class DepthGuard {
   public:
    explicit DepthGuard(Interpreter& owner) : owner_(owner) {
      if (owner_.depth_ >= owner_.limits_.depth) {
        throw_error(ErrorCode::too_large, "the template nests deeper than {} while it runs",
                    owner_.limits_.depth);
      }
      ++owner_.depth_;
    }
    ~DepthGuard() { --owner_.depth_; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;

   private:
    Interpreter& owner_;
  };

  // A new innermost scope for as long as it lives.
  class ScopeGuard {
   public:
    ScopeGuard(Interpreter& owner, Scope* parent) : owner_(owner), before_(owner.scope_) {
      if (owner_.free_scopes_.empty()) {
        owner_.free_scopes_.push_back(&owner_.scopes_.emplace_back());
      }
      owner_.scope_ = owner_.free_scopes_.back();
      owner_.free_scopes_.pop_back();
      owner_.scope_->parent = parent;
    }
    ~ScopeGuard() {
      if (!owner_.scope_->captured) {
        owner_.scope_->values.clear();
        owner_.free_scopes_.push_back(owner_.scope_);
      }
      owner_.scope_ = before_;
    }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

   private:
    Interpreter& owner_;
    Scope* before_;
  };

  // --- statements ---

  void write(const JinjaText& text) {
    spend(text.size());
    if (output_.size() + text.size() > limits_.output_bytes) {
      throw_error(ErrorCode::too_large, "the template writes more than {} bytes", limits_.output_bytes);
    }
    output_.append(text);
  }

  // What `work` writes, instead of writing it.
  template <typename Work>
  JinjaText capture(Work&& work) {
    JinjaText outer = std::exchange(output_, {});
    try {
      work();
    } catch (...) {
      output_ = std::move(outer);
      throw;
    }
    return std::exchange(output_, std::move(outer));
  }

  Flow execute(const JinjaBody& body) {
    const DepthGuard depth(*this);
    for (const Statement& statement : body) {
      spend(1);
      line_ = statement.line;
      const Flow flow = execute(statement);
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Flow execute(const Statement& statement) {
    switch (statement.kind) {
      case Statement::Kind::text:
        write(JinjaText(statement.name, JinjaOrigin::source));
        break;
      case Statement::Kind::output:
        write(join_printed(*this, {evaluate(*statement.expressions[0])}));
        break;
      case Statement::Kind::conditional:
        return execute_conditional(statement);
      case Statement::Kind::loop:
        run_loop(statement, evaluate(*statement.expressions[0]), 1);
        break;
      case Statement::Kind::set:
        assign(*statement.targets[0], evaluate(*statement.expressions[0]));
        break;
      case Statement::Kind::set_block: {
        JinjaValue text = captured_block(statement);
        if (statement.expressions[0]) text = filter_block(*statement.expressions[0], std::move(text));
        assign(*statement.targets[0], std::move(text));
        break;
      }
      case Statement::Kind::macro:
        scope_->values[statement.name] = make_macro(statement, statement.name, 0);
        break;
      case Statement::Kind::call_block:
        execute_call_block(statement);
        break;
      case Statement::Kind::filter_block:
        write(join_printed(*this, {filter_block(*statement.expressions[0], captured_block(statement))}));
        break;
      case Statement::Kind::scope: {
        std::vector<JinjaValue> values;
        for (const JinjaExpressionPtr& expression : statement.expressions)
          values.push_back(evaluate(*expression));
        const ScopeGuard scope(*this, scope_);
        for (std::size_t i = 0; i < values.size(); ++i) assign(*statement.targets[i], std::move(values[i]));
        return execute(statement.bodies[0]);
      }
      case Statement::Kind::break_loop:
        return Flow::break_loop;
      case Statement::Kind::continue_loop:
        return Flow::continue_loop;
    }
    return Flow::normal;
  }

  Flow execute_conditional(const Statement& statement) {
    for (std::size_t i = 0; i < statement.expressions.size(); ++i) {
      if (evaluate(*statement.expressions[i]).truth()) return execute(statement.bodies[i]);
    }
    if (statement.bodies.size() > statement.expressions.size()) return execute(statement.bodies.back());
    return Flow::normal;
  }

  JinjaValue captured_block(const Statement& statement) {
    return JinjaValue(capture([&] {
      const ScopeGuard scope(*this, scope_);
      execute(statement.bodies[0]);
    }));
  }

  JinjaValue filter_block(const Expression& filters, JinjaValue text) {
    const ScopeGuard scope(*this, scope_);
    scope_->values[kJinjaBlockSubject] = std::move(text);
    return evaluate(filters);
  }

  void run_loop(const Statement& statement, const JinjaValue& sequence, int level) {
    const DepthGuard depth(*this);
    spend(sequence.weight());
    const Expression& target = *statement.targets[0];
    std::vector<JinjaValue> items = iterate(sequence);
    if (const Expression* condition = statement.expressions[1].get()) {
      std::vector<JinjaValue> kept;
      for (JinjaValue& item : items) {
        const ScopeGuard scope(*this, scope_);
        assign(target, item);
        if (evaluate(*condition).truth()) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    if (items.empty()) {
      const ScopeGuard scope(*this, scope_);
      execute(statement.bodies[1]);
      return;
    }
    JinjaLoop::Recurse recurse;
    if (statement.recursive) {
      recurse = [this, &statement, level](const JinjaValue& inner) {
        return JinjaValue(capture([&] { run_loop(statement, inner, level + 1); }));
      };
    }
    const auto loop = std::make_shared<JinjaLoop>(std::move(items), level, std::move(recurse));
    for (std::size_t i = 0; i < loop->items().size(); ++i) {
      spend(1);
      loop->move_to(i);
      const ScopeGuard scope(*this, scope_);
      scope_->values["loop"] = JinjaValue(std::static_pointer_cast<JinjaObject>(loop));
      assign(target, loop->items()[i]);
      if (execute(statement.bodies[0]) == Flow::break_loop) break;
    }
  }

  void assign(const Expression& target, JinjaValue value) {
    if (target.kind == Expression::Kind::name) {
      scope_->values[target.name] = std::move(value);
    } else if (target.kind == Expression::Kind::attribute) {
      const JinjaValue object = evaluate(*target.children[0]);
      const auto made =
          object.is_object() ? std::dynamic_pointer_cast<JinjaNamespace>(object.object()) : nullptr;
      if (!made) {
        throw_error(ErrorCode::invalid_argument,
                    "\"{}.{}\" cannot be set: only attributes of a namespace() can", target.children[0]->name,
                    target.name);
      }
      made->set(target.name, std::move(value));
    } else {
      spend(value.weight());
      const std::vector<JinjaValue> items = iterate(value);
      if (items.size() != target.children.size()) {
        throw_error(ErrorCode::invalid_argument, "{} values cannot be assigned to {} names", items.size(),
                    target.children.size());
      }
      for (std::size_t i = 0; i < items.size(); ++i) assign(*target.children[i], items[i]);
    }
  }

  // A macro, or the body of a call block; its parameters' defaults start at expressions[first_default].
  JinjaValue make_macro(const Statement& statement, const std::string& name, std::size_t first_default) {
    spend(kMacroWork);
    for (Scope* scope = scope_; scope != nullptr && !scope->captured; scope = scope->parent)
      scope->captured = true;
    return JinjaFunction::make(name, [this, &statement, name, first_default, home = scope_](
                                         JinjaHost&, const JinjaArguments& arguments) {
      return call_macro(statement, name, first_default, home, arguments);
    });
  }

  JinjaValue call_macro(const Statement& statement, const std::string& name, std::size_t first_default,
                        Scope* home, const JinjaArguments& arguments) {
    const int line = line_;
    JinjaValue result(capture([&] {
      const ScopeGuard scope(*this, home);
      bind_parameters(statement, name, first_default, arguments);
      execute(statement.bodies[0]);
    }));
    line_ = line;
    return result;
  }

  void bind_parameters(const Statement& statement, const std::string& name, std::size_t first_default,
                       const JinjaArguments& arguments) {
    const std::size_t count = statement.parameters.size();
    const std::size_t without_default = count - (statement.expressions.size() - first_default);
    std::vector<JinjaValue> rest;
    JinjaDict named_rest;
    std::vector<std::optional<JinjaValue>> bound(count);
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
      if (i < count) {
        bound[i] = arguments.positional[i];
      } else {
        rest.push_back(arguments.positional[i]);
      }
    }
    if (!rest.empty() && !statement.takes_varargs) {
      throw_error(ErrorCode::invalid_argument, "the macro \"{}\" takes {} arguments, found {}", name, count,
                  arguments.positional.size());
    }
    for (const auto& [key, value] : arguments.named) {
      const auto found = std::find(statement.parameters.begin(), statement.parameters.end(), key);
      if (found != statement.parameters.end()) {
        bound[static_cast<std::size_t>(found - statement.parameters.begin())] = value;
      } else if (key == "caller") {
        scope_->values["caller"] = value;
      } else if (statement.takes_kwargs) {
        named_rest.set(JinjaValue::string(key), value);
      } else {
        throw_error(ErrorCode::invalid_argument, "the macro \"{}\" has no parameter \"{}\"", name, key);
      }
    }
    if (statement.takes_varargs) scope_->values["varargs"] = JinjaValue::tuple(std::move(rest));
    if (statement.takes_kwargs) scope_->values["kwargs"] = JinjaValue::dict(std::move(named_rest));
    for (std::size_t i = 0; i < count; ++i) {
      if (!bound[i]) {
        bound[i] = i >= without_default
                       ? evaluate(*statement.expressions[first_default + i - without_default])
                       : JinjaValue(JinjaUndefined{
                             fmt::format("the parameter \"{}\" was not given", statement.parameters[i])});
      }
      scope_->values[statement.parameters[i]] = *bound[i];
    }
  }

  void execute_call_block(const Statement& statement) {
    const Expression& call_expression = *statement.expressions[0];
    const JinjaValue callee = evaluate(*call_expression.children[0]);
    JinjaArguments arguments = evaluate_arguments(call_expression);
    arguments.named.emplace_back("caller", make_macro(statement, "caller", 1));
    write(join_printed(*this, {call(callee, std::move(arguments))}));
  }

  // --- expressions ---

  JinjaValue look_up(const std::string& name) {
    for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
      const auto found = scope->values.find(name);
      if (found != scope->values.end()) return found->second;
    }
    if (const JinjaValue* found = variables_.find(name)) return *found;
    if (auto global = find_jinja_global(name, namespaces_)) return *global;
    return JinjaUndefined{fmt::format("\"{}\" is undefined", name)};
  }

  JinjaValue evaluate(const Expression& expression) {
    const DepthGuard depth(*this);
    spend(1);
    line_ = expression.line;
    const auto child = [&](std::size_t i) { return evaluate(*expression.children[i]); };
    switch (expression.kind) {
      case Expression::Kind::constant:
        return expression.constant;
      case Expression::Kind::name:
        return look_up(expression.name);
      case Expression::Kind::attribute:
        return get_attribute(child(0), expression.name);
      case Expression::Kind::item: {
        const JinjaValue object = child(0);
        return get_item(object, child(1));
      }
      case Expression::Kind::slice: {
        const JinjaValue object = child(0);
        const auto bound = [&](std::size_t i) {
          return expression.children[i] ? child(i) : JinjaValue(JinjaNone{});
        };
        const JinjaValue begin = bound(1), end = bound(2);
        return get_slice(*this, object, begin, end, bound(3));
      }
      case Expression::Kind::call: {
        const JinjaValue callee = child(0);
        return call(callee, evaluate_arguments(expression));
      }
      case Expression::Kind::filter: {
        const JinjaValue subject = child(0);
        return filter(expression.name, subject, evaluate_arguments(expression));
      }
      case Expression::Kind::test: {
        const JinjaValue subject = child(0);
        return JinjaValue(test(expression.name, subject, evaluate_arguments(expression)));
      }
      case Expression::Kind::logical_not:
        return JinjaValue(!child(0).truth());
      case Expression::Kind::negative:
        return negate_value(child(0));
      case Expression::Kind::positive: {
        const JinjaValue value = child(0);
        if (!value.is_number())
          throw_error(ErrorCode::invalid_argument, "\"+\" does not work on a {}", value.type_name());
        return value;
      }
      case Expression::Kind::arithmetic: {
        const JinjaValue left = child(0);
        return apply_arithmetic(*this, expression.operators[0], left, child(1));
      }
      case Expression::Kind::compare:
        return evaluate_comparison(expression);
      case Expression::Kind::logical_and: {
        JinjaValue left = child(0);
        return left.truth() ? child(1) : left;
      }
      case Expression::Kind::logical_or: {
        JinjaValue left = child(0);
        return left.truth() ? left : child(1);
      }
      case Expression::Kind::conditional:
        if (child(1).truth()) return child(0);
        if (expression.children[2]) return child(2);
        return JinjaUndefined{"the condition is false and there is no else"};
      case Expression::Kind::concat:
        return JinjaValue(join_printed(*this, evaluate_all(expression)));
      case Expression::Kind::list:
        return JinjaValue::list(evaluate_all(expression));
      case Expression::Kind::tuple:
        return JinjaValue::tuple(evaluate_all(expression));
      case Expression::Kind::dict: {
        JinjaDict dict;
        for (std::size_t i = 0; i < expression.children.size(); i += 2) {
          const JinjaValue key = child(i);
          dict.set(key, child(i + 1));
        }
        return JinjaValue::dict(std::move(dict));
      }
    }
    return {};
  }

  std::vector<JinjaValue> evaluate_all(const Expression& expression) {
    std::vector<JinjaValue> values;
    for (const JinjaExpressionPtr& part : expression.children) values.push_back(evaluate(*part));
    return values;
  }

  JinjaValue evaluate_comparison(const Expression& expression) {
    JinjaValue left = evaluate(*expression.children[0]);
    for (std::size_t i = 0; i < expression.operators.size(); ++i) {
      JinjaValue right = evaluate(*expression.children[i + 1]);
      if (!apply_comparison(*this, expression.operators[i], left, right)) return JinjaValue(false);
      left = std::move(right);
    }
    return JinjaValue(true);
  }

  JinjaArguments evaluate_arguments(const Expression& expression) {
    JinjaArguments arguments;
    const std::size_t positional = expression.children.size() - expression.keywords.size();
    for (std::size_t i = 1; i < positional; ++i)
      arguments.positional.push_back(evaluate(*expression.children[i]));
    for (std::size_t i = 0; i < expression.keywords.size(); ++i) {
      arguments.named.emplace_back(expression.keywords[i], evaluate(*expression.children[positional + i]));
    }
    return arguments;
  }

  const JinjaDict& variables_;
  const JinjaLimits& limits_;
  std::vector<std::shared_ptr<JinjaNamespace>> namespaces_;
  std::deque<Scope> scopes_;
  std::vector<Scope*> free_scopes_;
  Scope* scope_ = nullptr;
  JinjaText output_;
  std::uint64_t spent_ = 0;
  int depth_ = 0;
  int line_ = 1;
};

}  // namespace

struct JinjaTemplate::Program {
  JinjaBody body;
};

JinjaTemplate JinjaTemplate::parse(std::string_view source) {
  JinjaTemplate result;
  result.program_ = std::make_shared<const Program>(Program{parse_jinja(source)});
  return result;
}

JinjaText JinjaTemplate::render(const JinjaDict& variables, const JinjaLimits& limits) const {
  return Interpreter(variables, limits).run(program_->body);
}

}  // namespace fulcrum
