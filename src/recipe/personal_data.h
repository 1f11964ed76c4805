// Hints at personal data in a text: addresses, numbers and accounts by their form and, where they have one,
// by their checksum. Hints, not proof: a name is not found, and an invented address is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

enum class PersonalKind {
  email,
  phone,        // international with +, or with a leading 0 or in groups, 9 to 15 digits
  iban,         // ISO 13616, checked modulo 97
  card_number,  // 13 to 19 digits that pass Luhn's check (ISO/IEC 7812)
  ip_address    // version 4, four numbers up to 255, not a private or loopback one
};

struct PersonalHint {
  PersonalKind kind = PersonalKind::email;
  std::size_t begin_bytes = 0, end_bytes = 0;
  bool operator==(const PersonalHint&) const = default;
};

// In the order of the text; hints do not overlap.
std::vector<PersonalHint> find_personal_data(std::string_view text);

// What a report may show of it: the first two characters and the length.
std::string masked(std::string_view text, const PersonalHint& hint);

std::string_view to_string(PersonalKind kind);  // "e-mail address", "IBAN", ...

}  // namespace fulcrum
