#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Trực Ban from this folder, without network. What is on the machine already stays.
set -eu
cd "$(dirname "$0")"

die() { printf '%s\n' "$*" >&2; exit 1; }

expected='' start=1
for word in "$@"; do
	case $word in
	--no-start) start='' ;;
	-*) die "cách dùng / usage: ./install.sh [KHÓA_KÝ/KEY] [--no-start]" ;;
	*) expected=$word ;;
	esac
done
[ "$(id -u)" -eq 0 ] || die "hãy chạy bằng quyền root / run this as root: sudo $0 $*"

read -r id version arch <FOR
. /etc/os-release
here="$ID $VERSION_ID $(dpkg --print-architecture)"
[ "$here" = "$id $version $arch" ] || die "bộ cài này cho $id $version $arch, máy này là $here
this bundle is for $id $version $arch"

# 1. The files are those that were signed. A bare system has no openssl: then the one in here looks,
# which says no more than that the bundle agrees with itself.
lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT INT TERM
chmod 0755 "$lists"
if ! command -v openssl >/dev/null; then
	echo "máy chưa có openssl: hãy so sha256sum của tệp .tar với số ghi trên giấy"
	echo "no openssl here: compare sha256sum of the .tar with the one on paper"
	for deb in pool/openssl_*.deb pool/libssl3*.deb; do
		dpkg-deb -x "$deb" "$lists/openssl"
	done
	libs=$(find "$lists/openssl" -name 'libcrypto.so.3' -exec dirname {} \;)
	openssl() { LD_LIBRARY_PATH=$libs "$lists/openssl/usr/bin/openssl" "$@"; }
fi
fingerprint=$(openssl pkey -pubin -in key.pub -outform DER | sha256sum | cut -c1-32)
echo "khóa ký / signing key: $fingerprint"
if [ -n "$expected" ]; then
	[ "$expected" = "$fingerprint" ] || die "KHÔNG phải khóa đã ghi trên giấy
NOT the key that was written down"
else
	echo "so với dấu vân tay ghi trên giấy; lần sau: ./install.sh KHÓA_KÝ"
	echo "compare it with the one on paper; next time: ./install.sh KEY"
fi
openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig \
	>/dev/null || die "chữ ký KHÔNG đúng / the signature does NOT hold"
sha256sum --quiet --strict -c SHA256SUMS || die "có tệp bị thay đổi / a file was changed"
extra=$(find . -type f ! -name 'SHA256SUMS*' ! -name key.pub | LC_ALL=C sort |
	while read -r f; do grep -qF "  $f" SHA256SUMS || echo "$f"; done)
[ -z "$extra" ] || die "có tệp không được ký / files that nobody signed: $extra"

# 2. apt sees this folder and nothing else.
mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
echo "deb [trusted=yes] file:$(pwd) ./" >"$lists/sources.list"
apt() {
	apt-get -q -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$lists/lists" -o Dir::Cache="$lists/cache" \
		-o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root "$@"
}
# A relay gets its configuration before it runs for the first time.
keep() { [ -n "$start" ] || [ ! -d /run/systemd/system ] || systemctl -q --runtime "$1" trucban; }
apt update >"$lists/update.log" 2>&1 || { cat "$lists/update.log" >&2; exit 3; }
keep mask 2>/dev/null
trap 'keep unmask; rm -rf "$lists"' EXIT INT TERM
# The configuration of this machine stays; a newer sample lies beside it as .dpkg-dist.
DEBIAN_FRONTEND=noninteractive apt -o Dpkg::Options::=--force-confdef \
	-o Dpkg::Options::=--force-confold install -y --no-install-recommends trucban

echo
if [ -d /run/systemd/system ] && systemctl --quiet is-active trucban; then
	echo "Đã cài, bàn trực đang chạy / installed, the desk is running"
	# Refused where somebody has an account: an upgrade.
	trucban user first 2>/dev/null || true
else
	echo "Đã cài, bàn trực chưa chạy / installed, the desk does not run yet"
	echo "  systemctl start trucban"
fi
cat <<'EOF'
Cấu hình: /etc/trucban/trucban.yaml; sau khi sửa: systemctl reload trucban
Việc tiếp theo: README.vi.md ở đây, từ bước 4; trucban doctor; trucban source unknown
Configuration: /etc/trucban/trucban.yaml, then: systemctl reload trucban
Next: README.md in this folder, from step 4; trucban doctor; trucban source unknown
EOF
