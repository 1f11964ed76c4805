// Files: whole reads, read-only maps, and writes that are all there or not there at all.
//
// Sizes in bytes. Every failure is an Error: not_found (no such file), io (the system refused; its reason is
// in the message), too_large (over the caller's limit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

using Path = std::filesystem::path;

std::string read_file(const Path& path, std::uint64_t limit_bytes = std::uint64_t{1} << 32);

// Regular files below `folder` whose extension is one of `extensions` (".md"), sorted by path; every one if
// empty.
std::vector<Path> list_files(const Path& folder, std::span<const std::string_view> extensions = {});

// A read-only memory map; the bytes live as long as any copy of the handle does.
class MappedFile {
 public:
  static MappedFile open(const Path& path);
  std::span<const std::byte> bytes() const;
  const Path& path() const;
  // Shared ownership of the map, for views that outlive this handle.
  std::shared_ptr<const void> owner() const;

 private:
  struct Map;
  std::shared_ptr<const Map> map_;
};

// Writes beside `path`, syncs, then renames: a reader sees the old file or the whole new one. The destructor
// removes an unfinished temporary; nothing is published without commit(). Creates missing parent folders.
class AtomicWriter {
 public:
  explicit AtomicWriter(Path path);
  ~AtomicWriter();
  AtomicWriter(const AtomicWriter&) = delete;
  AtomicWriter& operator=(const AtomicWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  std::uint64_t position_bytes() const { return position_; }
  void commit();

 private:
  Path path_, temporary_;
  int descriptor_ = -1;
  std::uint64_t position_ = 0;
  std::string buffer_;
  void flush();
};

void write_file_atomic(const Path& path, std::string_view contents);

// Fills a fresh sibling folder through `fill`, then renames it to `folder`. An existing `folder` is replaced
// only after the new one is complete. If `fill` throws, nothing is left behind.
void write_folder_atomic(const Path& folder, const std::function<void(const Path& temporary)>& fill);

}  // namespace fulcrum
