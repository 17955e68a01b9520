#pragma once
// A DataSchema to and from its table, and its rules. Private to runtime/wire.

#include <flatbuffers/flatbuffers.h>

#include "runtime/base/result.h"
#include "runtime/wire/message.h"
#include "schemas/psephos_generated.h"

namespace psephos::wire {

// Absent where nothing is known.
flatbuffers::Offset<fb::DataSchema> add_schema(flatbuffers::FlatBufferBuilder& builder,
                                               const DataSchema& schema);

// Null: nothing is known. Names are copied after their sizes were found within bounds.
Result<DataSchema> read_schema(const fb::DataSchema* schema);

}  // namespace psephos::wire
