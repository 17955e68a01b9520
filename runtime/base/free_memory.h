#pragma once
// Memory that was freed and is kept for later, given back to the system.

namespace psephos {

// glibc keeps what lies between blocks in use: after a crowd has left, all that it needed. Takes
// milliseconds for every gigabyte, and holds up whoever allocates meanwhile; elsewhere than on
// glibc nothing happens.
void return_free_memory();

}  // namespace psephos
