/** Where a container sees the files that its stack writes for it. */
export const HOSTS = "/etc/hosts"
export const RESOLV_CONF = "/etc/resolv.conf"
