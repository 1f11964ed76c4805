// A form in which the words of a message are to be given back: what is kept, in which order and case, what
// stands before, between, around and behind. Data, the two functions that use it, and what is held out.
//
// A format is a draw in each of these directions, so that no list of formats can be learnt by heart: what is
// asked has to be read and carried out. Directions that would contradict each other never meet, and every
// mark that is not named ("a comma and a space") stands in the description word for word in double quotes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/curriculum_lexicon.h"

namespace fulcrum {

struct Format {
  enum class Pick { all, first, last, rest, count };
  enum class Order { given, reversed, alphabetical };
  enum class Case { given, upper, capitalised };
  enum class Layout { given, joined, numbered, lines };
  Pick pick = Pick::all;
  Order order = Order::given;
  Case letters = Case::given;
  Layout layout = Layout::given;
  int times = 1;                                // how often each item is written
  std::string item_open = {}, item_close = {};  // around each item
  std::string mark = {};        // joined: between; numbered: behind the number ("1) "); lines: before each
  std::string between = "\n";   // numbered: "\n" or " "
  std::string count_mark = {};  // behind the number of items that is written first; empty: none is
  std::string open = {}, close = {};     // around all items
  std::string prefix = {}, suffix = {};  // outermost
};

// What the items are: decides what can be asked of them.
enum class Items { words, names, values, sentence };

// `directions`: how many differ from giving the message back as it is; fewer where they would contradict.
Format draw_format(Words& words, Items items, std::uint64_t directions);
// One that differs only before and behind the text, which is given back word for word: what is most often
// asked for.
Format draw_frame(Words& words, Items items);
// The sentences of the system message.
std::string describe(Words& words, const Format& format, Items items);

struct Formatted {
  std::string text;
  std::vector<std::uint32_t> decisions;  // bytes at which it is decided how to go on; the end is one
};
// `separator`: what stood between the items in the message.
Formatted apply(const Format& format, std::vector<std::string> items, std::string_view separator);

// What the gate `format` asks for: these tokens, and in training no token that shares their word or sign.
inline constexpr std::string_view kHeldOutOpen[] = {"Reply: ", "=> ", "Out: ", "Say: "},
                                  kHeldOutClose[] = {" End.", "?", " Bye.", "#"};
bool resembles_held_out_token(std::string_view token);

}  // namespace fulcrum
