"""The machine itself: disks, devices, power, network, clock, scheduled jobs."""

from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding
from policy.rules.matching import always, unless, when
from policy.shell.options import parse
from policy.vocabulary import named

SYSTEM = Finding(Category.SYSTEM, "change the machine itself")


POWER = Finding(Category.SYSTEM, "switch the machine off")


NO_DISK = Finding(Category.SYSTEM, "format a disk, which is never allowed", refuse=True)


def _mkfs(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help():
        on_device = any(word.startswith("/dev/") for word in call.args)
        yield NO_DISK if on_device else SYSTEM


def _mount(call: Call) -> Iterator[Effect]:
    if call.asks_for_help() or not parse(call.args, "tO").operands:
        return
    yield Finding(Category.SYSTEM, "mount or unmount a file system")


def _sysctl(call: Call) -> Iterator[Effect]:
    if any("=" in word for word in call.args) or parse(call.args).has("w", "p", "write", "load"):
        yield SYSTEM


def _date(call: Call) -> Iterator[Effect]:
    if parse(call.args, "dfrI", ("date", "file", "reference", "set")).has("s", "set"):
        yield SYSTEM


def _hostname(call: Call) -> Iterator[Effect]:
    if parse(call.args).operands:
        yield SYSTEM


def _crontab(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "u")
    if options.has("r"):
        yield Finding(Category.SYSTEM, "remove scheduled jobs")
    elif not options.has("l") and (call.args or call.stdin):
        yield Finding(Category.PERSISTENCE, "schedule jobs that run later")


def _at(call: Call) -> Iterator[Effect]:
    if parse(call.args, "fqt").has("l", "V"):
        return
    yield Finding(Category.PERSISTENCE, "schedule jobs that run later")


_SHOWS_NETWORK = (
    r" (?:-S|--list\S*|-\w*L\S*|status|list|show|version|get\S*|--get\S*|--state|query\S*|-C)"
)


RULES: dict[str, Rule] = {
    **named(
        "mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat "
        "mkfs.ntfs mkfs.f2fs mke2fs mkswap wipefs blkdiscard newfs mkdosfs mkntfs "
        "mkfs.exfat mkfs.minix mkfs.cramfs",
        _mkfs,
    ),
    **named(
        "fdisk sfdisk gdisk sgdisk parted cfdisk",
        unless(SYSTEM, r" (?:-l|--list|print|-p|--dump|-d) "),
    ),
    **named(
        "mount umount fusermount fusermount3 mount.nfs sshfs mount.cifs udisksctl "
        "guestmount bindfs pmount diskutil hdiutil",
        _mount,
    ),
    **named(
        "shutdown reboot halt poweroff telinit init kexec rtcwake pm-suspend "
        "pm-hibernate systemd-reboot",
        always(POWER),
    ),
    **named(
        "losetup cryptsetup lvremove vgremove pvremove lvcreate vgcreate pvcreate "
        "lvresize lvreduce lvextend vgchange mdadm dmsetup modprobe insmod rmmod depmod "
        "fsck e2fsck xfs_repair tune2fs resize2fs badblocks debugfs hdparm sdparm eject "
        "grub-install update-grub grub-mkconfig efibootmgr nvme zpool zfs btrfs "
        "update-initramfs dracut mkinitcpio ubirmvol flash_erase flashrom setenforce "
        "apparmor_parser aa-disable update-alternatives-system ldconfig locale-gen "
        "dpkg-reconfigure tc brctl wg-quick iwconfig rfkill setterm chvt loadkeys "
        "xfs_growfs growpart partprobe kpartx fstrim quotaon setquota edquota sgdisk-z",
        unless(
            SYSTEM,
            r" (?:-a|--all|-l|--list|list|status|show|get|-h|--show|--version|-s|-V"
            r"|ls|info"
            r"|report|check|-n|-p|--print-cache|subvolume list|filesystem (?:df"
            r"|show)) ",
        ),
    ),
    **named(
        "iptables ip6tables iptables-restore ip6tables-restore nft ufw firewall-cmd "
        "ebtables arptables pfctl ipset iptables-legacy nftables shorewall csf",
        unless(Finding(Category.SYSTEM, "change the firewall"), _SHOWS_NETWORK),
    ),
    "ip": when(SYSTEM, r" (?:add|del|delete|set|flush|change|replace|append|exec|attach) "),
    "ifconfig": when(SYSTEM, r" \S+ (?:up|down|[\d.]+|add|del|mtu|hw|netmask) "),
    **named("ifup ifdown dhclient netplan setsebool", always(SYSTEM)),
    "route": when(SYSTEM, r" (?:add|del|delete|flush|change) "),
    "nmcli": when(SYSTEM, r" (?:delete|down|off|modify|add|disconnect) "),
    "swapoff": always(SYSTEM),
    "swapon": unless(SYSTEM, r" (?:-s|--summary|--show\S*) "),
    "sysctl": _sysctl,
    "dmesg": when(SYSTEM, r" (?:-[cCn]|--clear|--read-clear|--console-\w+) "),
    "date": _date,
    "hwclock": when(SYSTEM, r" (?:-w|-s|--set|--systohc|--hctosys) "),
    "hostname": _hostname,
    **named("timedatectl hostnamectl localectl", when(SYSTEM, r" set-")),
    "journalctl": when(Finding(Category.DELETION, "delete logs"), r" --vacuum|--rotate"),
    **named(
        "update-rc.d chkconfig rc-update",
        when(SYSTEM, r" (?:remove|disable|off|del|enable|on|defaults|add|--del|--add) "),
    ),
    "crontab": _crontab,
    **named("at batch atrm schtasks", _at),
}
"""The machine, by program."""
