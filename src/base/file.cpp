#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace fulcrum {
namespace {

[[noreturn]] void throw_system(std::string_view doing, const Path& path) {
  const int reason = errno;
  if (reason == ENOENT) {
    throw_error(ErrorCode::not_found, "{} {}: there is no such file. Check the path.", doing, path.string());
  }
  if (reason == ENOSPC) {
    throw_error(ErrorCode::io,
                "{} {}: the disk is full. Free some space; what was there before is unchanged.", doing,
                path.string());
  }
  throw_error(ErrorCode::io, "{} {}: {}", doing, path.string(), std::strerror(reason));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

std::uint64_t regular_size(int descriptor, const Path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_system("reading", path);
  if (!S_ISREG(status.st_mode)) {
    throw_error(ErrorCode::invalid_argument, "reading {}: this is not a regular file", path.string());
  }
  return static_cast<std::uint64_t>(status.st_size);
}

// A name no other writer of this or another process uses at the same time.
Path temporary_beside(const Path& path) {
  static std::atomic<unsigned> counter{0};
  Path result = path;
  result += fmt::format(".tmp-{}-{}", ::getpid(), counter++);
  return result;
}

void sync_parent(const Path& path) {
  const Path parent = path.has_parent_path() ? path.parent_path() : Path(".");
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

void make_parents(const Path& path) {
  if (!path.has_parent_path()) return;
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) {
    throw_error(ErrorCode::io, "creating the folder {}: {}", path.parent_path().string(), failure.message());
  }
}

}  // namespace

std::string read_file(const Path& path, std::uint64_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_system("reading", path);
  const std::uint64_t size = regular_size(file.get(), path);
  if (size > limit_bytes) {
    throw_error(ErrorCode::too_large, "reading {}: {} bytes, and at most {} are read here", path.string(),
                size, limit_bytes);
  }
  std::string contents(size, '\0');
  std::size_t done = 0;
  while (done < contents.size()) {
    const ssize_t count = ::read(file.get(), contents.data() + done, contents.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system("reading", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  contents.resize(done);
  return contents;
}

std::vector<Path> list_files(const Path& folder, std::span<const std::string_view> extensions) {
  std::error_code failure;
  std::filesystem::recursive_directory_iterator entries(folder, failure);
  if (failure) {
    throw_error(ErrorCode::not_found, "reading the folder {}: {}", folder.string(), failure.message());
  }
  std::vector<Path> found;
  for (const auto& entry : entries) {
    if (!entry.is_regular_file()) continue;
    const std::string extension = entry.path().extension().string();
    const bool wanted =
        extensions.empty() || std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
    if (wanted) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

struct MappedFile::Map {
  Path path;
  void* address = nullptr;
  std::size_t size = 0;
  Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;
  ~Map() {
    if (size > 0) ::munmap(address, size);
  }
};

MappedFile MappedFile::open(const Path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_system("opening", path);
  auto map = std::make_shared<Map>();
  map->path = path;
  const std::uint64_t size = regular_size(file.get(), path);
  if (size > 0) {
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) throw_system("mapping", path);
    map->address = address;
    map->size = size;
  }
  MappedFile result;
  result.map_ = std::move(map);
  return result;
}

std::span<const std::byte> MappedFile::bytes() const {
  return {static_cast<const std::byte*>(map_->address), map_->size};
}

const Path& MappedFile::path() const {
  return map_->path;
}

std::shared_ptr<const void> MappedFile::owner() const {
  return map_;
}

AtomicWriter::AtomicWriter(Path path) : path_(std::move(path)), temporary_(temporary_beside(path_)) {
  make_parents(path_);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw_system("writing", path_);
}

AtomicWriter::~AtomicWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicWriter::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicWriter::write(std::string_view text) {
  constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
  position_ += text.size();
  buffer_.append(text);
  if (buffer_.size() >= kBufferBytes) flush();
}

void AtomicWriter::flush() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system("writing", path_);
    done += static_cast<std::size_t>(count);
  }
  buffer_.clear();
}

void AtomicWriter::commit() {
  flush();
  if (::fsync(descriptor_) != 0) throw_system("writing", path_);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary_.c_str());
    errno = reason;
    throw_system("writing", path_);
  }
  sync_parent(path_);
}

void write_file_atomic(const Path& path, std::string_view contents) {
  AtomicWriter writer(path);
  writer.write(contents);
  writer.commit();
}

void write_folder_atomic(const Path& folder, const std::function<void(const Path& temporary)>& fill) {
  const Path target = folder.has_filename() ? folder : folder.parent_path();
  make_parents(target);
  const Path temporary = temporary_beside(target);
  std::error_code ignored;
  try {
    std::filesystem::create_directory(temporary);
    fill(temporary);
    if (std::filesystem::exists(target)) {
      const Path previous = temporary_beside(target);
      std::filesystem::rename(target, previous);
      std::filesystem::rename(temporary, target);
      std::filesystem::remove_all(previous, ignored);
    } else {
      std::filesystem::rename(temporary, target);
    }
  } catch (const std::filesystem::filesystem_error& failure) {
    std::filesystem::remove_all(temporary, ignored);
    throw_error(ErrorCode::io, "writing the folder {}: {}", target.string(), failure.code().message());
  } catch (...) {
    std::filesystem::remove_all(temporary, ignored);
    throw;
  }
  sync_parent(target);
}

}  // namespace fulcrum
