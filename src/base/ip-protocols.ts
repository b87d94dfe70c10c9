/** Protocols above IP that have a word in iproute2. /etc/protocols, https://www.iana.org/assignments/protocol-numbers */
const NUMBERS: { readonly [word: string]: number } = {
  ...{ icmp: 1, igmp: 2, ipip: 4, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51, "ipv6-icmp": 58, ospf: 89, sctp: 132 },
}
const WORDS: ReadonlyMap<number, string> = new Map(Object.entries(NUMBERS).map(([word, number]) => [number, word]))

/** The number of `tcp` or `6`; undefined for what is no protocol: they have 8 bits, and 0 is none. */
export function protocolNumber(text: string): number | undefined {
  const number = NUMBERS[text] ?? (/^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : undefined)
  return number === undefined || number > 255 ? undefined : number
}

/** Its word, or, where it has none, the number. */
export function protocolWord(number: number): string {
  return WORDS.get(number) ?? String(number)
}

export const PROTOCOL_WORDS = Object.keys(NUMBERS)
