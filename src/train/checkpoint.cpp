#include "train/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

namespace fulcrum {
namespace {

constexpr std::string_view kMagic = "FULCKPT1";
constexpr std::size_t kDigestBytes = 64;
static_assert(std::endian::native == std::endian::little);

struct HashedWriter {
  AtomicWriter writer;
  Sha256 hash;
  explicit HashedWriter(const Path& path) : writer(path) {}
  void write(std::span<const std::byte> bytes) {
    writer.write(bytes);
    hash.update(bytes);
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
};

[[noreturn]] void refuse(const Path& path, std::string_view why) {
  throw_error(ErrorCode::corrupt, "reading checkpoint {}: {}; delete it to start afresh", path.string(), why);
}

}  // namespace

void write_checkpoint(const Path& path, const CheckpointState& state,
                      std::span<const CheckpointArray> arrays) {
  Json header;
  header["config_digest"] = state.config_digest;
  header["steps_done"] = state.steps_done;
  header["next_episode"] = state.next_episode;
  header["tokens_done"] = state.tokens_done;
  header["seconds_done"] = state.seconds_done;
  header["arrays"] = Json::array();
  for (const CheckpointArray& array : arrays)
    header["arrays"].push_back({{"name", array.name}, {"elements", array.values.size()}});
  const std::string text = to_line(header);
  const std::uint64_t length = text.size();

  HashedWriter out(path);
  out.write(kMagic);
  out.write(std::as_bytes(std::span(&length, 1)));
  out.write(text);
  for (const CheckpointArray& array : arrays) out.write(std::as_bytes(array.values));
  out.writer.write(out.hash.finish());
  out.writer.commit();
}

CheckpointState read_checkpoint(const Path& path, const ConfigDigest& expected_digest,
                                std::span<const CheckpointArray> arrays) {
  const MappedFile file = MappedFile::open(path);
  const std::span<const std::byte> bytes = file.bytes();
  const std::size_t fixed = kMagic.size() + sizeof(std::uint64_t);
  if (bytes.size() < fixed + kDigestBytes) refuse(path, "it is cut short");
  const auto text_at = [&](std::size_t offset, std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()) + offset, size);
  };
  if (text_at(0, kMagic.size()) != kMagic) refuse(path, "it is not a checkpoint");
  Sha256 hash;
  hash.update(bytes.first(bytes.size() - kDigestBytes));
  if (hash.finish() != text_at(bytes.size() - kDigestBytes, kDigestBytes))
    refuse(path, "its digest does not match its contents");

  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data() + kMagic.size(), sizeof(length));
  if (length > bytes.size() - fixed - kDigestBytes) refuse(path, "its header is longer than the file");
  const Json header = parse_json(text_at(fixed, length), path.string());
  CheckpointState state;
  state.config_digest = header.at("config_digest").get<std::string>();
  state.steps_done = header.at("steps_done").get<std::int64_t>();
  state.next_episode = header.at("next_episode").get<std::uint64_t>();
  state.tokens_done = header.at("tokens_done").get<std::int64_t>();
  state.seconds_done = header.at("seconds_done").get<double>();
  if (state.config_digest != expected_digest(state.steps_done))
    throw_error(
        ErrorCode::invalid_argument,
        "continuing from {}: the configuration has changed since it was written; put the old one back, or "
        "delete the checkpoint to start afresh",
        path.string());

  const Json& listed = header.at("arrays");
  std::size_t offset = fixed + length;
  if (listed.size() != arrays.size()) refuse(path, "it holds other arrays");
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::size_t size = arrays[i].values.size_bytes();
    if (listed[i].at("name") != arrays[i].name || listed[i].at("elements") != arrays[i].values.size() ||
        offset + size > bytes.size() - kDigestBytes)
      refuse(path, fmt::format("its array '{}' does not fit", arrays[i].name));
    std::memcpy(arrays[i].values.data(), bytes.data() + offset, size);
    offset += size;
  }
  return state;
}

}  // namespace fulcrum
