/* SPDX-License-Identifier: Apache-2.0 */
/* One multi handle of libcurl: see net.h. */
#include "role/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/heard.h"

enum { CONNECT_S = 10, WHOLE_S = 30, SAID_BYTES = 160, TO_MOST = 255, TRANSFERS_MOST = 64 };

struct transfer {
	CURL *curl;
	struct curl_slist *list;
	struct buf body, heard;
	struct span left;		/* of a mail's body */
	bool mail;
	char said[SAID_BYTES];
	char error[CURL_ERROR_SIZE];
	net_done_fn *done;
	void *ctx;
};

struct net {
	CURLM *multi;
	struct transfer *transfer[TRANSFERS_MOST];
	CURL *waited;			/* net_perform's; its result */
	CURLcode waited_code;
	bool waited_done;
};

struct net *
net_new(void)
{
	struct net *net = xcalloc(1, sizeof *net);

	net->multi = curl_multi_init();
	must(net->multi != NULL);
	return net;
}

static void
transfer_free(struct net *net, unsigned i)
{
	struct transfer *t = net->transfer[i];

	(void)curl_multi_remove_handle(net->multi, t->curl);
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->list);
	buf_wipe(&t->body);
	buf_done(&t->heard);
	free(t);
	net->transfer[i] = NULL;
}

void
net_free(struct net **net)
{
	struct net *n = *net;

	if (n == NULL)
		return;
	for (unsigned i = 0; i < TRANSFERS_MOST; i++)
		if (n->transfer[i] != NULL)
			transfer_free(n, i);
	(void)curl_multi_cleanup(n->multi);
	free(n);
	*net = NULL;
}

/* ---- one transfer ---- */

static void
said_set(struct transfer *t, const char *text, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n && k < SAID_BYTES - 1 && text[i] != '\r' && text[i] != '\n'; i++)
		t->said[k++] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	t->said[k] = '\0';
}

/* Of a mail server the last 250, which is for the message: QUIT's answer is another. */
static size_t
on_header(char *at, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t bytes = size * n;

	if (t->mail ? bytes > 4 && memcmp(at, "250", 3) == 0 : bytes > 5 &&
	    memcmp(at, "HTTP/", 5) == 0)
		said_set(t, at, bytes);
	return bytes;
}

static size_t
on_upload(char *at, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t take = size * n < t->left.n ? size * n : t->left.n;

	memcpy(at, t->left.p, take);
	t->left = span_sub(t->left, take, t->left.n);
	return take;
}

static void
options_set(struct transfer *t, const char *url)
{
	CURL *curl = t->curl;

	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_S);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	/* No proxy of the environment: addresses are those of the configuration. */
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, heard_take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t->heard);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(curl, CURLOPT_PRIVATE, t);
	/* Each message has a line of its own: one that hangs holds up no other. */
	(void)curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

/* NULL: too many are under way; done was told. */
static struct transfer *
transfer_new(struct net *net, const char *url, net_done_fn *done, void *ctx)
{
	struct transfer *t;
	unsigned i = 0;

	while (i < TRANSFERS_MOST && net->transfer[i] != NULL)
		i++;
	if (i == TRANSFERS_MOST) {
		done(ctx, ERR_BUSY, "too many messages are under way");
		return NULL;
	}
	t = xcalloc(1, sizeof *t);
	t->curl = curl_easy_init();
	must(t->curl != NULL);
	t->done = done;
	t->ctx = ctx;
	net->transfer[i] = t;
	options_set(t, url);
	return t;
}

void
net_mail(struct net *net, const struct net_mail *mail, net_done_fn *done, void *ctx)
{
	struct transfer *t = transfer_new(net, mail->server, done, ctx);
	char from[TO_MOST], to[TO_MOST];

	if (t == NULL)
		return;
	must(mail->from.n < TO_MOST && mail->to.n < TO_MOST);
	memcpy(from, mail->from.p, mail->from.n);
	from[mail->from.n] = '\0';
	memcpy(to, mail->to.p, mail->to.n);
	to[mail->to.n] = '\0';
	t->mail = true;
	buf_span_put(&t->body, mail->letter);
	t->left = buf_span(&t->body);
	t->list = curl_slist_append(NULL, to);
	(void)curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(t->curl, CURLOPT_USE_SSL, (long)(mail->plain ? CURLUSESSL_NONE :
	    CURLUSESSL_ALL));
	if (mail->user != NULL) {
		(void)curl_easy_setopt(t->curl, CURLOPT_USERNAME, mail->user);
		(void)curl_easy_setopt(t->curl, CURLOPT_PASSWORD, mail->password);
	}
	(void)curl_easy_setopt(t->curl, CURLOPT_MAIL_FROM, from);
	(void)curl_easy_setopt(t->curl, CURLOPT_MAIL_RCPT, t->list);
	(void)curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, on_upload);
	(void)curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
	(void)curl_multi_add_handle(net->multi, t->curl);
}

void
net_http(struct net *net, const char *url, const char *const *headers, struct span body,
    net_done_fn *done, void *ctx)
{
	struct transfer *t = transfer_new(net, url, done, ctx);

	if (t == NULL)
		return;
	for (; *headers != NULL; headers++)
		t->list = curl_slist_append(t->list, *headers);
	buf_span_put(&t->body, body);
	(void)curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->list);
	if (body.n > 0) {
		(void)curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)t->body.n);
		(void)curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body.p);
	}
	(void)curl_multi_add_handle(net->multi, t->curl);
}

/* ---- all of them ---- */

static void
transfer_end(struct net *net, CURL *curl, CURLcode code)
{
	struct transfer *t = NULL;
	long status = 0;
	unsigned i = 0;
	bool good;

	(void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, &t);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	while (i < TRANSFERS_MOST && net->transfer[i] != t)
		i++;
	must(i < TRANSFERS_MOST);
	good = code == CURLE_OK && (t->mail || (status >= 200 && status < 300));
	if (code != CURLE_OK) {
		const char *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);

		said_set(t, text, strlen(text));
	}
	t->done(t->ctx, good ? OK : ERR_IO, t->said);
	transfer_free(net, i);
}

void
net_turn(struct net *net)
{
	int running, left;
	CURLMsg *msg;

	(void)curl_multi_perform(net->multi, &running);
	while ((msg = curl_multi_info_read(net->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		if (msg->easy_handle == net->waited) {
			net->waited_code = msg->data.result;
			net->waited_done = true;
		} else {
			transfer_end(net, msg->easy_handle, msg->data.result);
		}
	}
}

void
net_wait(struct net *net, struct curl_waitfd *extra, unsigned n, int wait_ms)
{
	(void)curl_multi_poll(net->multi, extra, n, wait_ms, NULL);
}

CURLcode
net_perform(struct net *net, CURL *curl, void (*turn)(void *ctx), void *ctx)
{
	must(net->waited == NULL);
	net->waited = curl;
	net->waited_done = false;
	(void)curl_multi_add_handle(net->multi, curl);
	while (!net->waited_done)
		turn(ctx);
	(void)curl_multi_remove_handle(net->multi, curl);
	net->waited = NULL;
	return net->waited_code;
}
