import type { AttributeRow } from "./row.ts"

const inside = (words: string) => `nsenter -t $sealed -m -p ${words}`
const FILE = { uid: 0, gid: 0, mode: "444", content: "current" }
const TOKEN = { name: "token", file: "/etc/hostname", ...FILE }
const CONF = { name: "conf", text: "port 80", ...FILE }
const MOUNT = { type: "volume", source: "data", read_only: true }

/** What is mounted in a container, and how its root is written to. */
export const mountRows: readonly AttributeRow[] = [
  {
    attribute: "ephemeral",
    read: "`spec.json` in the run folder",
    hands: [],
    never: "what keeps the changes of a mounted overlay cannot become something else",
  },
  {
    attribute: "read_only",
    read: "`/proc/PID/mountinfo`, of a container that is to be so",
    hands: [{ by: inside("mount -o remount,bind,rw none /usr"), shows: { "container.sealed": { read_only: false } } }],
  },
  {
    attribute: "mounts.*",
    read: "`/proc/PID/mountinfo`, beside the host's; of containers that have some",
    hands: [
      { by: inside("umount /tmp"), shows: { "container.sealed": { "mounts./tmp": null } } },
      {
        by: inside("mount -o remount,size=2M none /tmp"),
        shows: { "container.sealed": { "mounts./tmp": { type: "tmpfs", size: 2_097_152, mode: "1777" } } },
      },
      {
        by: inside("mount -o remount,bind,rw none /data"),
        shows: { "container.sealed": { "mounts./data": { ...MOUNT, read_only: false } } },
      },
    ],
  },
  ...(["secrets", "configs"] as const).map((key): AttributeRow => {
    const [target, given] = key === "secrets" ? ["/run/secrets/token", TOKEN] : ["/conf", CONF]
    const opened = `mount -o remount,bind,rw none ${target}`
    return {
      attribute: `${key}.*`,
      read: "`/proc/PID/mountinfo`, and the file itself, which is only compared with its source; of containers that have some",
      hands: [
        { by: inside(`umount ${target}`), shows: { "container.sealed": { [`${key}.${target}`]: null } } },
        {
          by: inside(`sh -c '${opened} && echo other > ${target}'`),
          shows: { "container.sealed": { [`${key}.${target}`]: { ...given, content: "another" } } },
        },
      ],
    }
  }),
]
