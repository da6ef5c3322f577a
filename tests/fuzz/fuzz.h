/* What every fuzz target shares: proof that the corpus reaches the point of the target.
 *
 * A target calls FUZZ_REACHED() where its decoder has accepted its input, or its machine is in its last state.
 * At exit the count is appended to the file named by FUZZ_REACHED_FILE, if set; tests/fuzz/run reads it
 * and fails a target that never got there. */
#ifndef ADIT_TESTS_FUZZ_H
#define ADIT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t fuzz_reached_count;
#define FUZZ_REACHED() ((void)fuzz_reached_count++)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
