/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in an evidence package: a closed list of files, and the texts of those that follow from
 * others. doc/formats/evidence.md sections 1 to 3; BagIt is RFC 8493.
 */
#ifndef EVIDENCE_BAG_H
#define EVIDENCE_BAG_H

#include "base/err.h"
#include "model/note.h"
#include "evidence/sums.h"

/* In the order in which they stand in the archive. */
enum bag_file {
	BAG_BAGIT,
	BAG_EXPORT,		/* who, when, why */
	BAG_RECORDS,		/* the exact octets */
	BAG_FIELDS,		/* how the desk reads them */
	BAG_PROOFS,
	BAG_CHECKPOINT,
	BAG_VKEY,
	BAG_PEM,		/* the same key for openssl */
	BAG_SIGNED,		/* the checkpoint's text and its signature, for openssl */
	BAG_SIGNATURE,
	BAG_KEYS,		/* seal keys that were replaced */
	BAG_ANCHORS,		/* held elsewhere, with what leads from them to the checkpoint */
	BAG_SHA256,		/* manifests */
	BAG_BLAKE2B,
	BAG_INFO,
	BAG_PAGE,		/* how to check this without us */
	BAG_CUSTODY,		/* record of delivery, for two signatures */
	BAG_TAGS,
	BAG_END
};

enum { BAG_NAME_BYTES = 40, BAG_TOP_BYTES = 65, BAG_STREAM_BYTES = 16 };

/* The name below the bag's folder. */
const char	*bag_name(unsigned file);
/* Under data/: what the manifests list. */
bool		bag_is_payload(unsigned file);
/* May it be the bag's folder: 1 to 64 of A-Z a-z 0-9 . _ - and no dot in front. */
bool		bag_top_ok(struct span name);

/* BAG_BAGIT. */
void		bag_bagit_put(struct buf *out);
/* BAG_SHA256 and BAG_BLAKE2B list the payload, BAG_TAGS the others but itself. */
void		bag_manifest_put(struct buf *out, enum bag_file manifest,
		    const struct sums sums[BAG_END]);
/* BAG_PEM: the key as a SubjectPublicKeyInfo (RFC 8410). */
void		bag_pem_put(struct buf *out, const struct note_key *key);
/* BAG_SIGNED and BAG_SIGNATURE. ERR_PROOF, ERR_ABSENT: as note_check. */
enum err	bag_signed_put(struct buf *text, struct buf *signature, struct span note,
		    const struct note_key *key, struct why *why);

/* What BAG_PROOFS begins with. */
struct bag_claim {
	uint8_t stream;
	uint64_t records;
	uint64_t first_seq, last_seq;	/* all of this range are here; 0: that is not claimed */
};

void		bag_claim_put(struct buf *out, const struct bag_claim *claim);
/* Takes it off *rest. ERR_FORMAT: rule 11. */
enum err	bag_claim_get(struct bag_claim *ret_claim, struct span *rest, uint64_t *line,
		    struct why *why);

/*
 * The record that a line of BAG_FIELDS is of, by its last member: "_seq":"raw:1:40231"}. False: it
 * ends otherwise.
 */
bool		bag_fields_record(struct span line, uint64_t *ret_seq, struct span *ret_name);

/* Text as the inside of a JSON string; what is no UTF-8 becomes U+FFFD. */
void		bag_json_put(struct buf *out, struct span text);

#endif
