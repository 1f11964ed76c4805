#include "text/jinja_template.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/jinja_exercise.h"

namespace fulcrum {
namespace {

const Path kGolden = Path(FULCRUM_SHARED_DIR) / "data/chat-templates-golden";

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path).string() << " is not on this machine"

JinjaDict variables_from(const Json& json) {
  JinjaDict variables;
  for (const auto& [key, value] : json.items())
    variables.set(JinjaValue::string(key), JinjaValue::from_json(value));
  return variables;
}

std::string render(std::string_view source, const Json& variables = Json::object(),
                   const JinjaLimits& limits = {}) {
  return JinjaTemplate::parse(source).render(variables_from(variables), limits).bytes();
}

// "code: message", to look for parts in.
std::string error_of(std::string_view source, const Json& variables = Json::object(),
                     const JinjaLimits& limits = {}) {
  try {
    return "rendered: " + render(source, variables, limits);
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << text << "\" does not hold \"" << part << "\"";
}

TEST(JinjaGolden, renders_every_unit_case_like_python) {
  SKIP_WITHOUT(kGolden);
  const Json document = read_json(kGolden / "jinja_unit.json");
  int cases = 0;
  for (const Json& test : document["cases"]) {
    const auto source = test["template"].get<std::string>();
    const std::string result = error_of(source, test["vars"]);
    if (test["matches_python_jinja2_3_1_6"].get<bool>()) {
      EXPECT_EQ(result, "rendered: " + test["expect"].get<std::string>()) << test["name"] << ": " << source;
    } else {
      // The two that change a list, which Python's immutable sandbox refuses.
      EXPECT_TRUE(contains(result, "would change it")) << test["name"];
    }
    ++cases;
  }
  EXPECT_GT(cases, 100);
}

struct Case {
  const char* source;
  const char* expected;
};

// Each expectation is what Jinja2 3.1.6 gives in the same environment.
TEST(JinjaTemplate, renders_what_python_renders) {
  const Json variables = {
      {"xs", {1, 2, 3, 4}}, {"s", "Hello World"}, {"d", {{"a", 1}, {"items", "x"}}}, {"n", nullptr}};
  const Case cases[] = {
      {"a\n  {% if true %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
      {"a {%- if true -%} b {%- endif -%} c", "abc"},
      {"  {%+ if true %}x{% endif +%}\ny", "  x\ny"},
      {"{# note #}\nx{# {{ no }} #}", "x"},
      {"{% raw %}{{ x }}{% endraw %}\ny", "{{ x }}y"},
      {"{{ {'a': {'b': 1}}.a.b }}", "1"},
      {"{{ '\\u00e9\\x41\\n' ~ 1 ~ none ~ nothing }}",
       "\xC3\xA9"
       "A\n1None"},
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
       "3 -4 2 3.5 1024 0.5"},
      {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'b' not in 'abc' }}", "True False False"},
      {"{{ xs[-1] }}{{ xs[1:] }}{{ xs[::-2] }}{{ s[:5] }}{{ xs[9] is defined }}",
       "4[2, 3, 4][4, 2]HelloFalse"},
      {"{% for x in xs if x is even %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ ',' if not loop.last }}{% "
       "endfor %}",
       "1/2:2,2/2:4"},
      {"{% for x in xs %}{% if x == 2 %}{% continue %}{% elif x == 4 %}{% break %}{% endif %}{{ x }}{% "
       "endfor %}",
       "13"},
      {"{% for x in xs %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex0 "
       "}} {% endfor %}",
       "a23 b132 a241 b30 "},
      {"{% for x in [1, 1, 2] %}{{ loop.changed(x) }} {% endfor %}", "True False True "},
      {"{% for x in [[1, [2]], [3]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "123"},
      {"{% set x = 1 %}{% for i in xs %}{{ x }}{% set x = x + 1 %}{% endfor %}{{ x }}", "11111"},
      {"{% set ns = namespace(n=0) %}{% for i in xs %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "10"},
      {"{% if true %}{% set y = 5 %}{% endif %}{{ y }}", "5"},
      {"{% set a, b = 1, (2, 3) %}{{ a }}{{ b }}", "1(2, 3)"},
      {"{% set x %}<{{ s }}>{% endset %}{{ x|length }}", "13"},
      {"{% set x | upper | replace('O', '0') %}{{ s }}{% endset %}{{ x }}", "HELL0 W0RLD"},
      {"{% filter upper %}{{ s }}{% endfilter %}", "HELLO WORLD"},
      {"{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}", "3False"},
      {"{% macro m(a, b=a) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, b=2) }}", "1-1 1-2"},
      {"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, k=3) }}", "(1, 2){'k': 3}"},
      {"{% macro m(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) m(5) %}<{{ y }}>{% endcall %}", "[<5>]"},
      {"{% block title %}x{{ s }}{% endblock %}", "xHello World"},
      {"{% generation %}{{ s }}{% endgeneration %}", "Hello World"},
      {"{{ d.items()|list }}{{ d['items'] }}{{ d.get('q', 7) }}{{ d.a }}", "[('a', 1), ('items', 'x')]x71"},
      {"{{ xs|map('string')|join('+') }} {{ xs|sum }} {{ xs|select('gt', 2)|list }} {{ xs|reject('odd')|list "
       "}}",
       "1+2+3+4 10 [3, 4] [2, 4]"},
      {"{{ [{'r': 'u', 'c': 1}, {'r': 'a', 'c': 2}]|selectattr('r', 'equalto', 'a')|map(attribute='c')|first "
       "}}",
       "2"},
      {"{{ ['b', 'A', 'c']|sort }} {{ ['b', 'A']|sort(case_sensitive=true) }} {{ [1, 2]|sort(reverse=true) "
       "}}",
       "['A', 'b', 'c'] ['A', 'b'] [2, 1]"},
      {"{{ [{'k': 1, 'v': 'a'}, {'k': 2, 'v': 'b'}, {'k': 1, 'v': "
       "'c'}]|groupby('k')|map('last')|map('length')|list }}",
       "[2, 1]"},
      {"{{ range(7)|batch(3)|list }} {{ range(7)|slice(3)|list }}",
       "[[0, 1, 2], [3, 4, 5], [6]] [[0, 1, 2], [3, 4], [5, 6]]"},
      {"{{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(9, true, '', 0) }}",
       "foo... foo bar b"},
      {"{{ 42.55|round(1) }} {{ 42.55|round }} {{ 2.5|round|int }} {{ '42.9'|int }} {{ 'ff'|int(base=16) }}",
       "42.5 43.0 2 42 255"},
      {"{{ \"it's\"|list|length }} {{ [\"it's\", 'a\"b', 'x\\n'] }}", "4 [\"it's\", 'a\"b', 'x\\n']"},
      {"{{ {'a': [1, 2.0, none, true], 'b': 'x\\\"y/'}|tojson }}",
       "{\"a\": [1, 2.0, null, true], \"b\": \"x\\\"y/\"}"},
      {"{{ [1, {'a': []}]|tojson(indent=2) }}", "[\n  1,\n  {\n    \"a\": []\n  }\n]"},
      {"{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.rsplit(' ', 1) }} {{ 'a b c'.split(None, "
       "1) }}",
       "['a', 'b', '', 'c'] ['a', 'b'] ['a b', 'c'] ['a', 'b c']"},
      {"{{ 'k=v'.partition('=') }} {{ 'aXbX'.rpartition('X') }} {{ 'xxaxx'.strip('x') }}",
       "('k', '=', 'v') ('aXb', 'X', '') a"},
      {"{{ 'abc'.find('c') }}{{ 'abc'.find('z') }} {{ '7'.zfill(3) }} {{ 'x'.center(4) }}|", "2-1 007  x  |"},
      {"{{ '%s=%d %05.1f%% %-4s|' % ('a', 3, 2.25, 'b') }} {{ '%(k)s' % {'k': 1} }}", "a=3 002.2% b   | 1"},
      {"{{ '{:>4}|{:<3}|{:^5}|{:.2f}|{x}'.format(1, 'a', 'b', 2.0, x=9) }}", "   1|a  |  b  |2.00|9"},
      {"{{ 'it is'|title }} {{ 'HELLO wORLD'|capitalize }} {{ '<a>'|e }} {{ 'a b'|wordcount }}",
       "It Is Hello world &lt;a&gt; 2"},
      {"{{ 1 if false }}{{ (1 if false) is defined }}", "False"},
      {"{{ n is none }}{{ n == none }}{{ q is undefined }}{{ not q }}{{ d is mapping }}{{ 'a' is string }}",
       "TrueTrueTrueTrueTrueTrue"},
      {"{{ 1.0 }} {{ 1e20 }} {{ 1.5e300 }} {{ 0.1 + 0.2 }} {{ 1_000 }}",
       "1.0 1e+20 1.5e+300 0.30000000000000004 1000"},
      {"{{ '\xC3\xA9t\xC3\xA9'|upper }}{{ '\xC3\xA9t\xC3\xA9'[0] }}{{ '\xC3\xA9t\xC3\xA9'|length }}",
       "\xC3\x89T\xC3\x89\xC3\xA9"
       "3"},
      {"{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{% set j = joiner(', ') %}{{ "
       "j() }}x{{ j() }}y",
       "abax, y"},
      {"{{ dict(a=1, b=2) }} {{ [1, 2] + [3] }} {{ (1,) * 2 }} {{ -xs[0] }} {{ +1 }}",
       "{'a': 1, 'b': 2} [1, 2, 3] (1, 1) -1 1"},
      {"{{ '' ~ (xs is sequence) }} {{ 5 is divisibleby 5 }} {{ 3 in [1, 3] }} {{ 1 is not none }}",
       "True True True True"},
      {"{{ xs|min }}{{ xs|max }}{{ [3, 1, 3]|unique|list }}{{ 'abc'|reverse }}{{ xs|last }}", "14[3, 1]cba4"},
      {"{{ 'a\nb'|indent(2) }}|{{ 'x'|default('y') }}{{ ''|default('y', true) }}", "a\n  b|xy"},
      {"x\r\ny\n", "x\ny"},
  };
  for (const Case& test : cases) {
    const std::string expected = std::string("rendered: ") + test.expected;
    EXPECT_EQ(error_of(test.source, variables), expected) << test.source;
  }
}

TEST(JinjaTemplate, names_what_it_does_not_know_with_its_line) {
  EXPECT_TRUE(contains(error_of("a\nb\n{% include 'x' %}"), "unsupported: line 3: the tag \"include\""));
  EXPECT_TRUE(contains(error_of("\n{{ 1|frobnicate }}"), "unsupported: line 2: the filter \"frobnicate\""));
  EXPECT_TRUE(
      contains(error_of("\n\n{{ 1 is frobnicated }}"), "unsupported: line 3: the test \"frobnicated\""));
  EXPECT_TRUE(contains(error_of("{{ f(*xs) }}"), "unsupported: line 1: arguments given with \"*\""));
  EXPECT_TRUE(
      contains(error_of("{{ frobnicate() }}"), "invalid_argument: line 1: \"frobnicate\" is undefined"));
  EXPECT_TRUE(contains(error_of("{{ 'x'.frobnicate() }}"), "no attribute or item \"frobnicate\""));
}

TEST(JinjaTemplate, refuses_broken_syntax_with_its_line) {
  EXPECT_TRUE(
      contains(error_of("{% if x %}\n\n"), "corrupt: line 1: a block is not closed; expected \"endif\""));
  EXPECT_TRUE(contains(error_of("\n{{ 'abc }}"), "corrupt: line 2: the string is not closed"));
  EXPECT_TRUE(contains(error_of("\n{{ 1 + }}"), "corrupt: line 2: expected an expression"));
  EXPECT_TRUE(contains(error_of("{% endif %}"), "corrupt: line 1: the tag \"endif\" closes nothing"));
  EXPECT_TRUE(contains(error_of("{{ (1, 2] }}"), "corrupt: line 1: \"]\" closes nothing"));
  EXPECT_TRUE(contains(error_of("{# never"), "corrupt: line 1: the comment is not closed"));
  EXPECT_TRUE(contains(error_of("{% set true = 1 %}"), "corrupt: line 1: \"true\" cannot be assigned"));
  EXPECT_TRUE(contains(error_of("{% break %}"), "corrupt: line 1: \"break\" stands outside"));
}

TEST(JinjaTemplate, refuses_what_cannot_be_done) {
  EXPECT_TRUE(
      contains(error_of("{{ raise_exception('no system role') }}"),
               "invalid_argument: line 1: the chat template refuses the conversation: no system role"));
  EXPECT_TRUE(contains(error_of("{{ 'a' + 1 }}"), "\"+\" does not work on a str and a int"));
  EXPECT_TRUE(contains(error_of("{{ x.y }}"), "\"x\" is undefined"));
  EXPECT_TRUE(contains(error_of("{{ 1 // 0 }}"), "division by zero"));
  EXPECT_TRUE(contains(error_of("{{ 9223372036854775807 + 1 }}"), "64 bits"));
  EXPECT_TRUE(
      contains(error_of("{% set x.y = 1 %}", {{"x", Json::object()}}), "only attributes of a namespace()"));
  EXPECT_TRUE(contains(error_of("{{ {[]: 1} }}"), "cannot be the key"));
  EXPECT_TRUE(contains(error_of("{% for a, b in [1] %}{% endfor %}"), "cannot be gone through"));
  EXPECT_TRUE(
      contains(error_of("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}"), "takes 1 arguments, found 2"));
}

TEST(JinjaTemplate, stays_within_its_budget) {
  const JinjaLimits small = {200'000, 10'000, 200};
  const auto is_too_large = [&](std::string_view source) {
    return contains(error_of(source, Json::object(), small), "too_large: ");
  };
  EXPECT_TRUE(
      is_too_large("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"));
  EXPECT_TRUE(is_too_large("{{ 'x' * 1000000000 }}"));
  EXPECT_TRUE(is_too_large("{{ [1] * 1000000000 }}"));
  EXPECT_TRUE(is_too_large("{% for i in range(300) %}{{ 'x' * 100 }}{% endfor %}"));
  EXPECT_TRUE(is_too_large("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"));
  EXPECT_TRUE(is_too_large(
      "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}"));
  // A list that holds itself twice, again and again, would be printed 2^60 times.
  EXPECT_TRUE(
      is_too_large("{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% "
                   "endfor %}{{ n.l }}"));
  EXPECT_TRUE(is_too_large(
      "{% set n = namespace(l=[]) %}{% for i in range(500) %}{% set n.l = [n.l] %}{% endfor %}"));
  EXPECT_TRUE(is_too_large("{{ '%99999d' % 1 }}"));
  EXPECT_TRUE(is_too_large("{{ 'x'.center(900000000) }}"));
  EXPECT_TRUE(is_too_large("{{ 'aaaa'|indent(99999999, true) }}"));
  std::string deep = "{{ 1";
  for (int i = 0; i < 2000; ++i) deep += "+1";
  EXPECT_TRUE(is_too_large(deep + " }}"));
  EXPECT_TRUE(is_too_large("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}"));
  EXPECT_TRUE(is_too_large("{{ " + std::string(5000, '-') + "1 }}"));
  std::string blocks;
  for (int i = 0; i < 5000; ++i) blocks += "{% if 1 %}";
  EXPECT_TRUE(is_too_large(blocks));
  std::string nots = "{{ ";
  for (int i = 0; i < 5000; ++i) nots += "not ";
  EXPECT_TRUE(is_too_large(nots + "1 }}"));
}

TEST(JinjaTemplate, frees_namespaces_that_hold_each_other) {
  EXPECT_EQ(
      render("{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = [b] %}{{ a.b[0].a == a }}"),
      "True");
}

TEST(JinjaTemplate, renders_or_refuses_the_fuzzers_corpus) {
  int rendered = 0, refused = 0;
  for (const Path& path : list_files(Path(FULCRUM_SOURCE_DIR) / "tests/corpus/jinja")) {
    SCOPED_TRACE(path.filename().string());
    ++(exercise_jinja(read_file(path)) == JinjaVerdict::rendered ? rendered : refused);
  }
  EXPECT_GT(rendered, 30);
  EXPECT_GT(refused, 20);
}

// The runs that came from input, in brackets.
std::string marked(std::string_view source, const Json& variables) {
  const JinjaText text = JinjaTemplate::parse(source).render(variables_from(variables));
  std::string result;
  std::size_t begin = 0;
  for (const JinjaText::Run& run : text.runs()) {
    const std::string part = text.bytes().substr(begin, run.end - begin);
    result += run.origin == JinjaOrigin::input ? "[" + part + "]" : part;
    begin = run.end;
  }
  return result;
}

TEST(JinjaTemplate, remembers_what_came_from_input_through_every_operation) {
  const Json v = {{"x", "  Evil text  "}, {"l", {"p", "q"}}, {"d", {{"k", "v"}}}};
  EXPECT_EQ(marked("a{{ x }}b", v), "a[  Evil text  ]b");
  EXPECT_EQ(marked("{{ 'a' + x|trim + 'b' }}", v), "a[Evil text]b");
  EXPECT_EQ(marked("{{ x.strip().replace('Evil', 'good')|upper }}", v), "GOOD[ TEXT]");
  EXPECT_EQ(marked("{{ x.split()[1][1:3] ~ '!' }}", v), "[ex]!");
  EXPECT_EQ(marked("{{ l|join('-') }}", v), "[p]-[q]");
  EXPECT_EQ(marked("{{ d|tojson }}", v), "{\"[k]\": \"[v]\"}");
  EXPECT_EQ(marked("{{ l }}", v), "['[p]', '[q]']");
  EXPECT_EQ(marked("{% set y %}<{{ x|trim }}>{% endset %}{{ y[::-1] }}", v), ">[txet livE]<");
  EXPECT_EQ(marked("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(l[0])|title }}", v), "<[P]>");
  EXPECT_EQ(marked("{{ '%s|%4s' % (l[0], 'z') }}{{ '{}'.format(l[1]) }}", v), "[p]|   z[q]");
  EXPECT_EQ(marked("{{ 'ab'.join(l) }}{{ l[0] * 2 }}{{ x|trim|truncate(6, true, '...', 0) }}", v),
            "[p]ab[qppEvi]...");
  EXPECT_EQ(marked("{% for k, w in d.items() %}{{ k }}:{{ w|indent }}{% endfor %}", v), "[k]:[v]");
}

}  // namespace
}  // namespace fulcrum
