/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration out of any octets: taken or refused with a sentence, and never half taken. */
#include <stdlib.h>

#include "base/must.h"
#include "role/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct conf conf;
	struct why why = { "" };
	enum err rc;

	memset(&conf, 0x55, sizeof conf);
	rc = conf_parse(&conf, span_of(data, n), &why);
	if (rc != OK) {
		must(why.text[0] != '\0' && ((uint8_t *)&conf)[sizeof conf - 1] == 0x55);
		return 0;
	}
	must(conf.state[0] != '\0' && conf.nclass > 0 && conf.nlistener <= ROLE_LISTENERS);
	for (unsigned i = 0; i < conf.nlistener; i++)
		must(conf.listener[i].kind < CONF_KIND_END &&
		    conf_class_index(&conf, conf.listener[i].class) >= 0);
	return 0;
}
