import type { LaunchRecord } from "../kernel.ts"
import type { RecordWriter } from "./bytes.ts"

/** As whom, where and what a process runs: the end of both records. */
export type Identity = Pick<
  LaunchRecord,
  "uid" | "gid" | "groups" | "capabilities" | "noNewPrivileges" | "rlimits" | "oomScoreAdj" | "filter" | "cwd" | "argv" | "env"
>

/** struct sock_filter, <linux/filter.h> */
const INSTRUCTION_BYTES = 8

export function writeIdentity(writer: RecordWriter, identity: Identity): void {
  writer
    .u32(identity.uid, "uid")
    .u32(identity.gid, "gid")
    .list(identity.groups, "groups", (group, what) => writer.u32(group, what))
    .u64(identity.capabilities, "capabilities")
    .u32(identity.noNewPrivileges ? 1 : 0, "noNewPrivileges")
    .list(identity.rlimits, "rlimits", (limit, what) => {
      writer.u32(limit.resource, what).u64(limit.soft, what).u64(limit.hard, what)
    })
    .u32(identity.oomScoreAdj >>> 0, "oom_score_adj")
    .u32(identity.filter?.flags ?? 0, "seccomp flags")
    .u32((identity.filter?.program.length ?? 0) / INSTRUCTION_BYTES, "seccomp filter")
    .raw(identity.filter?.program)
    .text(identity.cwd, "working_dir")
    .texts(identity.argv, "command")
    .texts(identity.env, "environment")
}
