/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the rules, and sentences made of it: see rule.h. */
#include "coverage/rule.h"

#include <inttypes.h>

#include "base/must.h"
#include "base/plain.h"

enum { MINUTE = 60, H = 3600 };

static const struct watch_rule rules[RULE_END] = {
	[RULE_SILENT] = { "coverage.silent", 1, FINDING_MEDIUM, UNIT_SECONDS, SURE_COUNTED,
	    0, 0, 8, 6 * H,
	    "it has waited four usual pauses and ten minutes already; one record ends it",
	    "{what} không gửi gì từ {value}, thường lệ nghỉ lâu nhất {usual}",
	    "{what} has sent nothing for {value}, its pauses are {usual} at most",
	    "hỏi đơn vị quản lý máy đó còn chạy không, rồi xem dịch vụ gửi nhật ký và đường "
	    "truyền; trucban coverage cho biết giờ cuối cùng",
	    "ask whether that machine runs, then look at its log sender and the line; trucban "
	    "coverage tells its last hour" },
	[RULE_SKEWED] = { "coverage.skewed", 1, FINDING_LOW, UNIT_SECONDS, SURE_COUNTED,
	    2 * MINUTE, 2 * H, 10, 24 * H,
	    "a minute's error changes the order of an incident's events; the middle of the last "
	    "records, so that single late ones do not count; right for "
	    "two hours, since a clock that is set by hand drifts",
	    "đồng hồ của {what} lệch {value}",
	    "the clock of {what} is off by {value}",
	    "đặt máy đó đồng bộ giờ (NTP) với máy chủ giờ của đơn vị",
	    "let that machine take its time from the office's NTP server" },
	[RULE_UNPARSED] = { "coverage.unparsed", 1, FINDING_LOW, UNIT_RECORDS, SURE_COUNTED,
	    2 * MINUTE, 2 * H, 10, 6 * H,
	    "ten records and one in a hundred within the last hour; over after two without, so "
	    "that bursts are one finding",
	    "{what}: {value} không hiểu được trong {usual} của giờ qua (vẫn giữ nguyên)",
	    "{what}: {value} of {usual} in the last hour were not understood (kept as they came)",
	    "xem bản ghi của nguồn đó bằng trucban search, rồi sửa khuôn dạng ở nơi gửi: trucban "
	    "source LOẠI in đúng những dòng cần dán",
	    "look at its records with trucban search, then mend the sender's format: trucban "
	    "source KIND prints the lines to paste" },
	[RULE_GAPS] = { "coverage.missing", 1, FINDING_MEDIUM, UNIT_RECORDS, SURE_GUESSED,
	    2 * MINUTE, 2 * H, 4, 6 * H,
	    "late records fill their gaps within two minutes; over after two hours without, so "
	    "that a bad line is one finding",
	    "{what}: ước mất {value} trước khi tới máy này, theo số thứ tự của nơi gửi",
	    "{what}: an estimate of {value} never reached this host, by the sender's numbers",
	    "xem đường truyền và hàng đợi của nơi gửi; UDP thì đổi sang TCP hoặc RELP",
	    "look at the line and the sender's queue; if it is UDP, change to TCP or RELP" },
	[RULE_DROPPED] = { "coverage.lost", 1, FINDING_HIGH, UNIT_NUMBERS, SURE_TOLD,
	    0, 0, 2, 10 * MINUTE,
	    "one record that is gone is one too many; it is over when an hour had none",
	    "mất tại máy này: {what} tăng {value} trong giờ qua",
	    "lost at this host: {what} grew by {value} in the last hour",
	    "trucban doctor cho biết cửa nhận nào quá tải; UDP thì tăng bộ đệm hoặc đổi sang TCP",
	    "trucban doctor says which listener is overrun; UDP: enlarge its buffer or use TCP" },
	[RULE_REFUSED] = { "coverage.refused", 1, FINDING_LOW, UNIT_NUMBERS, SURE_TOLD,
	    5 * MINUTE, 6 * H, 10, 6 * H,
	    "senders were told and may send again; scanners cause some each day: six hours without",
	    "đã từ chối nơi gửi: {what} tăng {value} trong giờ qua",
	    "senders were refused: {what} grew by {value} in the last hour",
	    "xem trucban status; chứng thư, mã truy cập của nơi gửi còn đúng không",
	    "see trucban status; are the senders' certificates and tokens right" },
	[RULE_DOWN] = { "desk.down", 1, FINDING_HIGH, UNIT_SECONDS, SURE_TOLD,
	    0, 0, 2, 10 * MINUTE,
	    "three heartbeats in a row did not come: nothing was received or sealed",
	    "bàn trực không chạy {value} trong giờ qua",
	    "the desk did not run for {value} in the last hour",
	    "tìm nguyên nhân: journalctl -u trucban; nơi gửi không có hàng đợi đã mất bản ghi",
	    "find the cause: journalctl -u trucban; senders without a queue have lost records" },
	[RULE_GONE] = { "store.gone", 1, FINDING_CRITICAL, UNIT_RECORDS, SURE_COUNTED,
	    0, 0, 2, 10 * MINUTE,
	    "numbers are given without gaps: what is missing was lost on disk or taken away",
	    "{value} đã nhận nhưng không còn trong kho",
	    "{value} were received and are no longer in the store",
	    "chạy ngay trucban verify và giữ nguyên ổ đĩa",
	    "run trucban verify at once and leave the disk as it is" },
	[RULE_STORE] = { "store.trouble", 1, FINDING_CRITICAL, UNIT_SECONDS, SURE_MEASURED,
	    0, 2 * MINUTE, 60, 6 * H,
	    "the keeper says itself that it cannot write, or that the disk is full",
	    "kho nhật ký không ghi bình thường: {what}",
	    "the store does not write as it should: {what}",
	    "xem trucban status và trucban doctor; kiểm tra ổ đĩa, dọn chỗ",
	    "see trucban status and trucban doctor; check the disk, make room" },
	[RULE_SEAL] = { "store.unsealed", 1, FINDING_HIGH, UNIT_LEAVES, SURE_MEASURED,
	    10 * MINUTE, 0, 10, 6 * H,
	    "each minute signs all leaves; ten without are no accident",
	    "{value} chưa được ký niêm phong",
	    "{value} are under no signature yet",
	    "xem trucban doctor: khóa niêm phong, ổ đĩa",
	    "see trucban doctor: the seal's key, the disk" },
	[RULE_ANCHOR] = { "seal.anchor", 1, FINDING_MEDIUM, UNIT_HOURS, SURE_TOLD,
	    0, 0, 4, 24 * H,
	    "a place outside is told every five minutes, by mail once a day: three times that, and "
	    "an hour at least",
	    "mốc niêm phong không ra được tới {what} từ {value}",
	    "checkpoints have not reached {what} for {value}",
	    "kiểm tra đường tới nơi đó; sổ hành động (anchor-failed) ghi lý do",
	    "check the way to that place; the ledger (anchor-failed) has the reason" },
	[RULE_DISK_WEEK] = { "disk.week", 1, FINDING_MEDIUM, UNIT_HOURS, SURE_GUESSED,
	    10 * MINUTE, 6 * H, 1000, 24 * H,
	    "design 16: warned at seven days left, by what the last day took",
	    "ổ đĩa của kho còn chỗ cho {value}",
	    "the store's disk has room for {value}",
	    "thêm ổ đĩa hoặc rút ngắn thời hạn lưu: trucban plan tính giúp",
	    "add a disk or shorten retention: trucban plan does the sum" },
	[RULE_DISK_DAYS] = { "disk.days", 1, FINDING_CRITICAL, UNIT_HOURS, SURE_GUESSED,
	    10 * MINUTE, 6 * H, 1000, 24 * H,
	    "design 16: warned again at two days left: a weekend",
	    "ổ đĩa của kho chỉ còn chỗ cho {value}",
	    "the store's disk has room for only {value}",
	    "làm ngay hôm nay: thêm ổ đĩa hoặc rút ngắn thời hạn lưu (trucban plan)",
	    "do it today: add a disk or shorten retention (trucban plan)" },
	[RULE_CLOCK] = { "desk.clock", 1, FINDING_MEDIUM, UNIT_SECONDS, SURE_MEASURED,
	    0, H, 2, 10 * MINUTE,
	    "NTP moves a clock by less than a minute; an hour, so that somebody sees it",
	    "đồng hồ của máy này nhảy {value}",
	    "the clock of this host jumped by {value}",
	    "xem dịch vụ đồng bộ giờ của máy này (chronyc tracking, timedatectl)",
	    "look at this host's time service (chronyc tracking, timedatectl)" },
	[RULE_ABSENT] = { "coverage.absent", 1, FINDING_MEDIUM, UNIT_SECONDS, SURE_COUNTED,
	    24 * H, 0, 1000, 24 * H,
	    "a day, since machines that are off at night are expected too; one record ends it",
	    "nguồn đã đăng ký {what} chưa gửi gì",
	    "{what} is in the register and has sent nothing",
	    "trucban source LOẠI in đúng những dòng cần dán ở nguồn đó; bỏ khỏi sổ nếu đã thôi "
	    "dùng: trucban source remove",
	    "trucban source KIND prints the lines to paste there; take it out of the register if "
	    "it is gone: trucban source remove" },
	[RULE_UNKNOWN] = { "coverage.unknown", 1, FINDING_LOW, UNIT_RECORDS, SURE_COUNTED,
	    10 * MINUTE, H, 1000, 24 * H,
	    "ten minutes, since who adds a source does it about then; over when it has a row",
	    "{what} gửi nhật ký mà chưa có tên trong sổ đăng ký",
	    "{what} sends records and has no row in the register",
	    "trucban source unknown in lệnh đặt tên cho nguồn đó; không phải máy của đơn vị thì "
	    "chặn lại",
	    "trucban source unknown prints the command that names it; block it if it is not a "
	    "machine of the office" },
	[RULE_REVOKED] = { "certificate.revoked", 1, FINDING_MEDIUM, UNIT_NUMBERS, SURE_MEASURED,
	    2 * MINUTE, H, 100, 24 * H,
	    "two minutes, since a machine that is taken out of service is switched off about then; "
	    "senders try again within minutes, so an hour without is the end",
	    "{what} vẫn xin vào bằng chứng thư đã thu hồi hoặc đã thay: {value} lần",
	    "{what} keeps trying with a certificate that was revoked or replaced: {value} times",
	    "còn dùng máy đó thì mời lại: trucban agent invite {name}, rồi ở đó trucban agent "
	    "enrol MÃ --replace; không còn dùng thì tắt dịch vụ gửi của nó; không phải máy ấy "
	    "thì có người giữ bản sao chứng thư",
	    "if that machine is still wanted, invite it again: trucban agent invite {name}, then "
	    "trucban agent enrol CODE --replace there; if not, stop its sender; if it is another "
	    "machine, somebody has a copy of the certificate" },
	[RULE_EXPIRED] = { "certificate.expired", 1, FINDING_MEDIUM, UNIT_NUMBERS, SURE_MEASURED,
	    2 * MINUTE, H, 100, 24 * H,
	    "as with revoked ones; its records wait there, or are lost",
	    "{what} không vào được vì chứng thư đã hết hạn: {value} lần",
	    "{what} cannot come in, its certificate has expired: {value} times",
	    "mời lại: trucban agent invite {name}, rồi ở máy đó trucban agent enrol MÃ "
	    "--replace; chứng thư do nơi khác cấp thì xin gia hạn ở đó",
	    "invite it again: trucban agent invite {name}, then trucban agent enrol CODE "
	    "--replace there; a certificate of another authority is renewed by that one" },
};

