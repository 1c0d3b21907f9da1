/* SPDX-License-Identifier: Apache-2.0 */
/* See filesum.h. */
#include "cmd/filesum.h"

#include <string.h>

#include "evidence/sums.h"
#include "web/client.h"

void
filesum_only(struct buf *form, struct span bytes)
{
	struct summing *summing = summing_new();
	struct buf hex = { 0 };
	struct sums sums;

	summing_add(summing, bytes);
	summing_end(&summing, &sums);
	sums_hex(&hex, sums.sha256, SUMS_SHA256);
	form_add(form, "sha256", buf_span(&hex));
	buf_done(&hex);
}

void
filesum_add(struct buf *form, const char *path, struct span bytes)
{
	const char *slash = strrchr(path, '/');

	form_add(form, "name", span_str(slash != NULL ? slash + 1 : path));
	filesum_only(form, bytes);
}
