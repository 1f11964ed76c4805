#include "base/progress.h"

#include "base/error.h"

namespace fulcrum {

void CancelToken::check(const std::string& doing) const {
  if (cancelled()) throw_error(ErrorCode::cancelled, "{}: stopped on request", doing);
}

}  // namespace fulcrum
