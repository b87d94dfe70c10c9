import type { Ran } from "./sandbox.ts"

/** What a container runs that answers at ports: each answer is its own name, the address it was asked from, and the port. */
const SERVER = `
import socket, sys, threading, time
def tcp(port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        while True:
            peer, address = server.accept()
            peer.sendall(said(address, port))
            peer.close()
def udp(port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind(("::", port))
    while True:
        _, address = server.recvfrom(100)
        server.sendto(said(address, port), address)
def said(address, port):
    return f"{sys.argv[1]} {address[0].removeprefix('::ffff:')} {port}".encode()
for word in sys.argv[2:]:
    port, protocol = word.split("/")
    threading.Thread(target={"tcp": tcp, "udp": udp}[protocol], args=(int(port),), daemon=True).start()
time.sleep(1e6)
`

const CLIENT = `
import socket, sys, time
host, port, protocol, patience = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
for attempt in range(40):
    try:
        with socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as peer:
            peer.settimeout(patience)
            peer.connect((host, port))
            if protocol == "udp": peer.send(b"?")
            print(peer.recv(100).decode(), end="")
            break
    except TimeoutError:
        sys.exit("no answer")
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("refused, or no way")
`

/** The command of a container, as JSON, which is YAML: \`ports\` like \`80/tcp\`. */
export function answering(name: string, ...ports: string[]): string {
  return JSON.stringify(["/usr/bin/python3", "-c", SERVER, name, ...ports])
}

/**
 * What answers at an address, asked from where \`run\` runs: \`web 10.20.0.1 80\`; undefined where nothing does. As what answers may just be
 * starting, and the way to it just be coming up, a refusal is none until it was one for four seconds.
 */
export function asked(run: (command: string[]) => Ran, host: string, port: number, protocol = "tcp", patience = 2): string | undefined {
  const { status, stdout } = run(["/usr/bin/python3", "-c", CLIENT, host, String(port), protocol, String(patience)])
  return status === 0 ? stdout : undefined
}

const FETCH = `
import sys, time, urllib.request
for attempt in range(40):
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")
        break
    except OSError as failure:
        time.sleep(0.1)
else:
    sys.exit(f"{failure}")
`

/** What a server of the web gives, fetched from where `run` runs; undefined where nothing does within some seconds. */
export function fetched(run: (command: string[]) => Ran, url: string): string | undefined {
  const { status, stdout } = run(["/usr/bin/python3", "-c", FETCH, url])
  return status === 0 ? stdout : undefined
}
