#include "client/work/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include "client/ballot/ballot_rule.h"
#include "client/gradient/batch.h"
#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos::client {

Worker::Worker(GradientFactory factory, PhiloxKey key) : factory_(std::move(factory)), key_(key) {}

JobDone Worker::perform(const Job& job) {
  const kernels::FloatEnvironment environment;
  // A gradient source is a user's code: what it throws ends this client, not the process around it.
  try {
    return std::visit([this](const auto& one) { return run(one); }, job);
  } catch (const std::exception& error) {
    return JobFailed{fmt::format("the model cannot be computed: {}", error.what())};
  }
}

PackedSigns Worker::vote(std::span<const float> v, std::uint32_t round) {
  return make_ballot(hyper_.ballot, v, key_, round);
}

JobDone Worker::run(const Prepare& job) {
  auto source = factory_(job.welcome);
  if (!source) return JobFailed{source.error().text};
  if ((*source)->tensors() != job.welcome.tensors) {
    return JobFailed{"this client's model is not the coordinator's: their tensor tables differ"};
  }
  source_ = std::move(*source);
  hyper_ = job.welcome.hyper;
  const std::size_t d = parameter_count(job.welcome.tensors);
  replica_ = Replica(d);
  fill_initial_parameters(job.welcome.tensors, hyper_.seed, replica_.mutable_parameters());
  rule_.emplace(hyper_.algorithm, hyper_.beta, d);
  gradient_.assign(d, 0.0f);
  return Prepared{job.welcome.run, replica_.fingerprint()};
}

JobDone Worker::run(const ComputeBallot& job) {
  auto content = std::make_shared<BallotContent>();
  const auto begin = std::chrono::steady_clock::now();
  const double loss = source_->samples() == 0 ? std::nan("") : local_gradient(job.round);
  content->gradient_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // Nothing to say: an answer, but not a vote, and the momentum stays as it was.
  const auto sent_loss = static_cast<float>(loss);
  const bool usable =
      std::isfinite(sent_loss) && kernels::kernels().all_finite(gradient_.data(), gradient_.size());
  if (usable) {
    content->votes = encode(vote(rule_->vote_vector(gradient_), job.round));
    content->loss = sent_loss;
    content->samples = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(samples_used_, std::numeric_limits<std::uint32_t>::max()));
  }
  return BallotReady{job.round, std::move(content)};
}

// Writes the vector that stands for the gradient; returns its mean loss.
double Worker::local_gradient(std::uint32_t round) {
  if (hyper_.local_steps != 1) return local_steps(round);
  draw_batch(key_, round, 0, hyper_.batch, source_->samples(), batch_);
  samples_used_ = hyper_.batch;
  return source_->gradient(replica_.parameters(), batch_, gradient_);
}

// E steps of plain SGD from x, then (x - x_E) / (E * local_lr) in the gradient's place.
double Worker::local_steps(std::uint32_t round) {
  const std::uint32_t samples = source_->samples();
  const bool epoch = hyper_.local_steps == kLocalEpoch;
  const std::uint32_t steps =
      epoch ? samples / hyper_.batch + (samples % hyper_.batch != 0) : hyper_.local_steps;
  std::vector<std::uint32_t> order;
  if (epoch) order = epoch_order(key_, round, samples);

  const std::span<const float> x = replica_.parameters();
  local_.assign(x.begin(), x.end());
  double loss_sum = 0;
  samples_used_ = 0;
  for (std::uint32_t step = 0; step < steps; ++step) {
    if (epoch) {
      const std::size_t first = std::size_t{step} * hyper_.batch;
      const std::size_t last = std::min<std::size_t>(samples, first + hyper_.batch);
      batch_.assign(order.begin() + static_cast<std::ptrdiff_t>(first),
                    order.begin() + static_cast<std::ptrdiff_t>(last));
    } else {
      draw_batch(key_, round, step, hyper_.batch, samples, batch_);
    }
    const double loss = source_->gradient(local_, batch_, gradient_);
    loss_sum += loss * static_cast<double>(batch_.size());
    samples_used_ += batch_.size();
    for (std::size_t i = 0; i < local_.size(); ++i) local_[i] -= hyper_.local_lr * gradient_[i];
  }
  const float scale = 1.0f / (static_cast<float>(steps) * hyper_.local_lr);
  for (std::size_t i = 0; i < local_.size(); ++i) gradient_[i] = (x[i] - local_[i]) * scale;
  return loss_sum / static_cast<double>(samples_used_);
}

JobDone Worker::run(const ApplyDecisions& job) {
  std::uint64_t fingerprint = 0;
  std::uint32_t round = 0;
  for (const wire::Decision& decision : job.decisions) {
    round = decision.round + 1;
    const auto signs = decode(decision.encoding, decision.planes, replica_.size());
    if (!signs) return Applied{round, fingerprint, false};
    replica_.apply(*signs, decision.delta, decision.keep);
    fingerprint = replica_.fingerprint();
    if (fingerprint != decision.fingerprint) return Applied{round, fingerprint, false};
  }
  return Applied{round, fingerprint, true};
}

JobDone Worker::run(const LoadChunk& job) {
  ChunkLoaded done;
  done.checkpoint = job.chunk.round;
  done.chunk = job.chunk.chunk;
  const auto loaded = loader_.load(job.chunk.bytes, job.chunk.chunk, job.chunk.chunks,
                                   wire::kChunkBytes, replica_.mutable_parameters());
  done.complete = !loaded || *loaded;
  if (loaded && *loaded) {
    done.fingerprint = replica_.fingerprint();
    done.matched =
        done.fingerprint == job.chunk.fingerprint && loader_.header().round == job.chunk.round;
  }
  return done;
}

JobDone Worker::run(const Evaluate& job) {
  const LossAndHits result = source_->evaluate(replica_.parameters());
  Evaluated done;
  done.round = job.round;
  done.samples = result.samples;
  if (result.samples > 0 && result.hits <= result.samples && std::isfinite(result.loss_sum)) {
    done.loss = result.loss_sum / static_cast<double>(result.samples);
    done.accuracy = static_cast<double>(result.hits) / static_cast<double>(result.samples);
  } else {
    done.samples = 0;
  }
  return done;
}

}  // namespace psephos::client