const struct watch_rule *
watch_rule(enum watch_rule_id id)
{
	must(id < RULE_END);
	return &rules[id];
}

const struct watch_rule *
watch_rule_of(struct span id)
{
	for (size_t i = 0; i < RULE_END; i++)
		if (span_is(id, rules[i].id))
			return &rules[i];
	return NULL;
}

const char *
watch_unit_name(unsigned unit)
{
	static const char *const name[] = { "seconds", "records", "things", "hours", "leaves" };

	return name[unit];
}

/* ---- words ---- */

/* The two largest parts of a time: "1 giờ 5 phút". */
static void
duration_put(struct buf *out, uint64_t s, enum watch_lang lang)
{
	static const struct {
		uint64_t s;
		const char *word[2];
	} row[] = { { 86400, { "ngày", "d" } }, { H, { "giờ", "h" } },
	    { MINUTE, { "phút", "min" } }, { 1, { "giây", "s" } } };
	size_t i = 0;

	while (i < 3 && s < row[i].s)
		i++;
	buf_printf(out, "%" PRIu64 " %s", s / row[i].s, row[i].word[lang]);
	s %= row[i].s;
	if (i < 3 && s / row[i + 1].s > 0)
		buf_printf(out, " %" PRIu64 " %s", s / row[i + 1].s, row[i + 1].word[lang]);
}

