/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: who is to be told outside of the desk, by which channels it went out, by which it did
 * not, and why. An act that names people (alert-escalate, clock-warn, request-warn) makes a notice
 * for each; the role teller asks for what is due, sends it, and writes an act of how it went.
 *
 *	waiting --notify-sent, by any channel--> sent		state of a notice
 *	   |  \--its matter needs nobody more--> over
 *	   \--notify-nobody--> failed --(a channel is back)--> sent
 *
 * Every channel that reaches a person is used. One message says all that waits for that person
 * and channel, and only so many go out in an hour (GAP): a storm of alarms is one message with a
 * number. So a channel's place with a person is one number, up to which it was told, as those of
 * notices only grow. A step that nobody could be told of is over at once: the next one follows.
 *
 * Channels are of the configuration, in a table that no ledger folds.
 */
#include "desk/notice.h"

#include "desk/desk.h"
#include "desk/incident_int.h"

static const char schema[] =
    /* channel: tests, that one only; over: by an act; gone: as the finding that ended says. */
    "CREATE TABLE notice(number INTEGER PRIMARY KEY, kind TEXT, ref TEXT, item TEXT, level INT,"
    " step INT, person TEXT, channel TEXT, created INT, seq INT, told INT, told_by TEXT,"
    " nobody INT, over INT, gone INT);"
    "CREATE INDEX notice_person ON notice(person, number) WHERE over IS NULL AND gone IS NULL;"
    "CREATE INDEX notice_critical ON notice(person, number) WHERE over IS NULL AND gone IS NULL"
    " AND level >= 4;"
    "CREATE INDEX notice_test ON notice(person, channel, number) WHERE channel IS NOT NULL;"
    "CREATE INDEX notice_ref ON notice(kind, ref, item, step);"
    "CREATE INDEX notice_untold ON notice(number) WHERE told IS NULL AND nobody IS NULL AND"
    " over IS NULL AND gone IS NULL;"
    "CREATE INDEX notice_told_next ON notice(person, number) WHERE told IS NULL;"
    "CREATE INDEX notice_nobody ON notice(nobody) WHERE nobody IS NOT NULL AND told IS NULL AND"
    " over IS NULL AND gone IS NULL;"
    "CREATE TRIGGER notice_over AFTER UPDATE OF state ON alert_done WHEN new.state <> 'new'"
    " BEGIN UPDATE notice SET over = 1 WHERE kind = 'alert' AND ref = new.id; END;"
    "CREATE TRIGGER notice_gone AFTER UPDATE OF closed ON alert WHEN new.closed IS NOT NULL"
    " BEGIN UPDATE notice SET gone = new.closed WHERE kind = 'alert' AND ref = new.id; END;"
    "CREATE TABLE notice_way(person TEXT, channel TEXT, told INT DEFAULT 0, failed INT DEFAULT"
    " 0, PRIMARY KEY(person, channel)) WITHOUT ROWID;"
    "CREATE TABLE notice_try(seq INTEGER PRIMARY KEY, time INT, person TEXT, channel TEXT,"
    " upto INT, count INT, level INT, test INT, tries INT, sent INT, text TEXT);"
    "CREATE INDEX notice_try_way ON notice_try(person, channel, time) WHERE sent AND NOT test;"
    "CREATE INDEX notice_try_time ON notice_try(time);"
    "CREATE INDEX notice_try_channel ON notice_try(channel, sent, seq);"
    /* uses: phone, mail, none; critical: only such alerts. */
    "CREATE TABLE notify_channel(name TEXT PRIMARY KEY, place INT, kind TEXT, uses TEXT,"
    " critical INT) WITHOUT ROWID;"
    /* All that can be tried. */
    "CREATE VIEW notice_reach AS SELECT c.person, c.lang, ch.name channel, ch.kind, ch.critical,"
    " ch.place, CASE ch.uses WHEN 'mail' THEN c.mail WHEN 'phone' THEN coalesce(c.phone,"
    " c.second) ELSE '' END address, CASE ch.uses WHEN 'phone' THEN c.second END other,"
    " coalesce(w.told, 0) told, coalesce(w.failed, 0) failed FROM contact c JOIN notify_channel"
    " ch ON CASE ch.uses WHEN 'mail' THEN c.mail IS NOT NULL WHEN 'phone' THEN coalesce(c.phone,"
    " c.second) IS NOT NULL ELSE 1 END LEFT JOIN notice_way w ON w.person = c.person AND"
    " w.channel = ch.name WHERE c.removed IS NULL;"
    /* idle: nobody needs to be told any more. */
    "CREATE VIEW notice_now AS SELECT n.*, CASE n.kind"
    " WHEN 'alert' THEN n.over IS NOT NULL OR n.gone IS NOT NULL OR EXISTS(SELECT 1 FROM"
    " alert_now a WHERE a.id = n.ref AND (a.state <> 'new' OR a.closed IS NOT NULL OR a.muted"
    " IS NOT NULL))"
    " WHEN 'clock' THEN NOT EXISTS(SELECT 1 FROM clock WHERE incident = n.ref AND name ="
    " n.item AND " RUNS ")"
    " WHEN 'request' THEN NOT EXISTS(SELECT 1 FROM demand WHERE id = n.ref AND answered IS"
    " NULL) ELSE 0 END idle FROM notice n;";

