/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences of the porter's refusals: what failed, and what to do. */
#include "role/porter_int.h"

#include <string.h>

static const struct {
	const char *word;
	unsigned status;
	const char *vi, *en;
} words[] = {
	{ "no-page", 404, "không có trang này", "there is no such page" },
	{ "login-wanted", 401, "chưa đăng nhập, hoặc phiên đã hết; hãy đăng nhập lại",
	    "nobody is logged in, or the session has ended; log in" },
	{ "no-account", 401, "chưa có tài khoản nào; trên máy chủ này, chạy trucban user first để "
	    "có mật khẩu của người quản trị đầu tiên", "there is no account yet; on this server, "
	    "trucban user first gives the password of the first administrator" },
	{ "wrong", 401, "sai tên đăng nhập, mật khẩu hoặc mã xác thực, hoặc tài khoản đang bị "
	    "khóa; thử lại sau ít phút hoặc hỏi người quản trị",
	    "wrong login, password or code, or the account is locked; try again in some minutes, "
	    "or ask an administrator" },
	{ "no-right", 403, "tài khoản này không có quyền làm việc đó; hỏi người quản trị",
	    "this account may not do that; ask an administrator" },
	{ "no-token", 403, "việc này không làm được bằng mã truy cập; hãy đăng nhập",
	    "a token cannot do that; log in" },
	{ "unix-only", 403, "chỉ root và người dùng của bàn trực làm được, ngay trên máy này: "
	    "trucban user first", "only root and the desk's own user may do that, on this machine: "
	    "trucban user first" },
	{ "first-over", 409, "đã có tài khoản được dùng; cấp lại mật khẩu bằng "
	    "trucban user password",
	    "an account is in use already; give out a password with trucban user password" },
	{ "password-short", 400, "mật khẩu mới quá ngắn, quá dài hoặc có ký tự điều khiển",
	    "the new password is too short, too long, or has control characters" },
	{ "password-same", 400, "mật khẩu mới phải khác mật khẩu cũ và khác tên đăng nhập",
	    "the new password must be another than the old one, and not the login" },
	{ "code-set", 409, "đã cài mã xác thực; muốn cài lại thì nhờ người quản trị xóa mã cũ",
	    "codes are set up already; an administrator can remove them" },
	{ "code-wrong", 400, "mã không đúng; kiểm tra đồng hồ của điện thoại rồi nhập mã mới",
	    "the code is wrong; check the phone's clock and enter a new one" },
	{ "code-none", 409, "chưa lấy khóa bí mật của mã xác thực; gọi lại không kèm code",
	    "no secret was given out; call again without code" },
	{ "login-bad", 400, "tên đăng nhập bắt đầu bằng chữ thường, gồm chữ thường không dấu, số, "
	    "dấu chấm, gạch dưới, gạch ngang, tối đa 31 ký tự",
	    "a login begins with a lower-case letter and has a-z, 0-9, dot, underscore and dash, "
	    "at most 31" },
	{ "name-bad", 400, "tên hiển thị quá dài hoặc có ký tự điều khiển",
	    "the name is too long or has control characters" },
	{ "roles-bad", 400, "roles là danh sách có dấu phẩy của: reader, analyst, officer, "
	    "head, admin, auditor", "roles are, with commas: reader, analyst, officer, head, "
	    "admin, auditor" },
	{ "code-bad", 400, "code là yes hoặc no", "code is yes or no" },
	{ "days-bad", 400, "days là số ngày, từ 1 đến 3650", "days is a number, 1 to 3650" },
	{ "login-taken", 409, "đã có tài khoản mang tên này",
	    "there is an account with this login" },
	{ "no-user", 404, "không có tài khoản này; xem trucban user list",
	    "there is no such account; see trucban user list" },
	{ "last-admin", 409, "đây là người quản trị cuối cùng; giao quyền cho người khác trước",
	    "this is the last administrator; make another one first" },
	{ "no-such-token", 404, "không có mã truy cập này; xem trucban user token list",
	    "there is no such token; see trucban user token list" },
	{ "too-many", 409, "đã đủ số tài khoản hoặc mã truy cập; xóa bớt mã cũ",
	    "there are as many accounts or tokens as can be; revoke old ones" },
};

const char *
porter_words(const char *word, bool vi, unsigned *ret_status)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		*ret_status = words[i].status;
		return vi ? words[i].vi : words[i].en;
	}
	return NULL;
}
