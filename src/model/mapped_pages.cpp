#include "model/mapped_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <functional>

namespace fulcrum {

void release_pages(const ModelFile& model, const Tensor& tensor) {
  const std::less_equal<> before;  // a total order of any two addresses
  const std::byte* begin = tensor.bytes.data();
  const std::byte* end = begin + tensor.bytes.size();
  for (const std::span<const std::byte> map : model.maps) {
    if (!before(map.data(), begin) || !before(end, map.data() + map.size())) continue;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));  // a map begins at a page
    const auto first = (static_cast<std::size_t>(begin - map.data()) + page - 1) / page * page;
    const auto last = static_cast<std::size_t>(end - map.data()) / page * page;
    if (first < last) ::madvise(const_cast<std::byte*>(map.data()) + first, last - first, MADV_DONTNEED);
  }
}

}  // namespace fulcrum