/* JSON: {"channels": [{"name", "kind", "uses", "critical"}]} */
const struct part_load notice_load = { "notify",
    "DELETE FROM notify_channel;"
    "INSERT INTO notify_channel SELECT value ->> 'name', key, value ->> 'kind',"
    " value ->> 'uses', value ->> 'critical' FROM json_each(:json, '$.channels');" };

#define PERSON		{ .name = "person", .kind = PART_WORD, .required = true, .most = 64 }
#define CHANNEL		{ .name = "channel", .kind = PART_WORD, .required = true, .most = 64 }
#define NUMBER(NAME)	{ .name = NAME, .kind = PART_NUMBER }
#define TRY_PARAMS \
    PERSON, CHANNEL, { .name = "upto", .kind = PART_NUMBER, .required = true }, \
    NUMBER("count"), NUMBER("level"), { .name = "test", .kind = PART_FLAG }, NUMBER("tries"), \
    { .name = "what", .kind = PART_TEXT }
#define WAY \
    "INSERT OR IGNORE INTO notice_way(person, channel) VALUES(:person, :channel);" \
    "UPDATE notice_way SET "
#define THE_WAY	" WHERE person = :person AND channel = :channel;"
#define TRY(SENT) \
    "INSERT INTO notice_try VALUES(:seq, :time, :person, :channel, :upto, :count, :level," \
    " coalesce(:test, 0), :tries, " SENT ", :what);"
#define FOR_CHANNEL(N, NAME) "(" N ".channel IS NULL OR " N ".channel = " NAME ")"

static const struct part_act acts[] = {
	/* Of the teller: all that waited for this person and channel, up to a number. */
	{ .name = "notify-sent", .param = { TRY_PARAMS, { .name = "critical",
	    .kind = PART_FLAG } },
	    .apply = WAY "told = max(told, :upto)" THE_WAY
	    "UPDATE notice SET told = :time, told_by = :channel WHERE person = :person AND number"
	    " <= :upto AND told IS NULL AND over IS NULL AND " FOR_CHANNEL("notice", ":channel")
	    " AND (coalesce(:critical, 0) = 0 OR level >= 4 OR channel = :channel);" TRY("1") },
	{ .name = "notify-failed", .param = { TRY_PARAMS },
	    .apply = WAY "failed = max(failed, :upto)" THE_WAY TRY("0") },
	/* Of the desk: no channel reached any of those who were to be told in this step. */
	{ .name = "notify-nobody", .param = {
	    { .name = "kind", .kind = PART_WORD, .required = true },
	    { .name = "ref", .kind = PART_LINE, .required = true },
	    { .name = "item", .kind = PART_LINE }, NUMBER("step"),
	    { .name = "what", .kind = PART_TEXT } },
	    .apply = "UPDATE notice SET nobody = :time WHERE kind = :kind AND ref = :ref AND item"
	    " = coalesce(:item, '') AND step = :step AND told IS NULL;"
	    "UPDATE alert_done SET nobody = 1 WHERE :kind = 'alert' AND id = :ref AND step ="
	    " :step;"
	    "INSERT INTO alert_note SELECT :seq, :ref, :time, :who, :act, :what WHERE :kind ="
	    " 'alert';" },
	{ .name = "notify-test", .path = "/api/notices/test", .rights = DESK_ACT | DESK_ADMIN,
	    .param = { PERSON, { .name = "channel", .kind = PART_WORD, .most = 64 } },
	    .guard = "SELECT CASE WHEN " DUTY_NO_CONTACT(":person") " THEN 'no-contact'"
	    " WHEN NOT EXISTS(SELECT 1 FROM notify_channel) THEN 'no-channels'"
	    " WHEN :channel IS NOT NULL AND NOT EXISTS(SELECT 1 FROM notify_channel WHERE name ="
	    " :channel) THEN 'no-channel'"
	    " WHEN NOT EXISTS(SELECT 1 FROM notice_reach r WHERE r.person = :person AND"
	    " (r.channel = :channel OR (:channel IS NULL AND NOT r.critical))) THEN"
	    " 'no-address'"
	    " WHEN (SELECT count(*) FROM (SELECT created FROM notice WHERE kind = 'test' AND ref ="
	    " :person ORDER BY number DESC LIMIT 20) WHERE created > :now - 3600000000000 AND"
	    " created <= :now) >= 20 THEN 'tests-enough' END",
	    .fill = "SELECT coalesce(max(number), 0) + 1 number FROM notice",
	    .apply = "INSERT OR IGNORE INTO notice(number, kind, ref, item, level, step, person,"
	    " channel, created, seq) VALUES(:number, 'test', :person, :number, 0, 0, :person,"
	    " :channel, :time, :seq);" DUTY_NOTE("notice", ":number", ":person || coalesce(', ' ||"
	    " :channel, '')"), .then = "/api/notices/{number}" },
	{ .name = NULL },
};

