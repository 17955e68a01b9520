#pragma once
// Models and the memory they need while they compute, lent to one gradient at a time: as many are
// made as compute at once, however many clients a process plays.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/data/dataset.h"
#include "runtime/models/model.h"

namespace psephos::client {

// A model, and room for a batch.
struct Bench {
  std::unique_ptr<Model> model;
  std::vector<std::uint32_t> indices;
  AlignedVector<float> inputs;
  std::vector<std::uint8_t> labels;
};

// Equal models over one data set. Thread-safe.
class ModelPool {
 public:
  // A bench until this is destroyed, which must be before the pool is.
  class Loan {
   public:
    Loan(ModelPool& pool, std::unique_ptr<Bench> bench) : pool_(pool), bench_(std::move(bench)) {}
    ~Loan() { pool_.give_back(std::move(bench_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Bench& operator*() const { return *bench_; }

   private:
    ModelPool& pool_;
    std::unique_ptr<Bench> bench_;
  };

  // The errors of make_model.
  static Result<std::shared_ptr<ModelPool>> make(DatasetRef dataset, const std::string& words,
                                                 std::size_t classes);

  const Dataset& dataset() const { return *dataset_; }
  const TensorTable& tensors() const { return tensors_; }
  Loan borrow();

 private:
  ModelPool(DatasetRef dataset, std::string words, std::size_t classes,
            std::unique_ptr<Model> first);
  std::unique_ptr<Bench> take_free();
  void give_back(std::unique_ptr<Bench> bench);

  DatasetRef dataset_;
  std::string words_;
  std::size_t classes_;
  TensorTable tensors_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Bench>> free_;
};

// The pool of the run that a process takes part in, shared by its clients. Thread-safe.
class ModelPools {
 public:
  explicit ModelPools(DatasetRef dataset) : dataset_(std::move(dataset)) {}

  // That of this model: the last one, or a new one when the run has another.
  Result<std::shared_ptr<ModelPool>> pool(const std::string& words, std::size_t classes);

  const Dataset& dataset() const { return *dataset_; }

 private:
  DatasetRef dataset_;
  std::mutex mutex_;
  std::string words_;
  std::size_t classes_ = 0;
  std::shared_ptr<ModelPool> last_;
};

}  // namespace psephos::client
