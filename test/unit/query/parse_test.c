/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests the parser of query: every example of the language's documentation in its canonical form,
 * and for what is not LogsQL the exact sentence. NULL: the canonical form is the query itself.
 */
#include "query/query.h"

#include "check.h"

#define PIPES "copy, delete, drop_empty_fields, field_names, field_values, fields, filter, " \
	"first, last, len, limit, offset, rename, sort, stats, top and uniq"
#define FUNCTIONS "avg, count, count_empty, count_uniq, count_uniq_hash, max, median, min, " \
	"quantile, rate, rate_sum, row_any, row_max, row_min, sum, sum_len, uniq_values and values"

/* 2023-11-14T22:13:20Z */
static const int64_t now_ns = 1700000000000000000;

static const struct {
	const char *text, *canonical;
} good[] = {
	{ "*", NULL },
	{ "error", NULL },
	{ "_time:5m", NULL },
	{ "_time:5m error | stats count() errors", "_time:5m error | stats count(*) as errors" },
	{ "_time:1h AND error", "_time:1h error" },
	{ "_time:2.5d15m42.345s", NULL },
	{ "_time:1y", NULL },
	{ "_time:>1h", NULL },
	{ "_time:2023-04-25Z", NULL },
	{ "_time:2023-02Z", NULL },
	{ "_time:2023Z", NULL },
	{ "_time:2023-04-25T22Z", NULL },
	{ "_time:2023-04-25T22:45Z", NULL },
	{ "_time:2023-04-25T22:45:59Z", NULL },
	{ "_time:>=2023-04-25T22:45:59Z", NULL },
	{ "_time:<2023-04-25", NULL },
	{ "_time:<=2023-04", NULL },
	{ "_time:[2023-04-01Z, 2023-04-30Z]", NULL },
	{ "_time:[2023-02-01Z, 2023-03-01Z)", NULL },
	{ "_time:2023-04-25+05:30", NULL },
	{ "_time:2023-02-07:00", NULL },
	{ "_time:offset 1h", NULL },
	{ "_time:5m offset 1h", NULL },
	{ "_time:2023-07Z offset 5h30m", NULL },
	{ "_time:[2023-02-01Z, 2023-03-01Z) offset 1w", NULL },
	{ "_time:day_range[08:00, 18:00)", NULL },
	{ "_time:day_range(08:00, 18:00]", NULL },
	{ "_time:day_range[08:00, 18:00) offset 2h", NULL },
	{ "_time:1w _time:day_range[08:00, 18:00)", NULL },
	{ "_time:week_range[Mon, Fri]", NULL },
	{ "_time:week_range(Sun, Sat)", NULL },
	{ "_time:week_range[Mon, Fri] offset 2h", NULL },
	{ "_time:[now-1h, now]", NULL },
	{ "_time:[1562529662,1562529663]", "_time:[1562529662, 1562529663]" },
	{ "_time:(1562529662.678, 1562529663.679)", NULL },
	{ "{app=\"nginx\"}", NULL },
	{ "_stream:{app=\"nginx\"}", "{app=\"nginx\"}" },
	{ "{app in (\"nginx\", \"foo.bar\")}", "{app in(nginx,foo.bar)}" },
	{ "{app not_in (\"nginx\", \"foo.bar\")}", "{app not_in(nginx,foo.bar)}" },
	{ "{host=\"a\",app=~\"b.*\"}", NULL },
	{ "{host=\"a\" or app!=\"b\"}", NULL },
	{ "{foo=bar, a!~b}", "{foo=\"bar\",a!~\"b\"}" },
	{ "{}", NULL },
	{ "_stream_id:0000007b000001c850d9950ea6196b1a4812081265faa1c7",
	    "_stream_id:=0000007b000001c850d9950ea6196b1a4812081265faa1c7" },
	{ "_stream_id:in(0000007b000001c850d9950ea6196b1a4812081265faa1c7, "
	    "1230007b456701c850d9950ea6196b1a4812081265fff2a9)",
	    "_stream_id:in(0000007b000001c850d9950ea6196b1a4812081265faa1c7,"
	    "1230007b456701c850d9950ea6196b1a4812081265fff2a9)" },
	{ "_stream_id:in(_time:5m error | fields _stream_id)", NULL },
	{ "log.level:error", NULL },
	{ "სფერო:τιμή", NULL },
	{ "\"ip:remote\":\"1.2.3.45\"", "\"ip:remote\":1.2.3.45" },
	{ "\"ssh: login fail\"", NULL },
	{ "'\"foo\":\"bar\"'", "\"\\\"foo\\\":\\\"bar\\\"\"" },
	{ "event.original:\"cannot open file\"", NULL },
	{ "\"some:message\":\"cannot open file\"", NULL },
	{ "err*", NULL },
	{ "\"unexpected fail\"*", NULL },
	{ "'\"foo\":\"bar'*", "\"\\\"foo\\\":\\\"bar\"*" },
	{ "log.level:err*", NULL },
	{ "\"log:level\":err*", NULL },
	{ "~\"ampl\"", NULL },
	{ "~\"foo\\\\.bar\"", NULL },
	{ "~\"(?i)ampl\"", NULL },
	{ "response_size:>10KiB", NULL },
	{ "username:<\"John\"", "username:<John" },
	{ "host.hostname:\"\"", NULL },
	{ "host.hostname:*", NULL },
	{ "=\"fatal error: cannot find /foo/bar\"", NULL },
	{ "log.level:=\"error\"", "log.level:=error" },
	{ "log.დონე:=\"შეცდომა\"", "log.დონე:=შეცდომა" },
	{ "=\"Processing request\"*", NULL },
	{ "log.level:=\"err\"*", "log.level:=err*" },
	{ "log.level:(=\"error\" OR =\"fatal\")", "log.level:=error or log.level:=fatal" },
	{ "log.level:in(\"error\", \"fatal\")", "log.level:in(error,fatal)" },
	{ "contains_all(foo, \"bar baz\")", "contains_all(foo,\"bar baz\")" },
	{ "contains_any(foo, \"bar baz\")", "contains_any(foo,\"bar baz\")" },
	{ "_time:5m AND user_id:in(_time:1d AND path:admin | fields user_id)",
	    "_time:5m user_id:in(_time:1d path:admin | fields user_id)" },
	{ "_time:5m _msg:contains_all(_time:1d is_admin:true | fields user_id)",
	    "_time:5m contains_all(_time:1d is_admin:true | fields user_id)" },
	{ "ip:in(*)", "*" },
	{ "i(error)", NULL },
	{ "log.level:i(error)", NULL },
	{ "\"log:level\":i(\"error\")", "\"log:level\":i(error)" },
	{ "i(err*)", NULL },
	{ "i(\"some thing\"*)", NULL },
	{ "seq(\"error\", \"open file\")", "seq(error,\"open file\")" },
	{ "event.original:seq(error, \"open file\")", "event.original:seq(error,\"open file\")" },
	{ "~\"err|warn\"", NULL },
	{ "event.original:~\"err|warn\"", NULL },
	{ "request.duration:range(4.2, Inf)", NULL },
	{ "request.duration:>4.2", NULL },
	{ "range[1, 10)", NULL },
	{ "x:range(1, 10]", NULL },
	{ "user.ip:ipv4_range(127.0.0.0, 127.255.255.255)",
	    "user.ip:ipv4_range(127.0.0.0,127.255.255.255)" },
	{ "user.ip:ipv4_range(\"127.0.0.0/8\")", NULL },
	{ "user.ip:ipv4_range(\"1.2.3.4\")", "user.ip:ipv4_range(1.2.3.4)" },
	{ "user.name:string_range(A, C)", "user.name:string_range(A,C)" },
	{ "len_range(5, 10)", "len_range(5,10)" },
	{ "len_range(5, inf)", "len_range(5,inf)" },
	{ "len_range(0xff, 0xABCD)", "len_range(0xff,0xABCD)" },
	{ "foo:len_range(1_000, 2_345_678)", "foo:len_range(1_000,2_345_678)" },
	{ "user_id:eq_field(customer_id)", NULL },
	{ "duration:le_field(max_duration)", NULL },
	{ "duration:lt_field(max_duration)", NULL },
	{ "error AND file AND app", "error file app" },
	{ "error OR warning OR info", "error or warning or info" },
	{ "NOT info", "!info" },
	{ "-info", "!info" },
	{ "!info", NULL },
	{ "NOT info OR debug", "!info or debug" },
	{ "NOT (info OR debug)", "!(info or debug)" },
	{ "(error OR warn) AND host.hostname:host123", "(error or warn) host.hostname:host123" },
	{ "log.level:(error OR warning OR info)",
	    "log.level:error or log.level:warning or log.level:info" },
	{ "a:!=\"b\"", "!a:=b" },
	{ "a:!~\"b.*\"", "!a:~\"b.*\"" },
	{ "!!x", "x" },
	{ "foo and not bar", "foo !bar" },
	{ "foo-bar:baz/qux.x", "\"foo-bar\":\"baz/qux.x\"" },
	{ "foo:bar:baz", "foo:\"bar:baz\"" },
	{ ":foo", "foo" },
	{ ":in(\"foo bar,baz\")", "in(\"foo bar,baz\")" },
	{ "*ampl*", NULL },
	{ "*\"foo bar\"*", NULL },
	{ "path:*admin*", NULL },
	{ "\"and\" \"limit\" 'in'", "\"and\" \"limit\" \"in\"" },
	{ "`back \"quoted\" \\n`", "\"back \\\"quoted\\\" \\\\n\"" },
	{ "\"tab\\tnl\\n\\x41\\u0416\"", "\"tab\\tnl\\nAЖ\"" },
	{ "foo # a comment", "foo" },
	{ "*  # all | limit 5", "*" },
	{ "options(concurrency=2) _time:1d | count_uniq(user_id)",
	    "options(concurrency=2) _time:1d | stats count_uniq(user_id) as \"count_uniq(user_id)\""
	    },
	{ "user_id:in(options(ignore_global_time_filter=true) _time:2024-12Z | "
	    "keep user_id) | count()",
	    "user_id:in(options(ignore_global_time_filter=true) _time:2024-12Z | "
	    "fields user_id) | stats count(*) as \"count(*)\"" },
	{ "_time:5m | stats by (_stream) count() per_stream_logs | sort by "
	    "(per_stream_logs desc) | limit 10",
	    "_time:5m | stats by (_stream) count(*) as per_stream_logs | sort by "
	    "(per_stream_logs desc) | limit 10" },
	{ "_time:5m | copy host as server", NULL },
	{ "_time:5m | cp foo bar", "_time:5m | copy foo as bar" },
	{ "_time:5m | copy foo* as bar*", NULL },
	{ "_time:5m | delete host, app", NULL },
	{ "_time:5m | rm foo*", "_time:5m | delete foo*" },
	{ "_time:5m | field_names", NULL },
	{ "_time:5m | field_values level", NULL },
	{ "_time:5m | field_values user_id limit 10", NULL },
	{ "_time:5m | fields host, _msg", NULL },
	{ "_time:5m | keep foo*", "_time:5m | fields foo*" },
	{ "_time:1h error | stats by (host) count() logs_count | filter logs_count:> 1_000",
	    "_time:1h error | stats by (host) count(*) as logs_count | filter logs_count:>1_000" },
	{ "_time:1h error | stats by (host) count() logs_count | logs_count:> 1_000",
	    "_time:1h error | stats by (host) count(*) as logs_count | filter logs_count:>1_000" },
	{ "_time:5m | first 10 by (request_duration)",
	    "_time:5m | sort by (request_duration) limit 10" },
	{ "_time:1h | first 3 by (request_duration) partition by (host)",
	    "_time:1h | sort by (request_duration) partition by (host) limit 3" },
	{ "_time:5m | last 10 by (request_duration)",
	    "_time:5m | sort by (request_duration) desc limit 10" },
	{ "error | head", "error | limit 10" },
	{ "error | limit 100", NULL },
	{ "_time:5m | sort by (_time) | offset 100", NULL },
	{ "* | skip 10", "* | offset 10" },
	{ "_time:5m | rename host as instance, app as job", NULL },
	{ "_time:5m | rename foo* as *", NULL },
	{ "_time:5m | rename * as foo*", NULL },
	{ "_time:5m | sort by (_stream, _time)", NULL },
	{ "_time:5m | sort by (foo, bar) desc", NULL },
	{ "_time:5m | order (foo, bar) desc", "_time:5m | sort by (foo, bar) desc" },
	{ "_time:1h | sort by (request_duration desc) offset 10 limit 20", NULL },
	{ "_time:1h | sort by (request_duration desc) partition by (host) limit 3", NULL },
	{ "_time:5m | sort by (_time) rank as position", NULL },
	{ "_time:5m | stats count() logs_total, count_uniq(_stream) streams_total",
	    "_time:5m | stats count(*) as logs_total, count_uniq(_stream) as streams_total" },
	{ "_time:5m | count(), count_uniq(_stream)",
	    "_time:5m | stats count(*) as \"count(*)\", count_uniq(_stream) as "
	    "\"count_uniq(_stream)\"" },
	{ "_time:5m | stats (host, path) count() logs_total, count_uniq(ip) ips_total",
	    "_time:5m | stats by (host, path) count(*) as logs_total, count_uniq(ip) as ips_total"
	    },
	{ "_time:5m | stats by (_time:1m) count() logs_total, count_uniq(ip) ips_total",
	    "_time:5m | stats by (_time:1m) count(*) as logs_total, count_uniq(ip) as ips_total" },
	{ "_time:1w | stats by (_time:1d offset 2h) count() logs_total",
	    "_time:1w | stats by (_time:1d offset 2h) count(*) as logs_total" },
	{ "_time:1h | stats by (request_size_bytes:10KB) count() requests",
	    "_time:1h | stats by (request_size_bytes:10KB) count(*) as requests" },
	{ "_time:5m | stats by (ip:/24) count() requests_per_subnet",
	    "_time:5m | stats by (ip:/24) count(*) as requests_per_subnet" },
	{ "* | stats by (_time:month) count()",
	    "* | stats by (_time:month) count(*) as \"count(*)\"" },
	{ "_time:5m | stats count() if (GET) gets, count() if (POST) posts, count() total",
	    "_time:5m | stats count(*) if (GET) as gets, count(*) if (POST) as "
	    "posts, count(*) as total" },
	{ "_time:5m | top 7 by (_stream)", NULL },
	{ "_time:5m | top by (ip)", "_time:5m | top 10 by (ip)" },
	{ "_time:5m | top by (path) hits as visits",
	    "_time:5m | top 10 by (path) hits as visits" },
	{ "_time:5m | top 10 by (ip) rank", "_time:5m | top 10 by (ip) rank as rank" },
	{ "_time:5m | top 10 by (ip) rank as position", NULL },
	{ "_time:5m | uniq by (ip)", NULL },
	{ "_time:5m | uniq by (host) with hits", NULL },
	{ "_time:5m | uniq (host, path) limit 100", "_time:5m | uniq by (host, path) limit 100" },
	{ "_time:5m | stats avg(duration) avg_duration",
	    "_time:5m | stats avg(duration) as avg_duration" },
	{ "_time:5m | stats avg(foo*)", "_time:5m | stats avg(foo*) as \"avg(foo*)\"" },
	{ "_time:5m | stats count(username, password) logs_with_username_or_password",
	    "_time:5m | stats count(username, password) as logs_with_username_or_password" },
	{ "_time:5m | stats count_empty(username) logs_with_missing_username",
	    "_time:5m | stats count_empty(username) as logs_with_missing_username" },
	{ "_time:5m | stats count_uniq(ip) limit 1_000_000 as ips_1_000_000",
	    "_time:5m | stats count_uniq(ip) limit 1000000 as ips_1_000_000" },
	{ "_time:5m | stats max(duration) max_duration, min(x), median(y), sum(z), sum_len(_msg)",
	    "_time:5m | stats max(duration) as max_duration, min(x) as \"min(x)\", "
	    "median(y) as \"median(y)\", sum(z) as \"sum(z)\", sum_len(_msg) as "
	    "\"sum_len(_msg)\"" },
	{ "_time:5m | stats quantile(0.5, d) p50, quantile(0.9, d) p90, quantile(0.99, d)",
	    "_time:5m | stats quantile(0.5, d) as p50, quantile(0.9, d) as p90, "
	    "quantile(0.99, d) as \"quantile(0.99, d)\"" },
	{ "_time:5m | stats by (_stream) row_any() as sample_row",
	    "_time:5m | stats by (_stream) row_any(*) as sample_row" },
	{ "_time:5m | stats row_max(duration, _time, path, duration) as m", NULL },
	{ "_time:5m | stats uniq_values(ip) limit 100 as unique_ips_100", NULL },
	{ "_time:5m | stats values(ip) ips", "_time:5m | stats values(ip) as ips" },
	{ "_time:5m error | stats rate()", "_time:5m error | stats rate() as \"rate()\"" },
	{ "_time:5m | len(_msg) as msg_len | sort by (msg_len desc) | limit 5", NULL },
	{ "* | drop_empty_fields", NULL },
};