#define MINUTE_NS	"60000000000"
/*
 * How long between two messages to a person by one channel, after so many in the last hour: half
 * a minute for five, then a quarter of an hour; the first that is critical does not wait so long.
 * Tests do not count.
 */
#define GAP \
    "(SELECT count(*) = 0 OR max(time) + CASE WHEN count(*) < 5 OR max(level) < 4 AND w.worst" \
    " THEN " MINUTE_NS " / 2 ELSE 15 * " MINUTE_NS " END <= :now FROM notice_try t WHERE" \
    " t.person = w.person AND t.channel = w.channel AND t.sent AND NOT t.test AND t.time >" \
    " :now - 60 * " MINUTE_NS " AND t.time <= :now)"
/* A test that could not be sent at once is of no use. */
#define WANTED \
    "CASE n.kind WHEN 'test' THEN n.created > :now - 10 * " MINUTE_NS " ELSE NOT (SELECT idle" \
    " FROM notice_now WHERE number = n.number) END"
/*
 * The newest that were not told on a way r (no message says a number above 99), by an index that
 * has few others.
 */
#define PENDING(INDEX, WHERE) \
    "SELECT number, kind, ref, item, level FROM notice n INDEXED BY " INDEX " WHERE n.person =" \
    " r.person AND n.number > r.told AND n.over IS NULL AND n.gone IS NULL AND " WHERE " AND " \
    WANTED " ORDER BY n.number DESC LIMIT 200"
#define SUM(ROWS) \
    "(SELECT json_object('upto', max(number), 'count', max(1, count(DISTINCT CASE WHEN kind <>" \
    " 'test' THEN kind || ' ' || ref || ' ' || item END)), 'level', max(level)," \
    " 'test', min(kind = 'test'), 'alert', max(kind = 'alert'))" \
    " FROM (" ROWS "))"
#define DUE \
    "WITH way AS MATERIALIZED (SELECT r.*, CASE WHEN critical THEN " \
    SUM("SELECT * FROM (" PENDING("notice_critical", "n.level >= 4 AND n.channel IS NULL") ")" \
    " UNION ALL SELECT * FROM (" PENDING("notice_test", "n.channel = r.channel AND n.channel IS" \
    " NOT NULL") ")") " ELSE " \
    SUM("SELECT * FROM (" PENDING("notice_person", FOR_CHANNEL("n", "r.channel")) ")" \
    " UNION ALL SELECT * FROM (" PENDING("notice_critical", "n.level >= 4 AND " \
    FOR_CHANNEL("n", "r.channel")) ")") " END sum FROM notice_reach r)," \
    " wait AS (SELECT w.*, sum ->> 'upto' upto, sum ->> 'count' count, sum ->> 'level' level," \
    " sum ->> 'test' test, sum ->> 'alert' alert, sum ->> 'level' >= 4 worst FROM way w WHERE" \
    " sum ->> 'upto' > 0)"