static void
amount_put(struct buf *out, uint64_t v, unsigned unit, enum watch_lang lang)
{
	static const char *const word[][2] = { [UNIT_RECORDS] = { "bản ghi", "records" },
	    [UNIT_LEAVES] = { "mục", "leaves" } };

	if (unit == UNIT_SECONDS || unit == UNIT_HOURS)
		duration_put(out, unit == UNIT_HOURS ? v * H : v, lang);
	else if (unit == UNIT_NUMBERS)
		buf_printf(out, "%" PRIu64, v);
	else
		buf_printf(out, "%" PRIu64 " %s", v, word[unit][lang]);
}

/* "web01 (10.0.0.5, udp)", "udp kernel_drops": what of the group there is. */
static void
what_put(struct buf *out, const struct finding_group *g)
{
	const struct span part[] = { g->host, g->identity, g->peer, g->listener };
	size_t n = 0;

	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
		if (part[i].n == 0)
			continue;
		buf_str(out, n == 0 ? "" : n == 1 ? " (" : ", ");
		buf_span_put(out, part[i]);
		n++;
	}
	if (n > 1)
		buf_u8(out, ')');
	if (g->subject.n > 0) {
		if (n > 0)
			buf_str(out, ": ");
		buf_span_put(out, g->subject);
	}
}