static const struct {
	const char *text, *why;
} bad[] = {
	{ " ", "column 2, at the end: missing filter; write '*' for every row" },
	{ "foo |", "column 6, at the end: missing pipe behind '|'" },
	{ "| limit 5", "column 1, at '|': missing filter; write '*' for every row" },
	{ "limit 5",
	    "column 1, at 'limit': a query begins with a filter ('*' is every row), "
	    "not with the name of a pipe; quote the word to search for it" },
	{ "foo | unknown", "column 7: 'unknown' is no pipe; there are " PIPES },
	{ "foo | extract \"a<b>\"",
	    "column 7: 'extract' is a pipe that is not supported yet; there are " PIPES },
	{ "foo | limit x", "column 13: 'x' is no whole number" },
	{ "foo | sort by foo", "column 15, at 'foo': missing '('" },
	{ "foo and", "column 8, at the end: missing filter after AND" },
	{ "foo or", "column 7, at the end: missing filter after OR" },
	{ "foo or or bar", "column 8, at 'or': missing filter; quote the word to search for it" },
	{ "(foo", "column 5, at the end: missing ')'" },
	{ "foo)", "column 4, at ')': there is no '(' for it" },
	{ "foo bar)", "column 8, at ')': there is no '(' for it" },
	{ "((foo)", "column 7, at the end: missing ')'" },
	{ "not", "column 4, at the end: missing filter after NOT" },
	{ "foo:", "column 5, at the end: missing filter after the field's name" },
	{ "foo:(bar", "column 9, at the end: missing ')'" },
	{ "\"foo", "column 1: missing closing quote; add it" },
	{ "'foo", "column 1: missing closing quote; add it" },
	{ "`foo", "column 1: missing closing quote; add it" },
	{ "\"foo\\.bar\"",
	    "column 1: unknown escape in string; write \\\\ for a backslash or put "
	    "the string in `backquotes`" },
	{ "\"\\xzz\"",
	    "column 1: unknown escape in string; write \\\\ for a backslash or put "
	    "the string in `backquotes`" },
	{ "_time:foo", "column 7: 'foo' is no duration; write 30s, 5m, 2h, 1d, 1w or 1y" },
	{ "_time:", "column 7, at the end: missing filter after the field's name" },
	{ "_time:2023-13",
	    "column 7: '2023-13' is no time; write 2026-11-23, "
	    "2026-11-23T08:00+07:00, now-1h or a duration like 5m" },
	{ "_time:[2023-01-01, 2023-02-01",
	    "column 30, at the end: missing ']' or ')' behind two times" },
	{ "_time:[2023-01-01 2023-02-01]",
	    "column 19, at '2023': missing ',' between two times" },
	{ "_time:day_range[25:00, 26:00]", "column 17: '25:00' is no time of day; write 08:00" },
	{ "_time:week_range[Mon, Foo]",
	    "column 23: 'Foo' is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun" },
	{ "_time:5x", "column 7: '5x' is no duration; write 30s, 5m, 2h, 1d, 1w or 1y" },
	{ "_time:5m offset z", "column 17: 'z' is no duration; write 30s, 5m, 2h, 1d, 1w or 1y" },
	{ "{app=\"nginx\"", "column 13, at the end: missing ',', 'or' or '}' in {...}" },
	{ "{app}", "column 5, at '}': missing =, !=, =~, !~, in or not_in behind a label" },
	{ "{app=}", "column 6, at '}': missing value in {...}" },
	{ "{app=\"a\" b=\"c\"}", "column 10, at 'b': missing ',', 'or' or '}' in {...}" },
	{ "{app in (x | fields y)}",
	    "column 23, at '}': {...} takes a list of values, no query" },
	{ "foo:{app=\"x\"}", "column 5, at '{': {...} belongs to _stream, not to another field" },
	{ "x:range(1)", "column 10, at ')': missing ',' in range()" },
	{ "x:range(a, b)", "column 9: 'a' is no number" },
	{ "range[1, 2", "column 11, at the end: missing ')' or ']' in range()" },
	{ "x:ipv4_range(1.2.3)",
	    "column 13: ipv4_range() takes an address, a net like 10.0.0.0/8, or two addresses" },
	{ "x:ipv4_range(1.2.3.4/33)",
	    "column 13: ipv4_range() takes an address, a net like 10.0.0.0/8, or two addresses" },
	{ "len_range(a, 5)", "column 10: len_range() takes two whole numbers or inf" },
	{ "len_range(5)", "column 10: len_range() takes 2 values, not 1" },
	{ "string_range(a)", "column 13: string_range() takes 2 values, not 1" },
	{ "i(foo", "column 6, at the end: missing ')' after i(" },
	{ "i(foo bar)", "column 7, at 'bar': missing ')' after i(" },
	{ "foo(bar)",
	    "column 1: 'foo' is no filter; there are contains_all, contains_any, "
	    "eq_field, exact, i, in, ipv4_range, le_field, len_range, lt_field, "
	    "range, re, seq and string_range" },
	{ "*foo",
	    "column 5, at the end: missing '*' behind the text: *text* finds it "
	    "anywhere, text* at a word's start" },
	{ "*:foo", "column 2, at ':': '*' is no field name" },
	{ "foo*:bar", "column 5, at ':': a field name cannot have a '*'" },
	{ "in(x | limit 5)",
	    "column 16, at the end: a query in parentheses must end with `| fields "
	    "NAME` or `| uniq by (NAME)`" },
	{ "in(foo | fields a, b)",
	    "column 22, at the end: a query in parentheses must end with `| fields "
	    "NAME` or `| uniq by (NAME)`" },
	{ "in(foo bar)",
	    "column 12, at the end: a query in parentheses must end with `| fields "
	    "NAME` or `| uniq by (NAME)`" },
	{ "seq(a b)", "column 7, at 'b': missing ',' or ')'" },
	{ "options(foo=1) x",
	    "column 9: 'foo' is no option or its value is wrong; there are "
	    "concurrency=N and ignore_global_time_filter=true" },
	{ "options(concurrency=x) y",
	    "column 9: 'concurrency' is no option or its value is wrong; there are "
	    "concurrency=N and ignore_global_time_filter=true" },
	{ "options concurrency",
	    "column 9, at 'concurrency': missing '(' behind options; quote the word "
	    "to search for it" },
	{ "foo | stats", "column 12, at the end: missing function; there are " FUNCTIONS },
	{ "foo | stats foo()", "column 13: 'foo' is no function; there are " FUNCTIONS },
	{ "foo | foo()", "column 7: 'foo' is no function; there are " FUNCTIONS },
	{ "foo | stats count", "column 18, at the end: missing '('" },
	{ "foo | stats count(", "column 19, at the end: missing field name" },
	{ "foo | stats by (x count()", "column 19, at 'count': missing ',' or ')'" },
	{ "foo | stats by (x:zz) count()",
	    "column 19: 'zz' is no size of a bucket; write 5m, hour, day, month, 10KB or /24" },
	{ "foo | stats count() a, sum(b) a",
	    "column 31: 'a' is the name of two results; give one another with `as`" },
	{ "foo | stats by (a) count() a",
	    "column 28: 'a' is the name of two results; give one another with `as`" },
	{ "foo | stats quantile(2, x)",
	    "column 21: quantile() takes a number from 0 to 1, then fields" },
	{ "foo | stats quantile(x)",
	    "column 21: quantile() takes a number from 0 to 1, then fields" },
	{ "foo | stats count_uniq()", "column 23: count_uniq() takes at least one field" },
	{ "foo | stats rate(x)", "column 17: rate() takes no fields" },
	{ "foo | stats count() if x", "column 24, at 'x': missing '(' behind if" },
	{ "foo | stats count() if (x", "column 26, at the end: missing ')' behind if (" },
	{ "foo | uniq", "column 11, at the end: missing fields; write by (field, ...)" },
	{ "foo | uniq by", "column 14, at the end: missing fields; write by (field, ...)" },
	{ "foo | uniq by (a*)", "column 15: by (...) takes whole names, no 'name*'" },
	{ "foo | uniq by (a) with", "column 23, at the end: missing hits behind with" },
	{ "foo | top 5", "column 12, at the end: missing fields; write by (field, ...)" },
	{ "foo | copy a", "column 13, at the end: missing field name" },
	{ "foo | copy a* as b", "column 12: both names must end in '*' or none" },
	{ "foo | fields", "column 13, at the end: missing field name" },
	{ "foo | sort by (a) partition by (b)", "column 19: partition by needs `limit N`" },
	{ "foo | sort by (a) limit x", "column 25: 'x' is no whole number" },
	{ "foo | sort by (a) foo",
	    "column 19, at 'foo': missing limit, offset, rank, partition by or '|' behind sort" },
	{ "foo | len(a, b)", "column 16, at the end: len() takes one field" },
	{ "foo | first x by (y)", "column 13: 'x' is no whole number" },
	{ "x:value_type(uint64)",
	    "column 13: value_type() asks for VictoriaLogs' storage types, which "
	    "this store does not have; leave it out" },
	{ ":", "column 2, at the end: missing filter" },
	{ "foo [bar]", "column 5, at '[': missing filter" },
	{ "foo, bar", "column 4, at ',': missing filter" },
};

