/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban serve`: starts the parent, which starts the roles. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "role/parent.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban serve [--config TỆP] [--state THƯ_MỤC]\n\n"
    "Chạy bàn trực trên máy này cho đến khi nhận SIGTERM hoặc Ctrl-C.\n\n"
    "  --config TỆP       tệp cấu hình YAML (mặc định /etc/trucban/trucban.yaml)\n"
    "  --state THƯ_MỤC    nơi lưu kho nhật ký, thay cho giá trị trong tệp cấu hình\n";
static const char usage_en[] =
    "Usage: trucban serve [--config FILE] [--state DIR]\n\n"
    "Starts the desk on this machine until SIGTERM or Ctrl-C.\n\n"
    "  --config FILE      YAML configuration (default /etc/trucban/trucban.yaml)\n"
    "  --state DIR        where the store is kept, instead of what the file says\n";

int
cmd_serve(int argc, char **argv)
{
	static const struct option option[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conf = CONF_DEFAULT, *state = NULL;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'c') {
			conf = optarg;
		} else if (c == 's') {
			state = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return parent_run(conf, state);
}
