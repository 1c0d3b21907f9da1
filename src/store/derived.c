/* SPDX-License-Identifier: Apache-2.0 */
/* The derived part of a segment by itself: see segment_int.h and doc/formats/segment.md. */
#include "store/cold_int.h"
#include "store/segment_data.h"

enum err
derived_open(struct pack **ret_pack, int dirfd, const struct segment_info *info,
    const uint8_t *key, struct why *why)
{
	struct pack *pack = NULL;
	char name[SEGMENT_NAME];
	int fd = -1;
	enum err rc;

	segment_name(name, info->id, SEGMENT_DERIVED);
	rc = cold_file_open(&fd, dirfd, info, SEGMENT_DERIVED, why);
	if (rc == OK)
		rc = pack_open(&pack, fd, name, key, why);
	if (rc == OK && (pack_head(pack)->kind != PACK_DERIVED || pack_head(pack)->id != info->id))
		rc = why_set(why, ERR_FORMAT, "the derived part of %016llx is another one's",
		    (unsigned long long)info->id);
	if (rc == OK)
		*ret_pack = pack;
	else
		pack_close(&pack);
	return rc;
}

enum err
derived_section(const struct pack *pack, enum derived_section kind, struct span *ret,
    struct why *why)
{
	struct cur c = cur_of(pack_body(pack));

	while (cur_left(&c) > 0) {
		uint8_t found = cur_u8(&c);
		struct span contents = cur_bytes(&c);

		if (found == kind && !c.bad) {
			*ret = contents;
			return OK;
		}
	}
	return why_set(why, ERR_FORMAT, "section %u of the derived part is missing", kind);
}

enum err
segment_derived(struct segment *s, struct pack **ret_pack, struct why *why)
{
	char name[SEGMENT_NAME];
	int fd = s->derived_fd;
	enum err rc = OK;

	if (s->derived == NULL && fd < 0)
		return why_set(why, ERR_ABSENT, "%s: its derived part is missing: run reindex",
		    s->name);
	if (s->derived == NULL) {
		segment_name(name, pack_head(s->sealed)->id, SEGMENT_DERIVED);
		s->derived_fd = -1;	/* the pack's now */
		rc = pack_open(&s->derived, fd, name, s->has_key ? s->key : NULL, why);
	}
	if (rc == OK && (pack_head(s->derived)->kind != PACK_DERIVED ||
	    pack_head(s->derived)->id != pack_head(s->sealed)->id))
		return why_set(why, ERR_FORMAT, "%s: the derived part is another one's", s->name);
	*ret_pack = s->derived;
	return rc;
}