static enum err
parse(struct query **ret_query, const char *text, struct why *why)
{
	return query_parse(ret_query, span_str(text), now_ns, NULL, why);
}

static void
check_canonical(const char *text, const char *want)
{
	struct query *query = NULL;
	struct why why = { "" };
	struct buf out = { 0 };

	if (parse(&query, text, &why) == OK)
		query_print(query, &out);
	else
		buf_str(&out, why.text);
	check_span(buf_span(&out), span_str(want));
	buf_done(&out);
	query_free(&query);
}

static void
every_example_of_the_documentation_is_read(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		check_canonical(good[i].text, good[i].canonical != NULL ? good[i].canonical :
		    good[i].text);
}

static void
the_canonical_form_is_its_own(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (good[i].canonical != NULL)
			check_canonical(good[i].canonical, good[i].canonical);
}

static void
what_is_not_logsql_is_refused_with_a_sentence(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct query *query = NULL;
		struct why why = { "" };

		if (!check(parse(&query, bad[i].text, &why) == ERR_FORMAT))
			printf("\tread: %s\n", bad[i].text);
		check_span(span_str(why.text), span_str(bad[i].why));
		query_free(&query);
	}
}

static void
every_beginning_of_an_example_ends_well(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct span text = span_str(good[i].text);

		for (size_t n = 0; n < text.n; n++) {
			struct query *query = NULL;
			struct why why = { "" };
			enum err rc = query_parse(&query, span_sub(text, 0, n), now_ns, NULL, &why);

			check(rc == OK || (rc == ERR_FORMAT && why.text[0] != '\0'));
			query_free(&query);
		}
	}
}

