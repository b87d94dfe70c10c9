import type { Part } from "../kernel/archives.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { FoundImage, LayerSource } from "./found.ts"
import { imageError } from "./found.ts"
import { isMap, MOST_JSON, parseJson, sha256Of, texts } from "./json.ts"
import { diffIds, imageConfig } from "./manifest.ts"
import { tarMembers } from "./tar-members.ts"

/** An image of what `docker save` writes. It is known by its configuration, which names its layers' contents. */
export function findInArchive(kernel: Pick<Kernel, "readBytes" | "stat">, path: string, ref: string | undefined): FoundImage {
  if (kernel.stat(path)?.type !== "file")
    throw imageError("no-image", `image docker-archive:${path} is not there, or is no file`, {
      hint: "name what `docker save` wrote; a path is taken from the stack file's folder",
    })
  const members = tarMembers(kernel, path)
  const manifest = chosen(manifests(kernel, path, members), ref, path)
  const [config, layers] = [manifest.Config, texts(manifest.Layers)]
  if (typeof config !== "string" || layers === undefined) throw imageError("bad-image", `${path}: manifest.json does not name its layers`)
  const bytes = read(kernel, path, members, config)
  const document = parseJson(bytes, `${path}: ${config}`)
  const ids = diffIds(document, layers.length, path)
  return {
    digest: sha256Of(bytes),
    config: imageConfig(document, path),
    layers: layers.map((layer, i): LayerSource => {
      const contents = (ids[i] as string).slice("sha256:".length)
      const part = partOf(members, layer, path)
      return { id: `sha256-${contents}`, form: "layer", expected: { contents }, size: part.length, from: { path, part } }
    }),
  }
}

type Members = ReadonlyMap<string, Part>
type Entry = { readonly [key: string]: unknown }

function manifests(kernel: Pick<Kernel, "readBytes">, path: string, members: Members): Entry[] {
  const bytes = read(kernel, path, members, "manifest.json")
  const { list } = parseJson(Buffer.concat([Buffer.from('{"list":'), bytes, Buffer.from("}")]), `${path}: manifest.json`)
  if (!Array.isArray(list) || list.length === 0 || !list.every(isMap))
    throw imageError("bad-image", `${path}: manifest.json names no images`)
  return list
}

/** `repo` stands for `repo:latest`. */
function chosen(entries: readonly Entry[], ref: string | undefined, path: string): Entry {
  const tags = (entry: Entry) => texts(entry.RepoTags) ?? []
  const all = entries.flatMap(tags)
  const there = all.length === 0 ? "none of its images has a tag" : `it has ${all.join(", ")}`
  const [only] = entries
  if (ref === undefined) {
    if (entries.length > 1)
      throw imageError("no-image", `${path} has several images`, { detail: there, hint: "name one: docker-archive:PATH.tar:REPO:TAG" })
    return only as Entry
  }
  const found = entries.find((entry) => tags(entry).some((tag) => tag === ref || tag === `${ref}:latest` || tag.endsWith(`/${ref}`)))
  if (found === undefined) throw imageError("no-image", `${path} has no image ${ref}`, { detail: there })
  return found
}

function partOf(members: Members, name: string, path: string): Part {
  const part = members.get(name)
  if (part === undefined) throw imageError("bad-image", `${path} is no \`docker save\` archive`, { detail: `${name} is not in it` })
  return part
}

function read(kernel: Pick<Kernel, "readBytes">, path: string, members: Members, name: string): Uint8Array {
  const { offset, length } = partOf(members, name, path)
  if (length > MOST_JSON) throw imageError("bad-image", `${path}: ${name} has more than ${MOST_JSON} bytes`)
  const bytes = kernel.readBytes(path, offset, length) ?? new Uint8Array()
  if (bytes.length < length) throw imageError("bad-image", `${path} was cut short`, { detail: `${name} is not whole` })
  return bytes
}
