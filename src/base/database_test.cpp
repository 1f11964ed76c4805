#include "base/database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace fulcrum {
namespace {

Path temporary_path(std::string_view name) {
  return Path(testing::TempDir()) / fmt::format("fulcrum-database-{}-{}", getpid(), name);
}

std::int64_t count(Database& database, std::string_view table) {
  Statement row = database.prepare(fmt::format("SELECT count(*) FROM {}", table));
  row.step();
  return row.integer(0);
}

TEST(Database, KeepsEveryKindOfValue) {
  Database database = Database::open(":memory:");
  database.execute("CREATE TABLE t (a TEXT, b INTEGER, c REAL, d TEXT); CREATE TABLE u (x)");
  const std::string text("zero \0 inside", 13);
  database.prepare("INSERT INTO t VALUES (?, ?, ?, ?)")
      .bind(1, text)
      .bind(2, std::int64_t{1} << 60)
      .bind(3, 0.1)
      .bind_null(4)
      .run();
  database.prepare("INSERT INTO t VALUES (?, 0, 0, '')").bind(1, std::string_view()).run();
  Statement rows = database.prepare("SELECT * FROM t ORDER BY rowid");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.text(0), text);
  EXPECT_EQ(rows.integer(1), std::int64_t{1} << 60);
  EXPECT_EQ(rows.number(2), 0.1);
  EXPECT_TRUE(rows.is_null(3));
  ASSERT_TRUE(rows.step());
  EXPECT_FALSE(rows.is_null(0));  // an empty text is no NULL
  EXPECT_FALSE(rows.step());
}

TEST(Database, AStatementCanBeBoundAgain) {
  Database database = Database::open(":memory:");
  database.execute("CREATE TABLE t (a)");
  Statement insert = database.prepare("INSERT INTO t VALUES (?)");
  for (std::int64_t i = 0; i < 3; ++i) insert.bind(1, i).run();
  Statement find = database.prepare("SELECT a FROM t WHERE a >= ? ORDER BY a");
  find.bind(1, std::int64_t{0});
  ASSERT_TRUE(find.step());
  find.bind(1, std::int64_t{2});
  ASSERT_TRUE(find.step());
  EXPECT_EQ(find.integer(0), 2);
}

TEST(Database, ATransactionIsAllOrNothing) {
  Database database = Database::open(":memory:");
  database.execute("CREATE TABLE t (a)");
  EXPECT_THROW(database.transaction([&] {
    database.execute("INSERT INTO t VALUES (1)");
    database.transaction([&] { database.execute("INSERT INTO t VALUES (2)"); });
    throw_error(ErrorCode::cancelled, "stopped");
  }),
               Error);
  EXPECT_EQ(count(database, "t"), 0);
  database.transaction([&] {
    database.execute("INSERT INTO t VALUES (1)");
    database.transaction([&] { database.execute("INSERT INTO t VALUES (2)"); });
  });
  EXPECT_EQ(count(database, "t"), 2);
}

TEST(Database, AFileOutlivesItsConnection) {
  const Path path = temporary_path("kept") / "deep" / "x.sqlite";
  {
    Database database = Database::open(path);
    database.execute("CREATE TABLE t (a); INSERT INTO t VALUES (7)");
  }
  Database again = Database::open(path);
  EXPECT_EQ(count(again, "t"), 1);
  std::filesystem::remove_all(temporary_path("kept"));
}

TEST(Database, StatementsKeepTheConnectionOpen) {
  Statement row = [] { return Database::open(":memory:").prepare("SELECT 5"); }();
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 5);
}

TEST(Database, ErrorsCarryTheReasonAndTheStatement) {
  Database database = Database::open(":memory:");
  try {
    database.execute("SELECT * FROM nowhere\nWHERE 1");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_NE(std::string(error.what()).find("no such table: nowhere"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("(in: SELECT * FROM nowhere)"), std::string::npos);
  }
}

TEST(Database, AFileThatIsNoDatabaseIsCorrupt) {
  const Path path = temporary_path("broken");
  write_file_atomic(path, std::string(4096, 'x'));
  try {
    Database::open(path);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
  EXPECT_EQ(read_file(path), std::string(4096, 'x'));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fulcrum
