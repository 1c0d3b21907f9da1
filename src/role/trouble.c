/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Causes and sentences of trouble.h. Numbers, not words, tell the causes apart: words of libraries
 * change with their versions. An alert of TLS is number 1000 + n in OpenSSL's error, which curl
 * prints as "error:0A000414:...".
 */
#include "role/trouble.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

enum {
	/* RFC 8446, 6 */
	ALERT_BAD_CERTIFICATE = 42, ALERT_UNSUPPORTED_CERTIFICATE = 43, ALERT_REVOKED = 44,
	ALERT_EXPIRED = 45, ALERT_CERTIFICATE_UNKNOWN = 46, ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49, ALERT_CERTIFICATE_REQUIRED = 116,
	/* openssl/sslerr.h: SSL_AD_REASON_OFFSET, SSL_R_WRONG_VERSION_NUMBER (no TLS at all) */
	ALERT_OFFSET = 1000, REASON_NO_TLS = 267,
	/* openssl/x509_vfy.h; their numbers are part of its interface */
	VERIFY_OK = 0, VERIFY_UNSPECIFIED = 1, VERIFY_NO_ISSUER = 2, VERIFY_NOT_YET = 9,
	VERIFY_EXPIRED = 10, VERIFY_SELF_SIGNED = 18, VERIFY_SELF_SIGNED_CHAIN = 19,
	VERIFY_NO_LOCAL_ISSUER = 20, VERIFY_LEAF = 21, VERIFY_NAME = 62, VERIFY_ADDRESS = 64,
};

#define REASON_MASK	0x7fffff	/* of an error of OpenSSL 3 */

#define INVITE_VI	"xin mã mời mới: trên bàn trực chạy trucban agent invite {name}, rồi ở " \
	"máy này chạy trucban agent enrol MÃ --replace, rồi systemctl reload trucban"
#define INVITE_EN	"ask for a new invitation: trucban agent invite {name} on the desk, then " \
	"trucban agent enrol CODE --replace here, then systemctl reload trucban"
#define CLOCK_VI	"so giờ hai máy: chạy date ở đây và ở bàn trực, rồi bật đồng bộ giờ (NTP)"
#define CLOCK_EN	"compare both clocks: run date here and on the desk, then let NTP set them"

