import type { Comparison, Profile, Rule } from "./profile.ts"

const EPERM = 1
const ENOSYS = 38

/** What any program may ask for. What is on the machine and not in a namespace, and what attacks on kernels have come by, is not here. */
const EVERYBODY = {
  files: `read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close close_range lseek dup dup2
    dup3 fcntl flock fsync fdatasync sync syncfs sync_file_range truncate ftruncate fallocate fadvise64 readahead copy_file_range sendfile splice
    tee vmsplice cachestat access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs chmod fchmod fchmodat fchmodat2 chown
    fchown lchown fchownat umask utime utimes utimensat futimesat link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename
    renameat renameat2 mkdir mkdirat rmdir mknod mknodat getdents getdents64 getcwd chdir fchdir name_to_handle_at setxattr lsetxattr fsetxattr
    getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr`,
  waiting: `poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd
    signalfd4 timerfd_create timerfd_settime timerfd_gettime inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark pipe
    pipe2 io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents`,
  memory: `mmap munmap mremap mprotect msync mincore madvise mlock mlock2 munlock mlockall munlockall brk remap_file_pages memfd_create
    memfd_secret membarrier map_shadow_stack mseal pkey_mprotect pkey_alloc pkey_free`,
  processes: `fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid setpgid getpgrp getsid setsid prctl
    arch_prctl modify_ldt set_thread_area get_thread_area set_tid_address ptrace process_vm_readv process_vm_writev process_mrelease pidfd_open
    pidfd_send_signal rseq restart_syscall seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr
    lsm_set_self_attr lsm_list_modules getrandom getcpu uname sysinfo times getrusage getrlimit setrlimit prlimit64 uretprobe`,
  identity: `getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid setresgid getresuid getresgid setfsuid setfsgid
    getgroups setgroups capget capset`,
  scheduling: `sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_setattr sched_getattr sched_setaffinity
    sched_getaffinity sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority setpriority ioprio_set ioprio_get futex
    futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list`,
  signals: `kill tkill tgkill pause alarm sigaltstack rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_sigqueueinfo rt_tgsigqueueinfo`,
  clocks: `time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer timer_create timer_settime
    timer_gettime timer_getoverrun timer_delete adjtimex clock_adjtime`,
  sockets: `socket socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt shutdown sendto sendmsg sendmmsg
    recvfrom recvmsg recvmmsg`,
  messages: `shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
    mq_timedreceive mq_notify mq_getsetattr`,
  devices: "ioctl",
}

/** What a capability is good for, and is let through with it. */
const WITH: { readonly [capability: string]: string } = {
  DAC_READ_SEARCH: "open_by_handle_at",
  SYS_ADMIN: `mount umount2 move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr pivot_root statmount listmount unshare setns clone
    clone3 sethostname setdomainname bpf perf_event_open fanotify_init quotactl quotactl_fd lookup_dcookie syslog`,
  SYS_BOOT: "reboot",
  SYS_CHROOT: "chroot",
  SYS_MODULE: "init_module finit_module delete_module",
  SYS_PACCT: "acct",
  SYS_PTRACE: "kcmp pidfd_getfd process_madvise",
  SYS_RAWIO: "iopl ioperm",
  SYS_TIME: "settimeofday clock_settime",
  SYS_TTY_CONFIG: "vhangup",
  SYS_NICE: "mbind get_mempolicy set_mempolicy set_mempolicy_home_node",
  SYSLOG: "syslog",
  BPF: "bpf",
  PERFMON: "perf_event_open",
}

/**
 * CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: in a user namespace of its own any process has every capability over
 * it, and so reaches what only root may otherwise. clone(2)
 */
const NEW_NAMESPACES = 0x7e02_0000

/** A parameter that the kernel takes as 32 bits: what stands above them must not hide it. */
const isInt = (index: number, value: number): Comparison => ({ index, op: "masked", mask: String(0xffff_ffff), value: String(value) })

/** Puts a byte into the input of its terminal; on a console, its selection. ioctl_tty(2), ioctl_console(2) */
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
/** Reaches the hypervisor, by no network namespace's way. vsock(7) */
const AF_VSOCK = 40
/** PER_LINUX, PER_LINUX32, each with UNAME26 or without, and the question which it is. personality(2) */
const PERSONALITIES = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]

/** The filter of a container that has these capabilities: an allow list of the shape of Docker's. */
export function defaultProfile(capabilities: readonly string[]): Profile {
  const allowed = [...Object.values(EVERYBODY), ...capabilities.map((name) => WITH[name] ?? "")]
  const names = [...new Set(allowed.flatMap((text) => text.trim().split(/\s+/)).filter(Boolean))]
  const rules: Rule[] = [
    { names, action: "allow" },
    ...[TIOCSTI, TIOCLINUX].map((request): Rule => ({ names: ["ioctl"], action: `errno:${EPERM}`, args: [isInt(1, request)] })),
    { names: ["socket"], action: `errno:${EPERM}`, args: [isInt(0, AF_VSOCK)] },
    ...PERSONALITIES.map((one): Rule => ({ names: ["personality"], action: "allow", args: [isInt(0, one)] })),
  ]
  return { otherwise: `errno:${EPERM}`, rules: capabilities.includes("SYS_ADMIN") ? rules : [...rules, ...withoutNamespaces()] }
}

/** The flags of clone3 are in memory, where no filter can look: a C library that does not find it takes clone. */
function withoutNamespaces(): Rule[] {
  const none: Comparison = { index: 0, op: "masked", mask: String(NEW_NAMESPACES), value: "0" }
  return [
    { names: ["clone"], action: "allow", args: [none] },
    { names: ["clone3"], action: `errno:${ENOSYS}` },
  ]
}
