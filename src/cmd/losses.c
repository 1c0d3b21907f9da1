/* SPDX-License-Identifier: Apache-2.0 */
/* The table of losses.h, and the lines that it is about. */
#include "cmd/losses.h"

#include <stddef.h>

#define DISK_VI	"kiểm tra ổ đĩa và nhật ký của nhân (dmesg), rồi khởi động lại bàn trực"
#define DISK_EN	"check the disk and the kernel's log (dmesg), then restart the desk"
#define LONG_VI	"chỉnh nguồn gửi bản ghi ngắn hơn 1 MB; bản ghi bị cắt tìm bằng _flags:cut"
#define LONG_EN	"have the source write records below 1 MB; _flags:cut finds the cut ones"
#define SPACE_VI "thêm chỗ cho kho, hoặc giữ ngắn ngày hơn (classes: days)"
#define SPACE_EN "give the store more room, or keep fewer days (classes: days)"
#define SENDER_VI "xem nguồn nào gửi sai: nhật ký của bàn trực ghi địa chỉ và byte đầu"
#define SENDER_EN "see who sends it: the desk's log has the address and the first octets"
#define TOKEN_VI "kiểm tra mã truy cập ở nơi gửi và trong token_file"
#define TOKEN_EN "check the token at the sender and in token_file"
#define MANY_VI	"tìm nơi mở quá nhiều kết nối (ss -tn), hoặc tăng LimitNOFILE của dịch vụ"
#define MANY_EN	"find who opens so many connections (ss -tn), or raise the service's LimitNOFILE"

const struct loss losses[] = {
	{ "rows_lost_total", "bản ghi mất do sổ ghi đệm hỏng",
	    "records lost to a damaged journal", DISK_VI, DISK_EN },
	{ "rows_refused_full_total", "bản ghi bị từ chối vì đầy đĩa",
	    "records refused, the disk is full", SPACE_VI, SPACE_EN },
	{ "rows_refused_read_only_total", "bản ghi bị từ chối vì không ghi được",
	    "records refused, nothing can be written", DISK_VI, DISK_EN },
	{ "rows_set_aside_total", "bản ghi để riêng vì làm hỏng tiến trình",
	    "records set aside, they stopped a role",
	    "giữ lại tệp trong quarantine/ của kho và báo cho nơi làm phần mềm",
	    "keep the files in the store's quarantine/ and tell the makers" },
	{ "batches_bad_total", "lô bản ghi sai khuôn dạng", "batches that were not well formed",
	    "khởi động lại bàn trực: các tiến trình khác phiên bản nhau",
	    "restart the desk: its roles are of different versions" },
	{ "journal_rewrites_total", "lần ghi hỏng phải ghi lại", "failed writes made again",
	    DISK_VI, DISK_EN },
	{ "intake_kernel_drops_total", "gói UDP bị nhân hệ điều hành bỏ",
	    "datagrams dropped by the kernel",
	    "chuyển nguồn sang TCP hoặc RELP, hoặc tăng net.core.rmem_max",
	    "move the source to TCP or RELP, or raise net.core.rmem_max" },
	{ "intake_records_cut_total", "bản ghi dài quá bị cắt", "records cut, too long",
	    LONG_VI, LONG_EN },
	{ "intake_records_unparsed_total",
	    "bản ghi không hiểu được, hoặc chỉ là dòng chữ thường (vẫn giữ nguyên)",
	    "records not understood, or plain lines of no format (kept as they came)",
	    "của nguồn nào: trucban coverage --json, các số unparsed và plain_lines",
	    "of which source: trucban coverage --json, its numbers unparsed and plain_lines" },
	{ "intake_frames_bad_total", "khung dữ liệu sai giao thức", "frames against the protocol",
	    SENDER_VI, SENDER_EN },
	{ "intake_rows_refused_total", "bản ghi bị kho từ chối",
	    "records refused by the store", SPACE_VI, SPACE_EN },
	{ "intake_connections_refused_total", "kết nối bị từ chối vì quá nhiều",
	    "connections refused, too many", MANY_VI, MANY_EN },
	{ "intake_accept_pauses_total", "lần tạm ngừng nhận kết nối vì mở quá nhiều tệp",
	    "pauses of accepting, out of descriptors", MANY_VI, MANY_EN },
	{ "intake_handshakes_failed_total", "lần bắt tay TLS không thành",
	    "TLS handshakes failed", "kiểm tra chứng thư ở nơi gửi, và ngày giờ hai bên",
	    "check the sender's certificates, and both clocks" },
	{ "intake_requests_bad_total", "yêu cầu HTTP sai", "bad HTTP requests", SENDER_VI,
	    SENDER_EN },
	{ "intake_requests_unauthorised_total", "yêu cầu HTTP không có mã truy cập hợp lệ",
	    "HTTP requests without a valid token", TOKEN_VI, TOKEN_EN },
	{ "intake_requests_failed_total", "yêu cầu HTTP không ghi được",
	    "HTTP requests that could not be kept", SPACE_VI, SPACE_EN },
	{ "intake_bodies_refused_total", "yêu cầu HTTP nén bung ra quá lớn",
	    "compressed bodies that expand too much", "chỉnh nơi gửi gửi từng lô nhỏ hơn",
	    "have the sender send smaller batches" },
	{ "intake_fields_unknown_total", "trường lạ trong giao thức, không ghi lại",
	    "fields that a protocol's page does not know, left out",
	    "báo cho nơi làm phần mềm phiên bản của chương trình gửi",
	    "tell the makers the version of the sending program" },
	{ "collector_files_refused", "tệp, thư mục không đọc được",
	    "files or folders that cannot be read",
	    "cho người dùng của bàn trực quyền đọc, xem mục nhật ký của máy này",
	    "let the desk's user read them, see the row of this machine's logs" },
	{ "collector_lines_cut_total", "dòng dài quá bị cắt", "lines cut, too long", LONG_VI,
	    LONG_EN },
	{ "collector_bytes_lost_total", "byte mất khi tệp bị cắt ngắn",
	    "octets lost when a file was truncated",
	    "xoay vòng bằng đổi tên thay vì copytruncate",
	    "rotate by renaming instead of copytruncate" },
	{ NULL, NULL, NULL, NULL, NULL },
};
