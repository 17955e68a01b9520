#pragma once
// The names of CLI11 that our headers use. The whole of <CLI/CLI.hpp> costs seconds in every file
// that includes it.

namespace CLI {
class App;
class Validator;
}  // namespace CLI
