/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what reads foreign PEM: signing requests at the desk, certificates on the host. */
#include "ca/authority.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span pem = span_of(data, n);
	struct request *request = NULL;
	struct issued issued;
	uint8_t octets[ROLL_KEY_BYTES];

	if (request_read(&request, pem, NULL) == OK)
		request_key(request, octets);
	request_free(&request);
	(void)issued_read(&issued, pem, NULL);
	(void)issued_finger(octets, pem, NULL);
	(void)issued_check(pem, pem, pem, NULL);
	return 0;
}