static void
nesting_and_length_have_limits(void)
{
	struct query *query = NULL;
	struct why why = { "" };
	struct buf text = { 0 };

	for (int i = 0; i < 64; i++)
		buf_str(&text, "!(");
	buf_u8(&text, 'x');
	for (int i = 0; i < 64; i++)
		buf_u8(&text, ')');
	check_int(query_parse(&query, buf_span(&text), now_ns, NULL, &why), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("column 66: more than 64 levels of parentheses or NOT; "
	    "write it flatter"));
	text.n = 0;
	for (int i = 0; i < 5000; i++)
		buf_str(&text, "x ");
	check_int(query_parse(&query, buf_span(&text), now_ns, NULL, &why), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("the query has more than 4096 filters; use in (...) "
	    "for "
	    "long lists"));
	for (int i = 0; i < 300000; i++)
		buf_u8(&text, ' ');
	check_int(query_parse(&query, buf_span(&text), now_ns, NULL, &why), ERR_LIMIT);
	check(query == NULL);
	buf_done(&text);
}

int
main(void)
{
	run(every_example_of_the_documentation_is_read);
	run(the_canonical_form_is_its_own);
	run(what_is_not_logsql_is_refused_with_a_sentence);
	run(every_beginning_of_an_example_ends_well);
	run(nesting_and_length_have_limits);
	return check_done();
}
