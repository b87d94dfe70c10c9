import type { Shape } from "../../base/shape.ts"
import { either, including, listOf, mapOf, numeric, record, text, textLike, whole } from "../../base/shape.ts"
import { isSettledImage } from "../image/spec.ts"
import { healthShapes } from "./health-shapes.ts"
import { lifeShapes } from "./life-shapes.ts"
import { mountShapes } from "./mount-shapes.ts"
import { powerShapes } from "./power-shapes.ts"
import { recordedRouting } from "./routing-shapes.ts"

const NAME = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}(\\[\\d{1,4}\\])?"
const LAST_ID = 2 ** 32 - 2

const texts = mapOf(text(), text())
const id = whole(0, LAST_ID)
const map = either(record({ auto: id }), listOf(record({ container: id, host: id, count: id })))
const mode = textLike(new RegExp(`^(new|host|container:${NAME})$`), "namespace of a container's or the host's")
const rates = mapOf(text(), numeric(0, Number.MAX_VALUE))
const limit = either(either(text(), numeric(0, Number.MAX_VALUE)), either(texts, mapOf(text(), rates)))

/** What was applied, as far as what works from it relies on its form: the names that become parts of paths above all. */
const attributes = including(
  {
    image: text("image", (image) => isSettledImage(image, (path) => path.startsWith("/"))),
    argv: listOf(text()),
    environment: texts,
    working_dir: text(),
    user: text(),
    hostname: text(),
    uid_map: map,
    gid_map: map,
    cgroup: textLike(new RegExp(`^(${NAME})?$`), "name of a cgroup"),
    limits: mapOf(text(), limit),
    routes: recordedRouting.routes,
    sysctls: texts,
    namespaces: record(Object.fromEntries(["user", "mount", "pid", "net", "ipc", "uts", "cgroup"].map((kind) => [kind, mode]))),
    labels: texts,
    depends_on: listOf(textLike(new RegExp(`^container\\.${NAME}$`), "address of a container")),
    state: text(),
  },
  // A record of before these were there says nothing of them.
  { ...powerShapes, ...mountShapes, ...lifeShapes, ...healthShapes, ...recordedRouting.some },
)

const group = textLike(new RegExp(`^(${NAME}/)?${NAME}$`), "path of a group")

/** `spec.json`. */
export const recordShape: Shape = including(
  {
    version: whole(1, 1),
    boot: text(),
    attributes,
    ids: record({ uid: id, gid: id, groups: listOf(id) }, { home: text() }),
    sysctlDefaults: texts,
  },
  { moving: record({ layer: textLike(new RegExp(`^${NAME}$`), "name of a container"), groups: listOf(group) }) },
)