#define STATE \
    "CASE WHEN told IS NOT NULL THEN 'sent' WHEN idle THEN 'over' WHEN nobody IS NOT NULL THEN" \
    " 'failed' ELSE 'waiting' END"
#define NOTICE_JSON \
    "json_object('number', number, 'kind', kind, 'ref', ref, 'item', nullif(item, '')," \
    " 'level', level, 'step', step, 'person', person, 'name', (SELECT name FROM contact c WHERE" \
    " c.person = n.person), 'created', stamp(created), 'state', " STATE ", 'told', stamp(told)," \
    " 'channel', told_by, 'only', channel, 'nobody', stamp(nobody), 'ways', (SELECT" \
    " json_group_array(json_object('channel', r.channel, 'state', CASE WHEN r.told >= n.number" \
    " THEN 'sent' WHEN r.failed >= n.number THEN 'failed' ELSE 'waiting' END)) FROM" \
    " notice_reach r WHERE r.person = n.person AND " FOR_CHANNEL("n", "r.channel") \
    " AND (NOT r.critical OR n.level >= 4 OR n.channel = r.channel) ORDER BY r.place))"
#define TRY_JSON \
    "json_object('time', stamp(time), 'person', person, 'channel', channel, 'upto', upto," \
    " 'count', count, 'level', level, 'test', " DUTY_BOOL("test") ", 'tries', tries, 'sent', " \
    DUTY_BOOL("sent") ", 'text', text)"
/* Numbers that can have the state at all, by the indices of the few that are not told. */
#define OF_STATE \
    "WITH of AS MATERIALIZED (SELECT number FROM notice WHERE :state = 'waiting' AND told IS" \
    " NULL AND nobody IS NULL AND over IS NULL AND gone IS NULL UNION ALL SELECT number FROM" \
    " notice WHERE :state = 'failed' AND nobody IS NOT NULL AND told IS NULL AND over IS NULL" \
    " AND gone IS NULL UNION ALL SELECT number FROM notice WHERE :state NOT IN ('waiting'," \
    " 'failed')), those AS MATERIALIZED (SELECT number FROM of CROSS JOIN notice_now n" \
    " USING(number) WHERE (:person IS NULL OR person = :person) AND (:state = 'all' OR " STATE \
    " = :state)) "
#define LAST(CHANNEL, SENT) \
    "(SELECT " TRY_JSON " FROM notice_try WHERE channel = " CHANNEL " AND sent = " SENT \
    " ORDER BY seq DESC LIMIT 1)"

