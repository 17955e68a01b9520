#include "client/gradient/model_pool.h"

#include <utility>

#include "runtime/base/check.h"

namespace psephos::client {

Result<std::shared_ptr<ModelPool>> ModelPool::make(DatasetRef dataset, const std::string& words,
                                                   std::size_t classes) {
  auto model = make_model(words, dataset->features, classes);
  if (!model) return model.error();
  return std::shared_ptr<ModelPool>(
      new ModelPool(std::move(dataset), words, classes, std::move(*model)));
}

ModelPool::ModelPool(DatasetRef dataset, std::string words, std::size_t classes,
                     std::unique_ptr<Model> first)
    : dataset_(std::move(dataset)),
      words_(std::move(words)),
      classes_(classes),
      tensors_(first->tensors()) {
  free_.push_back(std::make_unique<Bench>());
  free_.back()->model = std::move(first);
}

std::unique_ptr<Bench> ModelPool::take_free() {
  const std::lock_guard guard(mutex_);
  if (free_.empty()) return nullptr;
  std::unique_ptr<Bench> bench = std::move(free_.back());
  free_.pop_back();
  return bench;
}

ModelPool::Loan ModelPool::borrow() {
  std::unique_ptr<Bench> bench = take_free();
  if (!bench) {
    auto model = make_model(words_, dataset_->features, classes_);
    PSEPHOS_CHECK(model.ok(), "a model that could be made once");
    bench = std::make_unique<Bench>();
    bench->model = std::move(*model);
  }
  return {*this, std::move(bench)};
}

void ModelPool::give_back(std::unique_ptr<Bench> bench) {
  const std::lock_guard guard(mutex_);
  free_.push_back(std::move(bench));
}

Result<std::shared_ptr<ModelPool>> ModelPools::pool(const std::string& words, std::size_t classes) {
  const std::lock_guard guard(mutex_);
  if (last_ && words_ == words && classes_ == classes) return last_;
  auto made = ModelPool::make(dataset_, words, classes);
  if (!made) return made.error();
  last_ = *made;
  words_ = words;
  classes_ = classes;
  return last_;
}

}  // namespace psephos::client
