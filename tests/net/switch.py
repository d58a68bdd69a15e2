"""A switch between TAP devices that loses, delays and separates on command: what tc netem does, without a kernel module.

Arguments: the names of the devices. The last one is the observer's; what goes to or from it is never touched.
Commands, one per line on standard input, each answered by `ok`:
    loss 0.3            share of frames between nodes that is lost
    rate 5000000        bits per second into each node; 0: no bound
    groups 0,1|2,3      nodes of different groups do not reach each other; without an argument all do
"""

import fcntl
import heapq
import os
import random
import selectors
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_MAX = 65536
# A queue longer than this loses what comes in, in seconds.
QUEUE_MAX = 0.4


def tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


ports = [tap(name) for name in sys.argv[1:]]
observer = len(ports) - 1
loss, rate, group = 0.0, 0.0, {}
where = {}  # hardware address -> port
free = [0.0] * len(ports)  # when the link into a port is free again
queue, serial = [], 0  # (when, serial, port, frame)


def write(port, frame):
    try:
        os.write(ports[port], frame)
    except OSError:
        pass  # down, or full: lost


def send(source, target, frame):
    global serial
    if observer not in (source, target):
        if group and group.get(source) != group.get(target):
            return
        if random.random() < loss:
            return
        if rate:
            now = time.monotonic()
            start = max(now, free[target])
            if start - now > QUEUE_MAX:
                return
            free[target] = start + len(frame) * 8 / rate
            serial += 1
            heapq.heappush(queue, (free[target], serial, target, frame))
            return
    write(target, frame)


def command(line):
    global loss, rate, group
    word, _, value = line.strip().partition(" ")
    if word == "loss":
        loss = float(value)
    elif word == "rate":
        rate = float(value)
    elif word == "groups":
        parts = [part for part in value.split("|") if part]
        group = {int(node): index for index, part in enumerate(parts) for node in part.split(",")}
    print("ok", flush=True)


selector = selectors.DefaultSelector()
for port, fd in enumerate(ports):
    selector.register(fd, selectors.EVENT_READ, port)
selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
print("ok", flush=True)
pending = b""
while True:
    timeout = max(0.0, queue[0][0] - time.monotonic()) if queue else None
    for key, _ in selector.select(timeout):
        if key.data is None:
            data = os.read(sys.stdin.fileno(), 4096)
            if not data:
                sys.exit(0)
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                command(line.decode())
            continue
        for _ in range(64):
            try:
                frame = os.read(key.fd, FRAME_MAX)
            except OSError:
                break
            target, source = frame[:6], frame[6:12]
            where[source] = key.data
            known = where.get(target)
            if known is not None and not target[0] & 1:
                send(key.data, known, frame)
            else:
                for port in range(len(ports)):
                    if port != key.data:
                        send(key.data, port, frame)
    now = time.monotonic()
    while queue and queue[0][0] <= now:
        _, _, port, frame = heapq.heappop(queue)
        write(port, frame)
