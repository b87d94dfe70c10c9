import type { Mount, Mounts } from "../../src/kinds/container/spec-mounts.ts"
import type { Dice } from "./dice.ts"
import { spellKeys, spellSize } from "./spellings.ts"
import type { Yaml } from "./write-yaml.ts"
import { Plain } from "./write-yaml.ts"

/** In any order, each in the short form or the long one. */
export function spellMounts(dice: Dice, mounts: Mounts): Yaml {
  const targets = (target: string) => dice.pick(target, `${target}/`, target.replace("/", "//"))
  return { list: dice.shuffled(Object.entries(mounts)).map(([target, mount]) => spellMount(dice, targets(target), mount)) }
}

function spellMount(dice: Dice, target: string, mount: Mount): Yaml {
  if (mount.type === "tmpfs") {
    const [size, mode] = [mount.size === undefined ? undefined : spellSize(dice, mount.size), dice.pick(mount.mode, `0${mount.mode}`)]
    const flat = [["size", size] as const, ["mode", mode, mount.mode === "1777"] as const]
    const own = dice.chance() ? flat : [["tmpfs", { map: spellKeys(dice, flat) }] as const]
    return { map: spellKeys(dice, [["type", "tmpfs"], ["target", target], ...own]) }
  }
  const { type, source, read_only } = mount
  if (dice.chance()) return [source, target, ...(read_only ? [dice.pick("ro", "ro,")] : dice.pick([], ["rw"]))].join(":")
  return {
    map: spellKeys(dice, [
      ["type", type],
      ["source", source],
      ["target", target],
      ["read_only", new Plain(read_only), !read_only],
    ]),
  }
}