static const struct part_view views[] = {
	/* The teller's question: what is to be sent now. */
	{ .path = "/api/notices/due", .rights = DESK_TELL, .param = { { .name = NULL } },
	    .sql = DUE " SELECT json_object('due', (SELECT json_group_array(json_object('person',"
	    " person, 'lang', coalesce(lang, 'vi'), 'channel', channel, 'critical', critical,"
	    " 'address', address, 'other', other, 'failed', failed, 'upto', upto, 'count', count,"
	    " 'level', level, 'test', test, 'alert', alert)) FROM (SELECT * FROM wait w WHERE"
	    " test OR " GAP " ORDER BY level DESC, upto LIMIT 500)))" },
	{ .path = "/api/notices/channels", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('channels', (SELECT json_group_array(json_object('name',"
	    " name, 'kind', kind, 'uses', uses, 'critical', " DUTY_BOOL("critical") ", 'sent',"
	    " json(" LAST("name", "1") "), 'failed', json(" LAST("name", "0") "))) FROM (SELECT *"
	    " FROM notify_channel ORDER BY place)))" },
	{ .path = "/api/notices/tries", .rights = DESK_READ, .param = {
	    { .name = "person", .kind = PART_WORD }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM notice_try WHERE :person IS"
	    " NULL OR person = :person), 'tries', (SELECT json_group_array(json(j)) FROM (SELECT "
	    TRY_JSON " j FROM notice_try WHERE :person IS NULL OR person = :person ORDER BY seq"
	    " DESC LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = "/api/notices", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "all" },
	    { .name = "person", .kind = PART_WORD }, P_LIMITS },
	    .sql = OF_STATE "SELECT json_object('total', (SELECT count(*) FROM those), 'notices',"
	    " (SELECT json_group_array(json(j)) FROM (SELECT " NOTICE_JSON " j FROM (SELECT number"
	    " FROM those ORDER BY number DESC LIMIT min(:limit, 1000) OFFSET :offset) CROSS JOIN"
	    " notice_now n USING(number) ORDER BY number DESC)))" },
	{ .path = "/api/notices/{number}", .rights = DESK_READ, .param = {
	    { .name = "number", .kind = PART_NUMBER, .required = true } },
	    .sql = "SELECT json_patch(" NOTICE_JSON ", json_object('tries', (SELECT"
	    " json_group_array(json(j)) FROM (SELECT " TRY_JSON " j FROM notice_try WHERE person ="
	    " n.person AND upto >= n.number AND seq > n.seq AND " FOR_CHANNEL("n", "channel")
	    " ORDER BY seq LIMIT 20)))) FROM notice_now n WHERE number = :number" },
	{ .path = NULL },
};

/* No channel is left, or none said anything for so long: the teller may be dead. */
#define SILENT		"20 * " MINUTE_NS
#define LOST(N) \
    "(" N ".created + " SILENT " <= :now OR NOT EXISTS(SELECT 1 FROM notice_reach r WHERE" \
    " r.person = " N ".person AND " FOR_CHANNEL(N, "r.channel") " AND (NOT r.critical OR" \
    " " N ".level >= 4 OR " N ".channel = r.channel) AND r.failed < " N ".number))"
#define SAME_STEP \
    "s.kind = n.kind AND s.ref = n.ref AND s.item = n.item AND s.step = n.step"

static const struct part_timer timers[] = {
	{ "notify-nobody",
	    "SELECT kind, ref, nullif(item, '') item, step, 'không báo được ai ra ngoài: ' ||"
	    " (SELECT group_concat(coalesce(c.name, s.person), ', ') FROM notice s LEFT JOIN"
	    " contact c ON c.person = s.person WHERE " SAME_STEP ") what FROM (SELECT * FROM"
	    " notice_now n WHERE told IS NULL AND nobody IS NULL AND over IS NULL AND gone IS NULL"
	    " AND NOT idle AND EXISTS(SELECT 1 FROM notify_channel) AND NOT EXISTS(SELECT 1 FROM"
	    " notice s WHERE " SAME_STEP " AND s.told IS NOT NULL) ORDER BY number LIMIT 1000) n"
	    " WHERE " LOST("n") " AND NOT EXISTS(SELECT 1 FROM notice s WHERE " SAME_STEP
	    " AND NOT " LOST("s") ") ORDER BY number LIMIT 1" },
	{ NULL, NULL },
};

const struct part_word notice_words[] = {
	{ "no-channels", 409, "chưa có kênh báo tin nào; ghi notify: trong tệp cấu hình",
	    "there is no channel to tell anybody; say notify: in the desk's configuration" },
	{ "no-channel", 404, "không có kênh báo tin nào mang tên này; xem trucban notify channels",
	    "no channel has this name; look at trucban notify channels" },
	{ "no-address", 409, "danh bạ chưa có số điện thoại hoặc thư điện tử mà kênh này cần",
	    "the contacts have no phone number or mail address that this channel needs" },
	{ "tests-enough", 409, "đã thử 20 lần trong một giờ; chờ một lúc rồi thử lại",
	    "20 tests within an hour are enough; wait before the next" },
	{ NULL, 0, NULL, NULL },
};

const struct part part_notices = { .name = "notices", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'unreached', kind || ' ' || ref, level, 'không báo được ai ra ngoài: ' ||"
	    " group_concat(person, ', '), min(nobody) FROM notice_now WHERE nobody IS NOT NULL AND"
	    " told IS NULL AND over IS NULL AND gone IS NULL AND NOT idle AND kind <> 'test' GROUP"
	    " BY kind, ref, item",
	.book = "SELECT time, 'notice', upto, person, iif(sent, 'notify-sent', 'notify-failed'),"
	    " channel || coalesce(': ' || text, ''), seq FROM notice_try" };
