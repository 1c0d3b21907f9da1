/* SPDX-License-Identifier: Apache-2.0 */
/* See barred.h. The causes are those of model/denied.h. */
#include "cmd/barred.h"

#include "model/denied.h"
#include "web/render.h"
#include "cmd/cmd.h"
#include "cmd/figures.h"

#define INVITE_VI "nếu máy đó được gửi: trucban agent invite TÊN, rồi chạy ở máy đó: trucban " \
	"agent enrol MÃ --replace; nếu không: tắt nơi gửi"
#define INVITE_EN "if it may send: trucban agent invite NAME, then there: trucban agent enrol " \
	"CODE --replace; if not: stop the sender"

/* English for the causes themselves is the log's: denied_text(). */
static const struct {
	const char *vi, *todo_vi, *todo_en;
} causes[DENIED_END] = {
	[DENIED_REVOKED] = { "chứng thư đã thu hồi, đã thay, hoặc chưa từng được cấp", INVITE_VI,
	    INVITE_EN },
	[DENIED_EXPIRED] = { "chứng thư đã hết hạn", INVITE_VI, INVITE_EN },
	[DENIED_EARLY] = { "chứng thư chưa đến ngày dùng được, hoặc đồng hồ lệch",
	    "so và chỉnh đồng hồ của hai máy", "compare both clocks and set them right" },
	[DENIED_UNKNOWN] = { "chứng thư do nơi lạ ký",
	    "thêm nơi ký ấy vào ca của cửa nhận, hoặc mời máy đó: trucban agent invite TÊN",
	    "add that authority to the listener's ca, or invite it: trucban agent invite NAME" },
	[DENIED_NONE] = { "không có chứng thư", "mời máy đó: trucban agent invite TÊN, hoặc cho nó "
	    "gửi qua cửa không đòi chứng thư", "invite it: trucban agent invite NAME, or have it "
	    "send to a listener that asks for none" },
	[DENIED_DISTRUST] = { "nơi gửi không tin chứng thư của bàn trực",
	    "chép chứng thư của nơi ký cho bàn trực sang nơi gửi; các dòng cần dán: trucban source "
	    "LOẠI", "give the sender the certificate of the desk's authority; the lines to paste: "
	    "trucban source KIND" },
	[DENIED_UNFIT] = { "chứng thư không dùng được", INVITE_VI, INVITE_EN },
};

bool
barred_next(struct span *io_text, struct barred *ret)
{
	while (samples_next(io_text, &ret->sample)) {
		if (!span_is(ret->sample.name, "intake_denied"))
			continue;
		ret->cause = denied_named(sample_value(&ret->sample, "cause"));
		return true;
	}
	return false;
}

/* Names in certificates may be anything. */
void
barred_put(struct buf *out, const struct barred *barred)
{
	const struct sample *s = &barred->sample;
	struct span peer = sample_value(s, "peer");
	struct buf name = { 0 };

	render_safe(&name, sample_value(s, "certificate"), false);
	buf_printf(out, say("cửa %.*s không cho %.*s vào%s%.*s%s: %s, %s lần",
	    "%.*s did not let in %.*s%s%.*s%s: %s, %s times"), (int)s->value.n,
	    (const char *)s->value.p, (int)peer.n, (const char *)peer.p,
	    name.n > 0 ? " (" : "", (int)name.n, name.n > 0 ? (const char *)name.p : "",
	    name.n > 0 ? ")" : "", say(causes[barred->cause].vi, denied_text(barred->cause)),
	    figure_count(s->n));
	buf_done(&name);
}

const char *
barred_todo(const struct barred *barred)
{
	return say(causes[barred->cause].todo_vi, causes[barred->cause].todo_en);
}
