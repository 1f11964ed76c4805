#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace fulcrum {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = Path(testing::TempDir()) /
              fmt::format("fulcrum-{}-{}-{}", test->test_suite_name(), test->name(), getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  Path folder_;
};

template <typename Work>
ErrorCode code_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string bytes("a\0b\n\xff", 5);
  write_file_atomic(folder_ / "new" / "deep.bin", bytes);
  EXPECT_EQ(read_file(folder_ / "new" / "deep.bin"), bytes);
}

TEST_F(FileTest, RefusesWhatIsMissingTooLargeOrNoFile) {
  write_file_atomic(folder_ / "five", "12345");
  EXPECT_EQ(code_of([&] { read_file(folder_ / "absent"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { read_file(folder_ / "five", 4); }), ErrorCode::too_large);
  EXPECT_EQ(read_file(folder_ / "five", 5), "12345");
  EXPECT_EQ(code_of([&] { read_file(folder_); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { MappedFile::open(folder_ / "absent"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { list_files(folder_ / "absent"); }), ErrorCode::not_found);
}

TEST_F(FileTest, ListsByExtensionInOrder) {
  for (const char* name : {"b.md", "a.txt", "sub/c.md", "a.md"}) write_file_atomic(folder_ / name, name);
  const std::array<std::string_view, 1> markdown = {".md"};
  EXPECT_EQ(list_files(folder_, markdown),
            (std::vector<Path>{folder_ / "a.md", folder_ / "b.md", folder_ / "sub" / "c.md"}));
  EXPECT_EQ(list_files(folder_).size(), 4u);
}

TEST_F(FileTest, MapsAFileForAsLongAsItIsHeld) {
  write_file_atomic(folder_ / "data", "hello");
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
  {
    const MappedFile file = MappedFile::open(folder_ / "data");
    bytes = file.bytes();
    owner = file.owner();
  }
  ASSERT_EQ(bytes.size(), 5u);
  EXPECT_EQ(std::memcmp(bytes.data(), "hello", 5), 0);
  write_file_atomic(folder_ / "empty", "");
  EXPECT_TRUE(MappedFile::open(folder_ / "empty").bytes().empty());
}

TEST_F(FileTest, WithoutCommitNothingHappened) {
  write_file_atomic(folder_ / "kept", "old");
  {
    AtomicWriter writer(folder_ / "kept");
    writer.write("new and unfinished");
    EXPECT_EQ(writer.position_bytes(), 18u);
  }
  EXPECT_EQ(read_file(folder_ / "kept"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AWriteThatTheSystemCutsShortLeavesTheOldFile) {
  write_file_atomic(folder_ / "kept", "old");
  // A limit on file sizes stands in for a full disk: the system takes some bytes and refuses the rest.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 4096;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const ErrorCode code = code_of([&] { write_file_atomic(folder_ / "kept", std::string(100'000, 'x')); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, ErrorCode::io);
  EXPECT_EQ(read_file(folder_ / "kept"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AFolderIsReplacedAsAWholeOrNotAtAll) {
  const Path target = folder_ / "adapter";
  write_folder_atomic(target, [](const Path& at) { write_file_atomic(at / "one", "1"); });
  EXPECT_EQ(read_file(target / "one"), "1");
  EXPECT_THROW(write_folder_atomic(target,
                                   [](const Path& at) {
                                     write_file_atomic(at / "two", "2");
                                     throw_error(ErrorCode::cancelled, "stopped");
                                   }),
               Error);
  EXPECT_TRUE(std::filesystem::exists(target / "one"));
  EXPECT_FALSE(std::filesystem::exists(target / "two"));
  EXPECT_EQ(entries(), 1u);
  write_folder_atomic(target, [](const Path& at) { write_file_atomic(at / "two", "2"); });
  EXPECT_FALSE(std::filesystem::exists(target / "one"));
  EXPECT_EQ(read_file(target / "two"), "2");
  EXPECT_EQ(entries(), 1u);
}

}  // namespace
}  // namespace fulcrum
