/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes store/places.c: a list that is taken is written again with the same contents and places.
 * The checksum is put right first, so that more than it is tried.
 */
#include <stdint.h>

#include "base/hash.h"
#include "base/must.h"
#include "store/places.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct places one = { 0 }, two = { 0 };
	struct buf file = { 0 }, out = { 0 };

	buf_put(&file, data, size);
	if (size >= 8)
		le_put(file.p + size - 8, hash64(span_of(file.p, size - 8)), 8);
	if (places_decode(&one, buf_span(&file), NULL) == OK) {
		places_encode(&one, &out);
		must(out.n <= file.n && places_decode(&two, buf_span(&out), NULL) == OK);
		for (size_t i = 0; i < two.nslot; i++)
			must(two.slot[i].content == 0 ||
			    places_get(&one, two.slot[i].content) == two.slot[i].place);
	}
	places_done(&one);
	places_done(&two);
	buf_done(&file);
	buf_done(&out);
	return 0;
}
