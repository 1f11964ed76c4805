#include "recipe/personal_data.h"

#include <gtest/gtest.h>

#include <optional>

namespace fulcrum {
namespace {

struct Case {
  std::string_view text;
  std::string_view found;  // what of the text; empty: nothing
  PersonalKind kind = PersonalKind::email;
};

class PersonalData : public ::testing::TestWithParam<Case> {};

TEST_P(PersonalData, IsFoundByItsForm) {
  const Case& c = GetParam();
  const auto hints = find_personal_data(c.text);
  if (c.found.empty()) {
    EXPECT_TRUE(hints.empty()) << c.text;
    return;
  }
  ASSERT_EQ(hints.size(), 1u) << c.text;
  EXPECT_EQ(c.text.substr(hints[0].begin_bytes, hints[0].end_bytes - hints[0].begin_bytes), c.found);
  EXPECT_EQ(hints[0].kind, c.kind) << to_string(hints[0].kind);
}

// The card and account numbers are the published examples of their schemes.
INSTANTIATE_TEST_SUITE_P(
    Forms, PersonalData,
    ::testing::Values(
        Case{"write to ann.o-neil+x@mail.example.org.", "ann.o-neil+x@mail.example.org", PersonalKind::email},
        Case{"see me @ noon, a@b", ""}, Case{"version 2@latest.1", ""},
        Case{"call +44 20 7946 0958 now", "+44 20 7946 0958", PersonalKind::phone},
        Case{"call 030 901820-11", "030 901820-11", PersonalKind::phone},
        Case{"(212) 555-0187 is ours", "(212) 555-0187", PersonalKind::phone},
        Case{"order 4711 of 2024-05-06 for 12.50", ""}, Case{"id 1234567890", ""},
        Case{"pay DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00", PersonalKind::iban},
        Case{"pay GB29NWBK60161331926819.", "GB29NWBK60161331926819", PersonalKind::iban},
        Case{"GB28NWBK60161331926819 has a wrong check", ""},
        Case{"card 4111 1111 1111 1111, thanks", "4111 1111 1111 1111", PersonalKind::card_number},
        Case{"card 4111 1111 1111 1112", ""}, Case{"from 8.8.4.4 again", "8.8.4.4", PersonalKind::ip_address},
        Case{"on 192.168.1.7", ""}, Case{"release 1.2.3.4.5", ""}, Case{"at 300.1.1.1", ""}));

TEST(PersonalDataText, ReportsShowTwoCharactersOnly) {
  const std::string_view text = "ann@example.org";
  EXPECT_EQ(masked(text, find_personal_data(text).at(0)), "an... (15 characters)");
}

TEST(PersonalDataText, SeveralHintsComeInOrder) {
  const auto hints = find_personal_data("a@b.com and c@d.com or +49 30 1234567");
  ASSERT_EQ(hints.size(), 3u);
  EXPECT_EQ(hints[2].kind, PersonalKind::phone);
}

}  // namespace
}  // namespace fulcrum
