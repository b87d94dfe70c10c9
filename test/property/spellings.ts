/** The spellings of one value: which of them is the dice's to say. */
import { formatIp, parseCidr, parseIp } from "../../src/base/ip.ts"
import type { Dice } from "./dice.ts"
import type { Yaml, YamlMap } from "./write-yaml.ts"
import { Plain } from "./write-yaml.ts"

export function spellSize(dice: Dice, bytes: number): Yaml {
  const units = ["", "K", "M", "G", "T"].flatMap((unit, i) => {
    const count = bytes / 1024 ** i
    return (count === 0 || count >= 0.001) && Number(count.toFixed(6)) === count ? [[String(count), unit] as const] : []
  })
  const [count, unit] = dice.pick(...units)
  if (unit === "") return dice.pick<Yaml>(new Plain(count), count)
  return `${count}${dice.pick("", " ")}${dice.pick(unit, unit.toLowerCase(), `${unit}B`, `${unit}iB`, `${unit.toLowerCase()}b`)}`
}

/** As the kernel itself reads a size: one letter, and no blank. */
export function spellKernelSize(dice: Dice, bytes: number): string {
  return dice.pick(...["", "K", "M"].flatMap((unit, i) => (bytes % 1024 ** i === 0 ? [`${bytes / 1024 ** i}${unit}`] : [])))
}

export function spellCpus(dice: Dice, cpus: number): Yaml {
  const text = String(cpus)
  const forms = [text, text.replace(/^0\./, "."), text.includes(".") ? `${text}0` : `${text}.0`]
  return dice.pick<Yaml>(new Plain(dice.pick(...forms)), dice.pick(...forms))
}

/** `0-2` also as `2,0-1` and the like. */
export function spellCpuset(dice: Dice, cpus: readonly number[]): Yaml {
  const runs = dice.chance() ? cpus.map(String) : [`${cpus[0]}-${cpus.at(-1)}`, ...(dice.chance() ? [String(cpus[0])] : [])]
  const contiguous = (cpus.at(-1) ?? 0) - (cpus[0] ?? 0) === cpus.length - 1
  const text = dice.shuffled(contiguous ? runs : cpus.map(String)).join(",")
  return /^\d+$/.test(text) ? dice.pick<Yaml>(new Plain(text), text) : text
}

export function spellIp(dice: Dice, text: string): string {
  const ip = parseIp(text)
  if (ip === undefined || ip.family === 4) return text
  const groups = Array.from({ length: 8 }, (_, i) => ((ip.value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const padded = groups.map((group) => group.padStart(4, "0"))
  return dice.pick(formatIp(ip), groups.join(":"), padded.join(":"), padded.join(":").toUpperCase(), formatIp(ip).toUpperCase())
}

export function spellCidr(dice: Dice, text: string): string {
  const cidr = parseCidr(text)
  return cidr === undefined ? text : `${spellIp(dice, formatIp(cidr))}/${cidr.prefix}`
}

export function spellMac(dice: Dice, mac: string): string {
  const parts = dice.chance() ? mac.split(":") : mac.split(":").map((part) => part.replace(/^0/, ""))
  const text = parts.join(dice.pick(":", "-"))
  return dice.chance() ? text.toUpperCase() : text
}

/** One value may stand for a list of one. */
export function spellList(dice: Dice, items: readonly Yaml[]): Yaml {
  const list = { list: dice.shuffled(items) }
  return items.length === 1 ? dice.pick<Yaml>(items[0] as Yaml, list) : list
}

export function spellWhole(dice: Dice, number: number): Yaml {
  return dice.pick<Yaml>(new Plain(number), new Plain(`0x${number.toString(16)}`), new Plain(number))
}

/** A list of words, or one text as a shell reads it. */
export function spellWords(dice: Dice, words: readonly string[]): Yaml {
  if (dice.chance()) return { list: words.map((word) => word) }
  const quoted = words.map((word) => dice.pick(/^[a-zA-Z0-9/.]+$/.test(word) ? word : `'${word}'`, `'${word}'`, `"${word}"`))
  return quoted.join(dice.pick(" ", "  "))
}

/** A map, or a list of `NAME=value`. */
export function spellTexts(dice: Dice, texts: { readonly [name: string]: string }): Yaml {
  const entries = dice.shuffled(Object.entries(texts))
  if (dice.chance()) return { list: entries.map(([name, text]) => `${name}=${text}`) }
  return { map: entries.map(([name, text]) => [name, /^\d+$/.test(text) ? dice.pick<Yaml>(new Plain(text), text) : text] as const) }
}

/** Blanks between words mean nothing, and a number may be written to another base. */
export function spellSysctl(dice: Dice, value: string): Yaml {
  const words = value.split(" ").map((word) => (/^[1-9]\d*$/.test(word) ? dice.pick(word, word, `0x${Number(word).toString(16)}`) : word))
  const text = `${dice.pick("", " ")}${words.join(dice.pick(" ", "   ", "\t"))}${dice.pick("", " ")}`
  return /^\d+$/.test(text) ? dice.pick<Yaml>(new Plain(text), text) : text
}

/** Keys in any order; those whose value is what the file would mean without them may be left out. */
export function spellKeys(dice: Dice, keys: readonly (readonly [key: string, value: Yaml | undefined, isDefault?: boolean])[]): YamlMap {
  const kept = keys.filter(([, value, isDefault]) => value !== undefined && !(isDefault === true && dice.chance()))
  return dice.shuffled(kept.map(([key, value]) => [key, value as Yaml] as const))
}
