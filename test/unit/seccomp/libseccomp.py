"""Filters as libseccomp makes them: one JSON object a line in, {bpf, unknown} a line out. Exit status 77: it is not installed.

In: {"arch": "x86_64", "default": ACTION, "rules": [{"name", "action", "args": [[index, op, a, b]]}]}, numbers as the kernel's.
"""
import base64, ctypes, json, os, sys

try:
    lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
except OSError:
    sys.exit(77)


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_release.argtypes = [ctypes.c_void_p]
lib.seccomp_arch_resolve_name.restype = ctypes.c_uint32
lib.seccomp_arch_add.argtypes = lib.seccomp_arch_remove.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
lib.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
lib.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
lib.seccomp_rule_add_exact_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Compare)]
lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]

KILL_PROCESS = 0x80000000
ACT_BADARCH = 2
NATIVE = 0


def check(what, result):
    if result < 0:
        raise SystemExit(f"{what}: {result}")


def build(wanted):
    arch = lib.seccomp_arch_resolve_name(wanted["arch"].encode())
    context = lib.seccomp_init(wanted["default"])
    check("badarch", lib.seccomp_attr_set(context, ACT_BADARCH, KILL_PROCESS))
    if lib.seccomp_arch_add(context, arch) >= 0:
        check("remove", lib.seccomp_arch_remove(context, NATIVE))
    unknown = []
    for rule in wanted["rules"]:
        name = rule["name"].encode()
        # A rule names a call by its number on this machine, whatever machine the filter is for.
        number = lib.seccomp_syscall_resolve_name(name)
        if number < 0 or lib.seccomp_syscall_resolve_name_arch(arch, name) < 0:
            unknown.append(rule["name"])
            continue
        args = (Compare * len(rule["args"]))(*[Compare(i, op, int(a), int(b)) for i, op, a, b in rule["args"]])
        # -EEXIST: the same rule twice
        result = lib.seccomp_rule_add_exact_array(context, rule["action"], number, len(rule["args"]), args)
        if result != -17:
            check(f"rule {rule}", result)
    file = os.memfd_create("bpf")
    check("export", lib.seccomp_export_bpf(context, file))
    bpf = os.pread(file, 1 << 20, 0)
    os.close(file)
    lib.seccomp_release(context)
    return {"bpf": base64.b64encode(bpf).decode(), "unknown": unknown}


for line in sys.stdin:
    print(json.dumps(build(json.loads(line))))
