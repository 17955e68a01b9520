#pragma once
// Key pairs on disk. FILE holds the secret key and is its owner's alone (mode 0600); FILE.pub holds
// the public key, for whoever is to know it.
//
//   # A psephos secret key. [...]             lines that begin with '#', and empty ones, are left
//   out psephos-secret-key-1                      what it is, and the form's version tj9c[...] the
//   key: 40 characters of Z85
//
// and likewise psephos-public-key-1. Errors begin with the path and never show what was read.

#include <filesystem>
#include <string>

#include "runtime/base/result.h"
#include "runtime/net/curve_keys.h"

namespace psephos::net {

// `path` + ".pub".
std::filesystem::path public_key_path(const std::filesystem::path& path);

// Writes FILE and FILE.pub. Neither may exist: a key that somebody has listed is not replaced by
// accident. On an error nothing is left behind.
Status write_key_files(const std::filesystem::path& path, const CurveKeys& keys);

// The pair of a secret key file. Refused where its group or others may read or write it.
Result<CurveKeys> read_key_file(const std::filesystem::path& path);

// The key of a public key file.
Result<std::string> read_public_key_file(const std::filesystem::path& path);

}  // namespace psephos::net
