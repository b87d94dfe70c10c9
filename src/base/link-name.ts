/** The longest name of a link in bytes. <linux/if.h> IFNAMSIZ, less the NUL */
const LONGEST = 15

const UTF8 = new TextEncoder()

export const LINK_NAME_HINT = `at most ${LONGEST} bytes without blanks, \`/\`, \`:\` and \`%\`, such as eth0`

/** Why the kernel takes no new link of that name, in words. net/core/dev.c, dev_valid_name(); devinet.c, sysctl_dev_name_is_allowed() */
export function whyNoLinkName(name: string): string | undefined {
  const bytes = UTF8.encode(name).length
  if (name === "") return "it is empty"
  if (bytes > LONGEST) return `it has ${bytes} bytes`
  if (/[\s/:%]/.test(name)) return "it has a character that the kernel refuses"
  if (name === "." || name === "..") return "it is a folder's"
  if (name === "lo") return "it is the loopback interface's"
  return name === "all" || name === "default" ? "it is a word of the kernel's" : undefined
}
