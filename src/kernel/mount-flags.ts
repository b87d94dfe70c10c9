/** Flags of mount(2), <linux/mount.h>. */
export const MS_RDONLY = 1
export const MS_NOSUID = 2
export const MS_NODEV = 4
export const MS_NOEXEC = 8
/** Of a mount that holds neither programs nor devices. */
export const PLAIN_MOUNT = MS_NOSUID | MS_NODEV | MS_NOEXEC
export const MS_REMOUNT = 32
export const MS_BIND = 4096
export const MS_REC = 16384
export const MS_PRIVATE = 1 << 18
export const MS_SLAVE = 1 << 19