static const struct trouble_row rows[TROUBLE_END] = {
	[TROUBLE_NONE] = { "none", "", "", "", "" },
	[TROUBLE_FIRST] = { "first", "chưa gửi lần nào", "nothing was sent yet", "", "" },
	[TROUBLE_REVOKED] = { "revoked", "bàn trực đã thu hồi chứng thư của trạm này",
	    "the desk has taken this relay's certificate back", INVITE_VI, INVITE_EN },
	[TROUBLE_EXPIRED] = { "expired", "chứng thư của trạm này đã hết hạn",
	    "this relay's certificate has expired", INVITE_VI, INVITE_EN },
	[TROUBLE_UNKNOWN] = { "unknown",
	    "bàn trực không biết nơi đã ký chứng thư của trạm này",
	    "the desk does not know who signed this relay's certificate", INVITE_VI, INVITE_EN },
	[TROUBLE_UNSHOWN] = { "unshown", "bàn trực chỉ nhận trạm có chứng thư",
	    "the desk takes only relays with a certificate", INVITE_VI, INVITE_EN },
	[TROUBLE_UNFIT] = { "unfit",
	    "bàn trực không nhận chứng thư của trạm này: đồng hồ hai máy lệch nhau, hoặc chứng "
	    "thư không phải để gửi",
	    "the desk does not take this relay's certificate: the clocks differ, or it is not one "
	    "for sending", CLOCK_VI, CLOCK_EN },
	[TROUBLE_DESK_EXPIRED] = { "desk-expired",
	    "chứng thư của bàn trực đã hết hạn, hoặc đồng hồ máy này chạy trước",
	    "the desk's certificate has expired, or the clock of this machine is ahead",
	    CLOCK_VI "; giờ đúng thì báo bàn trực thay chứng thư",
	    CLOCK_EN "; if they agree, the desk needs a new certificate" },
	[TROUBLE_DESK_NAME] = { "desk-name",
	    "tên trong forward: to không phải tên ghi trong chứng thư của bàn trực",
	    "the name in forward: to is not one that the desk's certificate is for",
	    "sửa forward: to thành tên hay địa chỉ mà bàn trực đã dùng khi làm chứng thư",
	    "have forward: to say a name or address that the desk's certificate was made for" },
	[TROUBLE_DESK_UNKNOWN] = { "desk-unknown",
	    "chứng thư của bàn trực không do nơi ghi trong forward: ca ký",
	    "the desk's certificate was not signed by the authority in forward: ca",
	    "xem địa chỉ {to} có đúng là bàn trực không; đúng thì ghi danh lại: trên bàn trực "
	    "chạy trucban agent invite {name}, ở đây chạy trucban agent enrol MÃ --replace",
	    "see whether {to} is your desk; if it is, enrol anew: trucban agent invite {name} on "
	    "the desk, then trucban agent enrol CODE --replace here" },
	[TROUBLE_CLOCK] = { "clock", "đồng hồ của máy này và của bàn trực lệch nhau",
	    "the clocks of this machine and of the desk do not agree", CLOCK_VI, CLOCK_EN },
	[TROUBLE_NO_NAME] = { "no-name", "không tìm được địa chỉ của bàn trực theo tên",
	    "the desk's name cannot be resolved",
	    "sửa tên trong forward: to, hoặc thêm tên đó vào DNS hay /etc/hosts",
	    "mend the name in forward: to, or put it into DNS or /etc/hosts" },
	[TROUBLE_CLOSED] = { "closed", "máy đó có trả lời nhưng cổng đã đóng",
	    "the machine answers, but nobody listens on that port",
	    "xem bàn trực có chạy không (trên đó: trucban status) và cổng trong forward: to",
	    "see whether the desk runs (there: trucban status), and the port in forward: to" },
	[TROUBLE_AWAY] = { "away", "không có trả lời từ bàn trực: đường truyền đứt, máy tắt hoặc "
	    "bị tường lửa chặn",
	    "no answer from the desk: the line is cut, the machine is off, or a firewall is "
	    "between", "xem đường truyền và tường lửa tới {to}",
	    "look at the line and the firewalls to {to}" },
	[TROUBLE_PROXY] = { "proxy", "không qua được máy trung gian (forward: proxy)",
	    "the way through forward: proxy fails", "xem máy đó có chạy và có cho tới {to} không",
	    "see whether that machine runs, and lets through to {to}" },
	[TROUBLE_WAIT] = { "wait", "bàn trực đang bận và bảo đợi",
	    "the desk is behind, or cannot store now, and says to wait",
	    "trạm tự gửi lại; kéo dài thì xem trucban status trên bàn trực",
	    "the relay tries again by itself; if it lasts, see trucban status on the desk" },
	[TROUBLE_DENIED] = { "denied", "bàn trực từ chối trạm này",
	    "the desk refuses this relay", INVITE_VI, INVITE_EN },
	[TROUBLE_NO_DESK] = { "no-desk",
	    "nơi trả lời không phải cửa nhận trạm chuyển tiếp của một bàn trực",
	    "what answers is no desk that takes relays",
	    "xem địa chỉ và cổng trong forward: to",
	    "look at the address and the port in forward: to" },
	[TROUBLE_VERSION] = { "version", "bàn trực dùng phiên bản khác", "the desk speaks another "
	    "version", "nâng cấp bàn trực và trạm lên cùng phiên bản",
	    "bring desk and relay to one version" },
	[TROUBLE_UNREAD] = { "unread", "bàn trực không đọc được thứ đã gửi",
	    "the desk cannot read what was sent",
	    "nâng cấp bàn trực và trạm lên cùng phiên bản",
	    "bring desk and relay to one version" },
	[TROUBLE_ERROR] = { "error", "bàn trực trả lời có lỗi", "the desk answers with an error",
	    "xem trucban doctor trên bàn trực", "see trucban doctor on the desk" },
	[TROUBLE_OTHER] = { "other", "không gửi được", "nothing can be sent",
	    "xem đường truyền tới {to}", "look at the line to {to}" },
};

/* ---- which one it is ---- */

