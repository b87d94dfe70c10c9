/** Bytes that a vxlan adds to what it carries: the headers of Ethernet, IPv4, UDP and its own. vxlan_headroom(), linux/include/net/vxlan.h */
const VXLAN_HEADROOM = 50

/** The largest mtu, in bytes, of one of this kind whose packets leave by a link with an mtu of `lower`: what it has where nothing is said. */
export function mtuOver(kind: string | undefined, lower: number): number {
  return kind === "vxlan" ? lower - VXLAN_HEADROOM : lower
}

/** What is wrong with an mtu over that of another link, `which` in words; undefined: nothing. The kernel makes a vxlan with a smaller one, and says nothing. */
export function mtuProblem(
  kind: string,
  mtu: number | undefined,
  lower: number,
  which: string,
): { summary: string; hint: string } | undefined {
  const most = mtuOver(kind, lower)
  if (mtu === undefined || mtu <= most) return undefined
  return kind === "vxlan"
    ? {
        summary: `mtu ${mtu} does not fit into that of ${which} (${lower}): the headers of a vxlan take ${VXLAN_HEADROOM} bytes`,
        hint: `write ${most} or less, or leave \`mtu\` out: it has what fits`,
      }
    : {
        summary: `mtu ${mtu} is larger than that of ${which} (${lower})`,
        hint: `write ${most} or less, or leave \`mtu\` out: it takes over that one`,
      }
}
