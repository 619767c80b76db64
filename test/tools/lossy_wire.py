#!/usr/bin/python3
"""A bad line between two network namespaces: packets are lost, late, doubled and out of order.

    lossy_wire.py NAMESPACE ADDRESS/24 NAMESPACE ADDRESS/24 LOSS DOUBLE DELAY_MS JITTER_MS

Makes a TUN device "bad0" in each and carries packets between them until it is ended; LOSS and DOUBLE are shares of 1. Says "ready", and at its
end how many packets came, were lost and doubled. For machines whose kernel has no netem; needs root.
"""
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def device(namespace, address):
    """A TUN device in that namespace, up, with its address; its file."""
    with open(f"/var/run/netns/{namespace}", "rb") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"bad0", IFF_TUN | IFF_NO_PI))
    for words in (["addr", "add", address, "dev", "bad0"], ["link", "set", "bad0", "up"]):
        subprocess.run(["ip", *words], check=True)
    return fd


def main():
    ends = [device(sys.argv[1], sys.argv[2]), device(sys.argv[3], sys.argv[4])]
    loss, double, delay_s, jitter_s = (float(sys.argv[5]), float(sys.argv[6]), float(sys.argv[7]) / 1000, float(sys.argv[8]) / 1000)
    random.seed(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    late, n, counts = [], 0, {"came": 0, "lost": 0, "doubled": 0}
    print("ready", flush=True)
    try:
        while True:
            wait = max(0.0, late[0][0] - time.monotonic()) if late else None
            for fd in select.select(ends, [], [], wait)[0]:
                packet = os.read(fd, 65536)
                counts["came"] += 1
                copies = 0 if random.random() < loss else 2 if random.random() < double else 1
                counts["lost" if copies == 0 else "doubled"] += copies != 1
                for _ in range(copies):
                    n += 1
                    heapq.heappush(late, (time.monotonic() + delay_s + random.random() * jitter_s, n, ends[1 - ends.index(fd)], packet))
            while late and late[0][0] <= time.monotonic():
                _, _, fd, packet = heapq.heappop(late)
                try:
                    os.write(fd, packet)
                except OSError:
                    pass  # its queue is full: lost as well
    finally:
        print(counts, flush=True)


main()