/* Of OpenSSL's error, mostly what the desk says of this relay's certificate. */
static enum trouble
of_reason(const struct trouble_seen *seen)
{
	const char *at = seen->text != NULL ? strstr(seen->text, "error:") : NULL;
	unsigned long reason = at != NULL ? strtoul(at + 6, NULL, 16) & REASON_MASK : 0;

	if (reason == REASON_NO_TLS)
		return TROUBLE_NO_DESK;
	switch (reason > ALERT_OFFSET ? reason - ALERT_OFFSET : 0) {
	case ALERT_REVOKED:
		return TROUBLE_REVOKED;
	case ALERT_EXPIRED:
		/* By our own clock it has time left: one of the two is wrong. */
		return seen->until_s > seen->now_s ? TROUBLE_CLOCK : TROUBLE_EXPIRED;
	case ALERT_UNKNOWN_CA:
		return TROUBLE_UNKNOWN;
	case ALERT_CERTIFICATE_REQUIRED:
		return TROUBLE_UNSHOWN;
	case ALERT_BAD_CERTIFICATE:
	case ALERT_UNSUPPORTED_CERTIFICATE:
	case ALERT_CERTIFICATE_UNKNOWN:
	case ALERT_ACCESS_DENIED:
		return TROUBLE_UNFIT;
	default:
		return TROUBLE_OTHER;
	}
}

/* curl finds a name that does not fit by itself: OpenSSL was content then, or was not asked yet. */
static enum trouble
of_verify(long verify)
{
	static const struct { int verify; enum trouble is; } known[] = {
		{ VERIFY_OK, TROUBLE_DESK_NAME }, { VERIFY_UNSPECIFIED, TROUBLE_DESK_NAME },
		{ VERIFY_NAME, TROUBLE_DESK_NAME }, { VERIFY_ADDRESS, TROUBLE_DESK_NAME },
		{ VERIFY_NOT_YET, TROUBLE_CLOCK }, { VERIFY_EXPIRED, TROUBLE_DESK_EXPIRED },
		{ VERIFY_NO_ISSUER, TROUBLE_DESK_UNKNOWN },
		{ VERIFY_SELF_SIGNED, TROUBLE_DESK_UNKNOWN },
		{ VERIFY_SELF_SIGNED_CHAIN, TROUBLE_DESK_UNKNOWN },
		{ VERIFY_NO_LOCAL_ISSUER, TROUBLE_DESK_UNKNOWN },
		{ VERIFY_LEAF, TROUBLE_DESK_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].verify == verify)
			return known[i].is;
	return TROUBLE_OTHER;
}

static enum trouble
of_status(long status)
{
	static const struct { int status; enum trouble is; } known[] = {
		{ 200, TROUBLE_NO_DESK }, { 400, TROUBLE_UNREAD }, { 401, TROUBLE_UNSHOWN },
		{ 403, TROUBLE_DENIED }, { 404, TROUBLE_NO_DESK }, { 413, TROUBLE_UNREAD },
		{ 426, TROUBLE_VERSION },
		{ 429, TROUBLE_WAIT }, { 503, TROUBLE_WAIT },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].status == status)
			return known[i].is;
	return TROUBLE_ERROR;
}

enum trouble
trouble_of(const struct trouble_seen *seen)
{
	switch (seen->code) {
	case CURLE_OK:
		return of_status(seen->status);
	case CURLE_COULDNT_RESOLVE_HOST:
		return TROUBLE_NO_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return TROUBLE_PROXY;
	case CURLE_COULDNT_CONNECT:
		return seen->proxied ? TROUBLE_PROXY :
		    seen->os_error == ECONNREFUSED ? TROUBLE_CLOSED : TROUBLE_AWAY;
	case CURLE_OPERATION_TIMEDOUT:
		return TROUBLE_AWAY;
	case CURLE_PEER_FAILED_VERIFICATION:
		return of_verify(seen->verify);
	default:
		return of_reason(seen);
	}
}

/* ---- words ---- */

const struct trouble_row *
trouble_row(enum trouble trouble)
{
	return &rows[trouble < TROUBLE_END ? trouble : TROUBLE_OTHER];
}

enum trouble
trouble_named(struct span word)
{
	for (unsigned i = 0; i < TROUBLE_END; i++)
		if (span_is(word, rows[i].word))
			return (enum trouble)i;
	return TROUBLE_OTHER;
}

void
trouble_todo(struct buf *out, const char *text, struct span name, struct span to)
{
	while (*text != '\0') {
		struct span rest = span_str(text);

		if (span_starts(rest, SPAN("{name}"))) {
			buf_span_put(out, name.n > 0 ? name : SPAN("NAME"));
			text += 6;
		} else if (span_starts(rest, SPAN("{to}"))) {
			buf_span_put(out, to);
			text += 4;
		} else {
			buf_u8(out, (uint8_t)*text++);
		}
	}
}
