#include "client/work/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include "client/gradient/batch.h"
#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos::client {

Worker::Worker(GradientFactory factory, PhiloxKey key, SharedReplicas* shared)
    : factory_(std::move(factory)), key_(key), replica_(shared) {}

JobDone Worker::perform(const Job& job, Scratch& scratch) {
  const kernels::FloatEnvironment environment;
  // A gradient source is a user's code: what it throws ends this client, not the process around it.
  try {
    return std::visit([&](const auto& one) { return run(one, scratch); }, job);
  } catch (const std::exception& error) {
    return JobFailed{fmt::format("the model cannot be computed: {}", error.what())};
  }
}

PackedSigns Worker::cast(PackedSigns honest, std::uint32_t) { return honest; }

std::uint64_t Worker::samples_per_ballot() const {
  if (!source_) return 0;
  if (hyper_.local_steps == kLocalEpoch) return source_->samples();
  return std::uint64_t{hyper_.local_steps} * batch_;
}

JobDone Worker::run(const Prepare& job, Scratch&) {
  auto source = factory_(job.welcome);
  if (!source) return JobFailed{source.error().text};
  const TensorTable& tensors = job.welcome.tensors;
  if ((*source)->tensors() != tensors) {
    return JobFailed{
        fmt::format("this client's model is not the coordinator's: {}; give both the "
                    "same tensors, in the same order",
                    describe_difference((*source)->tensors(), tensors))};
  }
  source_ = std::move(*source);
  hyper_ = job.welcome.hyper;
  batch_ = job.welcome.terms.batch;
  tensors_ = tensors;
  voter_.emplace(hyper_.worker, hyper_.ballot);
  const Status fits = job.restored ? restore_rules(*job.restored) : Status(Ok{});
  if (job.restored && fits) {
    replica_.restore(*job.restored, tensors);
    return Prepared{job.welcome.run, replica_.fingerprint(), true};
  }
  replica_.draw(tensors, hyper_.seed, job.welcome.round == 0 ? job.welcome.terms : RoundTerms());
  return Prepared{job.welcome.run, replica_.fingerprint(), false, fits ? "" : fits.error().text};
}

Status Worker::restore_rules(const RunState& state) {
  if (state.tensors != tensors_hash(tensors_)) return Error{"it is of another model"};
  return voter_->restore(state.rules, state.x.size());
}

ClientState Worker::snapshot(const Standing& standing) {
  RunState run;
  run.standing = standing;
  run.tensors = tensors_hash(tensors_);
  run.fingerprint = replica_.fingerprint();
  run.x.assign(parameters().begin(), parameters().end());
  run.terms = replica_.terms();
  if (const PackedSigns* last = replica_.last()) run.last = *last;
  run.rules = voter_->state();
  return {key_, std::move(run)};
}

JobDone Worker::run(const ComputeBallot& job, Scratch& scratch) {
  const RoundTerms& terms = job.terms ? *job.terms : replica_.terms();
  auto content = std::make_shared<BallotContent>();
  const auto begin = std::chrono::steady_clock::now();
  LocalGradient local{std::nan(""), 0};
  if (source_->samples() > 0) local = local_gradient(job.round, terms, scratch);
  content->gradient_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // Nothing to say: an answer, but not a vote, and the momentum stays as it was.
  const std::span<const float> gradient = scratch.gradient;
  const auto sent_loss = static_cast<float>(local.loss);
  const bool usable =
      std::isfinite(sent_loss) && kernels::kernels().all_finite(gradient.data(), gradient.size());
  if (usable) {
    const std::vector<float> scales = scales_of(terms);
    Vote vote = voter_->vote(gradient, {key_, job.round, &tensors_, scales});
    content->votes = encode(cast(std::move(vote.signs), job.round));
    content->scales = std::move(vote.scales);
    content->loss = sent_loss;
    content->samples = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(local.samples, std::numeric_limits<std::uint32_t>::max()));
  }
  return BallotReady{job.round, std::move(content)};
}

// Writes the vector that stands for the gradient.
Worker::LocalGradient Worker::local_gradient(std::uint32_t round, const RoundTerms& terms,
                                             Scratch& scratch) {
  batch_ = terms.batch;
  scratch.gradient.resize(parameters().size());
  if (hyper_.local_steps != 1) return local_steps(round, terms, scratch);
  draw_batch(key_, round, 0, terms.batch, source_->samples(), scratch.batch);
  return {source_->gradient(parameters(), scratch.batch, scratch.gradient), terms.batch};
}

// E steps of plain SGD from x, then (x - x_E) / (E * local_lr) in the gradient's place.
Worker::LocalGradient Worker::local_steps(std::uint32_t round, const RoundTerms& terms,
                                          Scratch& scratch) {
  const std::uint32_t samples = source_->samples();
  const bool epoch = hyper_.local_steps == kLocalEpoch;
  const std::uint32_t steps =
      epoch ? samples / terms.batch + (samples % terms.batch != 0) : hyper_.local_steps;
  std::vector<std::uint32_t> order;
  if (epoch) order = epoch_order(key_, round, samples);

  const std::span<const float> x = parameters();
  AlignedVector<float>& local = scratch.local;
  AlignedVector<float>& gradient = scratch.gradient;
  local.assign(x.begin(), x.end());
  double loss_sum = 0;
  std::uint64_t samples_used = 0;
  for (std::uint32_t step = 0; step < steps; ++step) {
    if (epoch) {
      const std::size_t first = std::size_t{step} * terms.batch;
      const std::size_t last = std::min<std::size_t>(samples, first + terms.batch);
      scratch.batch.assign(order.begin() + static_cast<std::ptrdiff_t>(first),
                           order.begin() + static_cast<std::ptrdiff_t>(last));
    } else {
      draw_batch(key_, round, step, terms.batch, samples, scratch.batch);
    }
    const double loss = source_->gradient(local, scratch.batch, gradient);
    loss_sum += loss * static_cast<double>(scratch.batch.size());
    samples_used += scratch.batch.size();
    for (std::size_t i = 0; i < local.size(); ++i) local[i] -= terms.local_lr * gradient[i];
  }
  const float scale = 1.0f / (static_cast<float>(steps) * terms.local_lr);
  for (std::size_t i = 0; i < local.size(); ++i) gradient[i] = (x[i] - local[i]) * scale;
  return {loss_sum / static_cast<double>(samples_used), samples_used};
}

// A coordinator that is not ours may leave scales out: then none is known.
std::vector<float> Worker::scales_of(const RoundTerms& terms) const {
  if (!hyper_.ballot.rule->needs.scales || terms.scales.size() == tensors_.size()) {
    return terms.scales;
  }
  return std::vector<float>(tensors_.size());
}

JobDone Worker::run(const ApplyDecisions& job, Scratch&) {
  if (job.fate) voter_->settle(job.fate->counted);
  return replica_.apply(job);
}

JobDone Worker::run(const LoadChunk& job, Scratch&) {
  if (job.fate) voter_->settle(job.fate->counted);
  return replica_.load(job);
}

JobDone Worker::run(const Evaluate& job, Scratch&) {
  const LossAndHits result = source_->evaluate(parameters());
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

JobDone Worker::run(const SaveState& job, Scratch&) {
  PSEPHOS_CHECK(keeper_ != nullptr, "a session that saves needs a worker with a keeper");
  const Status kept = keeper_->keep(snapshot(job.standing));
  return StateSaved{kept ? "" : kept.error().text};
}

}  // namespace psephos::client