void
watch_words(struct buf *out, const struct finding *f, enum watch_lang lang)
{
	const struct watch_rule *rule = watch_rule_of(f->rule);
	const char *text = rule == NULL ? "" : lang == LANG_EN ? rule->en : rule->vi;

	if (rule == NULL)
		buf_span_put(out, f->message);
	while (*text != '\0') {
		struct span rest = span_str(text);

		if (span_starts(rest, SPAN("{what}"))) {
			what_put(out, &f->group);
			text += 6;
		} else if (span_starts(rest, SPAN("{value}"))) {
			amount_put(out, f->value, rule->unit, lang);
			text += 7;
		} else if (span_starts(rest, SPAN("{usual}"))) {
			amount_put(out, f->usual, rule->unit, lang);
			text += 7;
		} else {
			buf_u8(out, (uint8_t)*text++);
		}
	}
}

void
watch_advice(struct buf *out, const struct finding *f, enum watch_lang lang)
{
	static const char *const blank[] = { [LANG_VI] = "TÊN", [LANG_EN] = "NAME" };
	const struct watch_rule *rule = watch_rule_of(f->rule);
	const char *text = rule == NULL ? "" : lang == LANG_EN ? rule->do_en : rule->do_vi;
	const char *name = strstr(text, "{name}");

	if (name == NULL) {
		buf_str(out, text);
		return;
	}
	buf_span_put(out, span_of(text, (size_t)(name - text)));
	/* Pasted into a shell. */
	buf_span_put(out, plain_is(f->group.subject, "", ".-_") ? f->group.subject :
	    span_str(blank[lang]));
	buf_str(out, name + 6);
}

const char *
watch_sure(const struct finding *f, enum watch_lang lang)
{
	static const char *const word[][2] = {
		[SURE_COUNTED] = { "đếm từng bản ghi đã niêm phong",
		    "counted, record by record, as sealed" },
		[SURE_TOLD] = { "theo bộ đếm của bàn trực, niêm phong mỗi phút",
		    "by the desk's own counters, sealed each minute" },
		[SURE_MEASURED] = { "bàn trực tự đo lúc đó", "measured by the desk at that time" },
		[SURE_GUESSED] = { "ước lượng", "an estimate" },
	};
	const struct watch_rule *rule = watch_rule_of(f->rule);

	return rule == NULL ? "" : word[rule->sure][lang];
}

const char *
watch_level(unsigned level, enum watch_lang lang)
{
	static const char *const word[FINDING_LEVEL_END][2] = { { "để biết", "informational" },
	    { "thấp", "low" }, { "trung bình", "medium" }, { "cao", "high" },
	    { "nghiêm trọng", "critical" } };

	return level < FINDING_LEVEL_END ? word[level][lang] : "?";
}
