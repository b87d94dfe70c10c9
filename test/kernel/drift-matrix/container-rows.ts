import { dnsRows } from "./dns-rows.ts"
import { limitRows } from "./limit-rows.ts"
import { mountRows } from "./mount-rows.ts"
import type { AttributeRow, KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const RECORD = "`spec.json` in the run folder"
const OF_A_LIFE = "what a process was started with stays with it as long as it lives"
const web = (words: string) => `nsenter -t $web ${words}`

const GROUP = { address: "container.web", folder: "tier/web", memoryAndSwap: 96, quota: 50_000, cpuset: "1" }

const ALL_FROZEN = Object.fromEntries(["web", "db", "front", "sealed"].map((name) => [`container.${name}`, { frozen: true }]))

export const containerRows: KindRows = {
  kind: "container",
  attributes: [...started(), ...mountRows, ...isolated(), ...powers(), ...inPlace(), ...strayed(), ...limits(), itself()],
}

function started(): AttributeRow[] {
  return [
    {
      attribute: "state",
      read: "the monitor's child, `/proc/PID/stat`; of one that has ended, `state` in the run folder",
      hands: [{ by: "kill -KILL $web", shows: { "container.web": { state: "killed (SIGKILL)" } } }],
    },
    { attribute: "image", read: RECORD, hands: [], never: "a root that is mounted cannot become another one" },
    {
      attribute: "argv",
      read: RECORD,
      hands: [],
      never: `${OF_A_LIFE}; \`/proc/PID/cmdline\` is the process's own to rewrite, and not asked`,
    },
    { attribute: "environment.*", read: RECORD, hands: [], never: OF_A_LIFE },
    { attribute: "working_dir", read: RECORD, hands: [], never: "it is where the command starts: it may go elsewhere" },
    { attribute: "user", read: RECORD, hands: [], never: "it is who the command starts as: no one else can change its ids" },
    { attribute: "group_add", read: RECORD, hands: [], never: "it is who the command starts as: no one else can change its ids" },
    { attribute: "init", read: RECORD, hands: [], never: OF_A_LIFE },
    { attribute: "stop_signal", read: RECORD, hands: [], never: "no kernel object holds it: it is for who ends the container" },
    { attribute: "stop_grace_period", read: RECORD, hands: [], never: "no kernel object holds it: it is for who ends the container" },
    {
      attribute: "restart",
      read: "`launch` in the run folder, which its monitor heeds",
      hands: [{ by: "rm /run/stack/lab/sealed/launch", shows: { "container.sealed": { restart: "no" } } }],
    },
    {
      attribute: "restart_files",
      read: RECORD,
      hands: [],
      never: "it is what its monitor was launched to keep: the files of its secrets and configs",
    },
    { attribute: "labels.*", read: RECORD, hands: [], never: "no kernel object holds them" },
    { attribute: "depends_on", read: RECORD, hands: [], never: "no kernel object holds it" },
    { attribute: "conditions.*", read: RECORD, hands: [], never: "no kernel object holds it" },
    {
      attribute: "healthcheck.test",
      read: "`check` in the run folder, by which its monitor runs it; the words in it, which nobody writes by hand: the record of the last apply",
      hands: [{ by: "rm /run/stack/lab/sealed/check", shows: { "container.sealed": { "healthcheck.test": ["NONE"] } } }],
    },
    ...["watched", "interval", "timeout", "retries", "start_period", "start_interval"].map((key) => ({
      attribute: `healthcheck.${key}`,
      read: RECORD,
      hands: [],
      never: "no kernel object holds it: it is the monitor's to run",
    })),
  ]
}

function isolated(): AttributeRow[] {
  const once = "the kernel takes a map once (user_namespaces(7))"
  return [
    { attribute: "uid_map", read: "`/proc/PID/uid_map`", hands: [], never: once },
    { attribute: "gid_map", read: "`/proc/PID/gid_map`", hands: [], never: once },
    {
      attribute: "namespaces.*",
      read: "`/proc/PID/ns/*`, beside the host's and those of the other containers",
      hands: [],
      never: "a process is moved to another namespace by nobody but itself (setns(2)), for which a container has no privilege",
    },
  ]
}

function powers(): AttributeRow[] {
  return [
    {
      attribute: "capabilities",
      read: "`/proc/PID/status`, `CapBnd` and `CapPrm`",
      hands: [],
      never: "a process can put its own away, which is no drift, and nobody can give it any (capabilities(7))",
    },
    {
      attribute: "no_new_privileges",
      read: "`/proc/PID/status`, `NoNewPrivs`",
      hands: [],
      never: "the kernel lets nobody take it away (prctl(2)); a process that sets it itself gives power up, which is no drift",
    },
    {
      attribute: "seccomp",
      read: "`/proc/PID/status`, `Seccomp`; which filter, in `spec.json`",
      hands: [],
      never: "a filter stays with a process as long as it lives, and only it can add another (seccomp(2))",
    },
    { attribute: "unmask", read: RECORD, hands: [], never: "what is mounted on /proc and /sys is mounted when a container is started" },
    { attribute: "all_devices", read: RECORD, hands: [], never: "it is a wish: that nothing holds the group to some devices" },
    {
      attribute: "devices",
      read: RECORD,
      hands: [],
      never: "nodes are mounted when a container is started; whether they may be used is below",
    },
    {
      attribute: "device_program",
      read: "`BPF_PROG_QUERY` of its group, and the program's name, which has a digest of what it allows; where there is no cgroup2, `devices.list`",
      hands: [
        {
          by: "python3 $support/detach-devices.py $cgroup2/tier/web",
          shows: { "container.web": { device_program: "absent" } },
          needs: "unified",
        },
      ],
    },
    {
      attribute: "ulimits.*",
      read: "`/proc/PID/limits`",
      hands: [
        { by: "prlimit --pid $web --nofile=256:", shows: { "container.web": { "ulimits.nofile": { soft: 256, hard: 2048 } } } },
        { by: "prlimit --pid $web --nofile=2048:", shows: { "container.web": { "ulimits.nofile": { soft: 2048, hard: 2048 } } } },
      ],
    },
    {
      attribute: "oom_score_adj",
      read: "`/proc/PID/oom_score_adj`",
      hands: [{ by: "echo 300 > /proc/$web/oom_score_adj", shows: { "container.web": { oom_score_adj: 300 } } }],
    },
  ]
}

function inPlace(): AttributeRow[] {
  return [
    {
      attribute: "hostname",
      read: "in its uts namespace: `/proc/sys/kernel/hostname`",
      hands: [{ by: web("-u hostname pirate"), shows: { "container.web": { hostname: "pirate" } } }],
    },
    {
      attribute: "hosts",
      read: "`/proc/PID/root/etc/hosts`: which file it is, of a container that is to see one of the stack's",
      hands: [
        { by: web("-m -p umount /etc/hosts"), shows: { "container.web": { hosts: "another" } } },
        { by: "nsenter -t $sealed -m -p umount /etc/hosts", shows: { "container.sealed": { hosts: "another" } } },
      ],
    },
    ...dnsRows,
    {
      attribute: "loopback",
      read: "in its network namespace: `RTM_GETLINK`, `IFF_UP` of `lo`",
      hands: [{ by: web("-n ip link set lo down"), shows: { "container.web": { loopback: "down" } } }],
    },
    {
      attribute: "frozen",
      read: "`cgroup.freeze` of its group, of the stack's, and of its monitors'; where its process sleeps undisturbed, `freezer.state` of the group in v1's freezer",
      hands: [
        { by: "echo 1 > $cgroup2/tier/web/cgroup.freeze", shows: { "container.web": { frozen: true } }, needs: "unified" },
        { by: "echo 1 > $cgroup2/cgroup.freeze", shows: ALL_FROZEN, needs: "unified" },
        { by: "echo 1 > $cgroup2/.monitor/cgroup.freeze", shows: ALL_FROZEN, needs: "unified" },
        {
          by: "mkdir -p $freezer/held; echo $web > $freezer/held/cgroup.procs; echo FROZEN > $freezer/held/freezer.state",
          shows: { "container.web": { frozen: true } },
          needs: "v1 freezer",
        },
      ],
    },
    {
      attribute: "stopped",
      read: "`/proc/PID/status` of its first process: `State`",
      hands: [
        {
          by: "kill -STOP $web; until grep -q '^State:.T' /proc/$web/status; do sleep 0.02; done",
          shows: { "container.web": { stopped: true } },
        },
      ],
    },
    {
      attribute: "routes",
      read: "in its network namespace: `RTM_GETROUTE`, protocol 115",
      hands: [
        { by: web("-n ip route del 10.9.0.0/16"), shows: { "container.web": { routes: [] } } },
        {
          by: web("-n ip route replace 10.9.0.0/16 via 10.20.0.253 proto 115"),
          shows: { "container.web": { routes: [{ to: "10.9.0.0/16", via: "10.20.0.253", dev: "eth0" }] } },
        },
        {
          by: web("-n ip route add 10.8.0.0/16 via 10.20.0.253 proto 115"),
          shows: {
            "container.web": {
              routes: [
                { to: "10.8.0.0/16", via: "10.20.0.253", dev: "eth0" },
                { to: "10.9.0.0/16", via: "10.20.0.254" },
              ],
            },
          },
        },
      ],
    },
    {
      attribute: "rules",
      read: "in its network namespace: `RTM_GETRULE`, `FRA_PROTOCOL` 115; of containers that have some",
      hands: [
        { by: web("-n ip rule del from 10.20.0.0/24 priority 1000"), shows: { "container.web": { rules: [] } } },
        {
          by: web("-n ip rule add priority 5 from 10.66.0.0/16 table 9 protocol 115"),
          shows: {
            "container.web": {
              rules: [
                { priority: 5, from: "10.66.0.0/16", table: 9 },
                { priority: 1000, from: "10.20.0.0/24", table: 100 },
              ],
            },
          },
        },
      ],
    },
    {
      attribute: "neighbours",
      read: "in its network namespace: `RTM_GETNEIGH`, `NDA_PROTOCOL` 115, permanent ones and proxies; of containers that have some",
      hands: [
        { by: web("-n ip neigh del 10.50.0.77 dev up0"), shows: { "container.web": { neighbours: [] } } },
        {
          by: web("-n ip neigh replace 10.50.0.77 lladdr 02:00:00:00:00:99 dev up0 nud permanent"),
          shows: { "container.web": { neighbours: [{ to: "10.50.0.77", dev: "up0", lladdr: "02:00:00:00:00:99" }] } },
        },
      ],
    },
    {
      attribute: "sysctls.*",
      read: "in its network or ipc namespace: the file below `/proc/sys`",
      hands: [
        {
          by: web("-n sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'"),
          shows: { "container.web": { "sysctls.net.ipv4.ip_forward": "0" } },
        },
        {
          by: web("-U -i sh -c 'echo 4096 > /proc/sys/kernel/msgmax'"),
          shows: { "container.web": { "sysctls.kernel.msgmax": "4096" } },
        },
      ],
    },
  ]
}

function limits(): AttributeRow[] {
  const rows = limitRows(GROUP)
  // A limit holds for a process only in the group that has it.
  const away = { by: "echo $web > $pids/../../cgroup.procs", shows: { "container.web": { "limits.pids": null } }, needs: "v1 pids" }
  return rows.map((row) => (row.attribute === "limits.pids" ? { ...row, hands: [...row.hands, away] } : row))
}

function strayed(): AttributeRow[] {
  const none = limitRows(GROUP).map(({ attribute }) => [attribute, null] as const)
  return [
    {
      attribute: "cgroup",
      read: "`/proc/PID/cgroup`, the holding hierarchy",
      hands: [
        {
          by: "echo $web > $cgroup2/bare/cgroup.procs",
          shows: { "container.web": { cgroup: "/stack/lab/bare", ...Object.fromEntries(none) } },
          needs: "unified",
        },
        {
          by: "echo $web > $cgroup2/db/cgroup.procs",
          shows: { "container.web": { cgroup: "/stack/lab/db", ...Object.fromEntries(none) } },
          needs: "unified",
        },
        {
          by: "echo $db > $cgroup2/bare/cgroup.procs",
          shows: { "container.db": { cgroup: "/stack/lab/bare", "limits.pids": null } },
          needs: "unified",
        },
      ],
    },
  ]
}

function itself(): AttributeRow {
  return {
    attribute: ITSELF,
    read: "the monitors in the group `…/stack/STACK/.monitor`",
    hands: [
      {
        by: "kill -KILL $web_monitor; while ip link show lab-web-eth0 || ip link show web-up0; do sleep 0.02; done",
        shows: {
          ...{
            "container.web": "broken",
            "interface.web.eth0": "gone along",
            "interface.web.mv0": "gone along",
            "interface.web.vx0": "gone along",
            ...Object.fromEntries(
              ["tp0", "blue", "eth2", "eth3", "eth4", "bond0", "wg0"].map((name) => [`interface.web.${name}`, "gone along"] as const),
            ),
          },
          ...{ "veth.core": "gone along", "veth.uplink": "gone along" },
        },
        needs: "macvlan",
      },
    ],
  }
}
