export type NamespaceKind = "user" | "mount" | "pid" | "net" | "uts" | "ipc" | "cgroup"

/** One operation of the child's flat list, in order, after "go". Flags are the MS_* of mount(2). */
export type SetupOp =
  /** mount(2). `target` is resolved inside `root`, and must be a real folder or file: a symlink on the way is an error. */
  | { op: "mount"; source: string; target: string; type: string; flags: number; data: string }
  /** Bind; `flags` may hold MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC (a second call remounts) and MS_REC. */
  | { op: "bind"; source: string; target: string; flags: number }
  /** Inside the root: made if it is not there. */
  | { op: "mkdir"; target: string; mode: number }
  | { op: "file"; target: string; mode: number }
  | { op: "symlink"; target: string; to: string }
  /** Where the new root is mounted, and all `target`s are resolved from here on. */
  | { op: "root"; path: string }
  /** mount(2) of the new root itself at `path` (overlay, bind); before `root`. */
  | { op: "mount-root"; source: string; path: string; type: string; flags: number; data: string }
  | { op: "pivot" }
  | { op: "hostname"; name: string }
  /** Write to a file under /proc/sys, through a private procfs. */
  | { op: "sysctl"; name: string; value: string }
  /** Bind of a device's node on a file, if it is of this type and number. */
  | { op: "device"; source: string; target: string; type: "char" | "block"; major: number; minor: number }
  /** move_mount(2) of `mounts[mount]` on `path`, of the host's; before `root`. */
  | { op: "attach-root"; mount: number; path: string }
  /** The same inside the root, where links are followed; what is missing of the way is made, and the target itself. */
  | { op: "attach"; mount: number; target: string }
  /** A tmpfs there, in a folder that is made likewise. tmpfs(5) */
  | { op: "tmpfs"; target: string; flags: number; data: string }
  /** Nothing is written any more through the mount whose root `target` is, a folder; what is mounted below it stays as it is. */
  | { op: "read-only"; target: string }
  /** A terminal of the container's devpts, bound to that file, whose other end the monitor keeps. */
  | { op: "console"; target: string }
  /** `files[file]`, written into `folder`, a tmpfs, and mounted from there at `target`, as `attach` does. */
  | { op: "give"; file: number; folder: string; target: string }
  /** Takes off what is mounted there, and removes the folder. */
  | { op: "unmount"; target: string }
  /** `mkdir -p` inside the root, where links are followed. */
  | { op: "folder"; target: string }

/**
 * A mount that the monitor copies with its caller's rights, for the container alone: open_tree(2), then mount_setattr(2). `flags`:
 * MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, and MS_REC for what is mounted below `source`; `propagation`: MS_PRIVATE or MS_SLAVE.
 * `idmapped`: what belongs to id n of the file system shows as the container's id n.
 */
export interface MountCopy {
  source: string
  flags: number
  propagation: number
  idmapped: boolean
}

/** `mkdir -m MODE PATH; chown UID:GID PATH`: being there is fine. With `link` it is a symbolic link to that, which has no mode. */
export interface PreparedEntry {
  path: string
  mode: number
  uid: number
  gid: number
  link?: string
  /** Only where the one before it was made now: what a container has had already is its own. */
  fresh?: true
}

export interface GivenFile {
  uid: number
  gid: number
  mode: number
  readOnly: boolean
  bytes: Uint8Array
}

/** What a monitor is told: all it needs to make one container. native/monitor/record.h */
export interface LaunchRecord {
  /** What `ps` shows: `stack-monitor lab container.web`. */
  title: string
  /** The run folder: the monitor writes `log`, `state` there. It exists. */
  runDir: string
  /** `new`, `host`, or the path of an nsfs file to join. */
  namespaces: { readonly [K in NamespaceKind]: string }
  /** Text for /proc/PID/uid_map and gid_map; "" without a new user namespace. */
  uidMap: string
  gidMap: string
  /** Folder on cgroup2 that the container's process is born in (CLONE_INTO_CGROUP); "" without. */
  cgroup2: string
  /** v1 folders whose `tasks` the container's process enters by writing `0` itself. */
  cgroups1: readonly string[]
  /** Folder the monitor itself lives in: on cgroup2 (born there), or v1 folders (enters by `tasks`). */
  monitorCgroup2: string
  monitorCgroups1: readonly string[]
  /** Made by the monitor as the caller, before clone, in their order. */
  prepare: readonly PreparedEntry[]
  /** Opened O_PATH by the monitor before clone, so that the child finds them at /proc/self/fd/{100 + i} whatever it may not traverse. */
  openPaths: readonly string[]
  setup: readonly SetupOp[]
  /** At most 256; the `attach` operations name them by their place in this list. */
  mounts: readonly MountCopy[]
  /** For the `give` operations. Ids are the container's. */
  files: readonly GivenFile[]
  /** Ids inside the container. */
  uid: number
  gid: number
  groups: readonly number[]
  /** Bit mask of CAP_* kept in bounding, permitted and effective sets (decimal string of 64 bits); inheritable and ambient are empty. */
  capabilities: string
  noNewPrivileges: boolean
  /** As setrlimit(2): resource number, soft, hard (decimal strings; `max`). */
  rlimits: readonly { resource: number; soft: string; hard: string }[]
  /** -1000 to 1000. proc_pid_oom_score_adj(5) */
  oomScoreAdj: number
  /** What binds the command: struct sock_filter[], and SECCOMP_FILTER_FLAG_*; null: nothing does. seccomp(2) */
  filter: { program: Uint8Array; flags: number } | null
  /**
   * `reaper`: process 1 is the monitor's program, which starts the command, passes signals on to it and reaps. `systemd`: the command has a
   * console, and its cgroup2 group, to make others below, is given to `owner`, its root's ids on the host.
   */
  init: "" | "reaper" | "systemd"
  owner: { uid: number; gid: number }
  /** Its run folder has a `check`, which the monitor runs now and then. */
  checked?: true
  /** Its run folder has a `launch` once it is parked, by which its command is started again; `giving`: with the `files` of this record, which is kept for them. */
  restarts?: "plain" | "giving"
  cwd: string
  argv: readonly string[]
  env: readonly string[]
}
