#include "train/pass_workers.h"

#include <omp.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace fulcrum {
namespace {

struct Worker {
  Backpropagation backpropagation;
  ParameterArray gradients;
  double loss = 0;
  std::exception_ptr failure;
  std::thread thread;

  Worker(const ModelConfig& config, Precision precision, const ParameterLayout& layout)
      : backpropagation(config, precision), gradients(layout) {}
};

}  // namespace

struct PassWorkers::State {
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t round = 0;      // counts calls of run(); workers start when it moves
  std::size_t busy = 0;
  bool stopping = false;
  const std::vector<TrainingRows>* passes = nullptr;
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
      compute(index);
      const std::lock_guard lock(mutex);
      if (--busy == 0) changed.notify_all();
    }
  }

  void compute(std::size_t index) {
    Worker& worker = *workers[index];
    worker.loss = 0;
    worker.failure = nullptr;
    try {
      worker.gradients.clear();
      for (std::size_t pass = index; pass < passes->size(); pass += workers.size())
        worker.loss += (*work)(worker.backpropagation, (*passes)[pass], worker.gradients);
    } catch (...) {
      worker.failure = std::current_exception();
    }
  }
};

PassWorkers::PassWorkers(const ModelConfig& config, Precision precision, ParameterLayout gradients,
                         std::int64_t workers)
    : state_(std::make_unique<State>()) {
  for (std::int64_t i = 0; i < workers; ++i)
    state_->workers.push_back(std::make_unique<Worker>(config, precision, gradients));
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

double PassWorkers::run(const std::vector<TrainingRows>& passes, const Work& work, ParameterArray& gradients) {
  std::unique_lock lock(state_->mutex);
  state_->passes = &passes;
  state_->work = &work;
  state_->busy = state_->workers.size();
  ++state_->round;
  state_->changed.notify_all();
  state_->changed.wait(lock, [&] { return state_->busy == 0; });

  double loss = 0;
  gradients.clear();
  const std::span<float> sum = gradients.values();
  for (const auto& worker : state_->workers) {
    if (worker->failure) std::rethrow_exception(worker->failure);
    loss += worker->loss;
    const std::span<const float> part = worker->gradients.values();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
  }
  return loss;
}

std::int64_t default_pass_workers() { return omp_get_max_threads(); }

}  // namespace fulcrum
