# SPDX-License-Identifier: Apache-2.0
"""A folder with a Debian in it, booted: its own systemd, processes, name and network.

Its network has no way out: only what link() joins. Nothing of the machine below is written to but
an own control group, which goes when the machine stops. Only root.
"""

import os
import shlex
import subprocess
import time

# The folder of the cgroup hierarchy is this mount namespace's own; the machine sees its part of it.
BOOT = r'''
root=$1 group=$2
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$root/mnt"
mkdir "$root/mnt/$group"
echo $$ >"$root/mnt/$group/cgroup.procs"
umount "$root/mnt"
exec unshare --net --mount --pid --uts --ipc --cgroup --fork --kill-child sh -euc '
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
	touch "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=test /lib/systemd/systemd' sh "$root"
'''
CLEAN = r'''
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$1/mnt"
find "$1/mnt/$2" -depth -type d -delete
'''
ENVIRONMENT = ['env', '-i', 'HOME=/root',
               'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']


class Machine:
    """Boots ROOT under a name; run() is what a person types at it, folder by folder."""

    def __init__(self, root, name):
        self.root = root
        self.name = name
        self.folder = '/root'
        self.seconds = 0.0
        self.group = 'trucban-%s-%d' % (name, os.getpid())
        (root / 'etc' / 'hostname').write_text(name + '\n', encoding='utf-8')
        self.process = subprocess.Popen(
            ['unshare', '--mount', 'sh', '-euc', BOOT, 'sh', str(root), self.group],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until('its systemd', lambda: self.init() and
                   self.run('systemctl is-system-running')[1].strip() in ('running', 'degraded'))
        self.good('ip link set lo up')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        # The kernel takes the processes away a moment after the first one.
        self.until('its end', lambda: subprocess.run(
            ['unshare', '--mount', 'sh', '-euc', CLEAN, 'sh', str(self.root), self.group],
            stderr=subprocess.DEVNULL, check=False).returncode == 0)

    def init(self):
        """Number of its first process here; empty before there is one."""
        assert self.process.poll() is None, '%s did not boot' % self.name
        pid = self.process.pid
        with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as f:
            return f.read().strip()

    def until(self, what, true, seconds=60):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, '%s: %s does not come' % (self.name, what)
            time.sleep(0.1)

    def run(self, line):
        """One line of shell; the folder that it goes to is where the next one starts."""
        script = 'cd %s\n%s\nrc=$?; pwd >/root/.folder; exit $rc' % (shlex.quote(self.folder), line)
        began = time.monotonic()
        done = subprocess.run(['nsenter', '-a', '-t', self.init()] + ENVIRONMENT +
                              ['sh', '-c', script], stdin=subprocess.DEVNULL, cwd='/',
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.seconds = time.monotonic() - began
        folder = self.root / 'root' / '.folder'
        if folder.exists():
            self.folder = folder.read_text(encoding='utf-8').strip()
        return done.returncode, done.stdout.decode('utf-8', 'replace')

    def good(self, line):
        rc, text = self.run(line)
        assert rc == 0, '%s: %s: %d\n%s' % (self.name, line, rc, text[-3000:])
        return text


def link(one, address, other, other_address):
    """A cable between two machines; addresses with the length of their net."""
    subprocess.run(['ip', 'link', 'add', other.name, 'netns', one.init(), 'type', 'veth',
                    'peer', 'name', one.name, 'netns', other.init()], check=True)
    for machine, card, own in ((one, other.name, address), (other, one.name, other_address)):
        machine.good('ip address add %s dev %s && ip link set %s up' % (own, card, card))
