/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule packs that the desk's tables are filled from (desk_load): the office's own files where
 * the configuration names them, else those inside of the program. They are read before the
 * sandbox, which knows no file of the office's.
 */
#ifndef ROLE_DESKPACKS_H
#define ROLE_DESKPACKS_H

#include "base/buf.h"
#include "base/err.h"

struct conf;
struct desk;

enum { DESKPACKS = 3 };

struct deskpacks {
	struct buf json[DESKPACKS];
};

/*
 * A file that is wrong is said on standard error and not used, so that the desk can answer at all.
 * ERR_FORMAT: the program's own is wrong.
 */
enum err	deskpacks_take(struct deskpacks *packs, const struct conf *conf, struct why *why);
enum err	deskpacks_load(const struct deskpacks *packs, struct desk *desk, struct why *why);
void		deskpacks_done(struct deskpacks *packs);

#endif
