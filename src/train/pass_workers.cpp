#include "train/pass_workers.h"

#include <omp.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>

namespace fulcrum {
namespace {

struct Worker {
  Backpropagation backpropagation;
  std::exception_ptr failure;
  std::thread thread;

  Worker(const ModelConfig& config, Precision precision) : backpropagation(config, precision) {}
};

}  // namespace

struct PassWorkers::State {
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t round = 0;  // counts calls of run(); workers start when it moves
  std::size_t busy = 0;
  bool stopping = false;
  std::size_t passes = 0;
  const Work* work = nullptr;

  void serve(std::size_t index) {
    omp_set_num_threads(1);  // of this thread: the parallelism is between passes
    for (std::uint64_t seen = 0;;) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopping || round != seen; });
        if (stopping) return;
        seen = round;
      }
      Worker& worker = *workers[index];
      worker.failure = nullptr;
      try {
        for (std::size_t pass = index; pass < passes; pass += workers.size())
          (*work)(worker.backpropagation, pass);
      } catch (...) {
        worker.failure = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      if (--busy == 0) changed.notify_all();
    }
  }
};

PassWorkers::PassWorkers(const ModelConfig& config, Precision precision, std::int64_t workers)
    : state_(std::make_unique<State>()) {
  for (std::int64_t i = 0; i < workers; ++i)
    state_->workers.push_back(std::make_unique<Worker>(config, precision));
  for (std::size_t i = 0; i < state_->workers.size(); ++i)
    state_->workers[i]->thread = std::thread([state = state_.get(), i] { state->serve(i); });
}

PassWorkers::~PassWorkers() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (const auto& worker : state_->workers) worker->thread.join();
}

void PassWorkers::run(std::size_t passes, const Work& work) {
  std::unique_lock lock(state_->mutex);
  state_->passes = passes;
  state_->work = &work;
  state_->busy = state_->workers.size();
  ++state_->round;
  state_->changed.notify_all();
  state_->changed.wait(lock, [&] { return state_->busy == 0; });
  for (const auto& worker : state_->workers)
    if (worker->failure) std::rethrow_exception(worker->failure);
}

PassGradients::PassGradients(ParameterLayout layout) : layout_(std::move(layout)) {}

double PassGradients::compute(PassWorkers& workers, const std::vector<TrainingRows>& passes, const Work& work,
                              ParameterArray& sum) {
  while (parts_.size() < passes.size()) parts_.emplace_back(layout_);
  std::vector<double> losses(passes.size());
  workers.run(passes.size(), [&](Backpropagation& backpropagation, std::size_t pass) {
    parts_[pass].clear();
    losses[pass] = work(backpropagation, passes[pass], parts_[pass]);
  });
  sum.clear();
  const std::span<float> all = sum.values();
  double loss = 0;
  for (std::size_t pass = 0; pass < passes.size(); ++pass) {
    const std::span<const float> part = parts_[pass].values();
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += part[i];
    loss += losses[pass];
  }
  return loss;
}

double sum_of_losses(PassWorkers& workers, const std::vector<TrainingRows>& passes,
                     const std::function<double(Backpropagation&, const TrainingRows&)>& work) {
  std::vector<double> losses(passes.size());
  workers.run(passes.size(), [&](Backpropagation& backpropagation, std::size_t pass) {
    losses[pass] = work(backpropagation, passes[pass]);
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

std::int64_t default_pass_workers() {
  return omp_get_max_threads();
}

}  // namespace fulcrum
