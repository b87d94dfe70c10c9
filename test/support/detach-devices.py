"""Takes every device program off a group, as `bpftool cgroup detach` does: bpf(2), BPF_PROG_QUERY, BPF_PROG_GET_FD_BY_ID, BPF_PROG_DETACH."""
import ctypes, os, platform, struct, sys

CALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
QUERY, GET_FD_BY_ID, DETACH = 16, 13, 9
DEVICE = 6
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    result = libc.syscall(CALL, command, attr, len(attr))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


group = os.open(sys.argv[1], os.O_RDONLY)
ids = (ctypes.c_uint32 * 64)()
query = ctypes.create_string_buffer(struct.pack("<IIIIQI", group, DEVICE, 0, 0, ctypes.addressof(ids), 64), 64)
bpf(QUERY, query)
for number in range(struct.unpack_from("<I", query, 24)[0]):
    program = bpf(GET_FD_BY_ID, ctypes.create_string_buffer(struct.pack("<I", ids[number]), 64))
    bpf(DETACH, ctypes.create_string_buffer(struct.pack("<III", group, program, DEVICE), 64))
