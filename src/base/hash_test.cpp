#include "base/hash.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace fulcrum {
namespace {

// FIPS 180-4's own examples: one block, the empty message, two blocks, a million letters.
TEST(Sha256, AgreesWithThePublishedExamples) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndFilesGiveTheSameDigest) {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
  const Path path = Path(testing::TempDir()) / fmt::format("fulcrum-hash-{}", getpid());
  write_file_atomic(path, "abc");
  EXPECT_EQ(sha256_file(path), sha256("abc"));
  write_file_atomic(path, "");
  EXPECT_EQ(sha256_file(path), sha256(""));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
