#include "measure/energy.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace fulcrum {
namespace {

class EnergyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("fulcrum_energy_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void set(const std::string& zone, std::uint64_t microjoules) {
    write_file_atomic(folder_ / zone / "energy_uj", std::to_string(microjoules) + "\n");
    write_file_atomic(folder_ / zone / "max_energy_range_uj", "1000000\n");
  }
  Path folder_;
};

TEST_F(EnergyTest, SumsPackagesAndNotTheirParts) {
  set("intel-rapl:0", 100);
  set("intel-rapl:1", 200);
  set("intel-rapl:0:0", 50);
  const auto meter = EnergyMeter::open(folder_);
  ASSERT_TRUE(meter);
  EXPECT_EQ(meter->joules(), 0);
  set("intel-rapl:0", 300100);
  set("intel-rapl:1", 400200);
  set("intel-rapl:0:0", 900000);
  EXPECT_NEAR(meter->joules(), 0.7, 1e-12);
}

TEST_F(EnergyTest, FollowsACounterThatStartsAgain) {
  set("intel-rapl:0", 900000);
  const auto meter = EnergyMeter::open(folder_);
  ASSERT_TRUE(meter);
  set("intel-rapl:0", 100000);
  EXPECT_NEAR(meter->joules(), 0.2, 1e-12);
  set("intel-rapl:0", 400000);
  EXPECT_NEAR(meter->joules(), 0.5, 1e-12);
}

TEST_F(EnergyTest, IsAbsentWithoutACounter) {
  EXPECT_FALSE(EnergyMeter::open(folder_));
  write_file_atomic(folder_ / "intel-rapl:0" / "name", "package-0");
  EXPECT_FALSE(EnergyMeter::open(folder_));
}

}  // namespace
}  // namespace fulcrum
