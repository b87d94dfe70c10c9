/** Every capability, at the place of its number. <linux/capability.h>, capabilities(7) */
export const CAPABILITIES: readonly string[] = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE"],
  ...["NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT"],
  ...["SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE"],
  ...["AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ"],
  ...["PERFMON", "BPF", "CHECKPOINT_RESTORE"],
]

/** What a container's root keeps of its power where the file says nothing: podman's eleven, in the order of their numbers. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  ...["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "SETFCAP"],
]

/** Of a system container: all but what is not in any namespace, as LXC has it. */
export const SYSTEM_CAPABILITIES: readonly string[] = CAPABILITIES.filter(
  (name) => !["SYS_MODULE", "SYS_RAWIO", "SYS_TIME", "MAC_OVERRIDE", "MAC_ADMIN"].includes(name),
)

/** These capabilities as the kernel's bit mask, in decimal. */
export function capabilityMask(names: readonly string[]): string {
  return names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n).toString()
}

/** The capabilities of a mask as /proc/PID/status shows it, in hexadecimal; those without a name are left out. */
export function capabilitiesIn(mask: string): string[] {
  const bits = BigInt(`0x${mask}`)
  return CAPABILITIES.filter((_, bit) => (bits & (1n << BigInt(bit))) !== 0n)
}
