/**
 * What makes servers written in Python reachable by other instances, as `preload.ts` does for Node: it is loaded into every
 * Python as the module `sitecustomize`. Clients need nothing: Python honours proxy settings by itself.
 */

/** The text of `sitecustomize.py`. */
export const pythonText = `
import os
import sys


def install():
    import errno
    import socket
    import weakref

    # By socket: the address that the program asked for, and whether it is a loopback address.
    asked = weakref.WeakKeyDictionary()
    told = weakref.WeakKeyDictionary()
    bind, listen, getsockname = socket.socket.bind, socket.socket.listen, socket.socket.getsockname

    loopback = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
    everywhere = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}

    def bind_here(one, address):
        if one.family not in loopback or one.type != socket.SOCK_STREAM:
            return bind(one, address)
        host, port = address[0], address[1]
        is_loopback = host in ("localhost", "::1") or host.startswith("127.")
        bind(one, address if is_loopback else (loopback[one.family], 0))
        real = getsockname(one)
        shown = (host or everywhere[one.family], port or real[1], *real[2:])
        asked[one] = (shown, is_loopback)

    def tell(port, at, host, reach):
        import base64
        import urllib.parse

        proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
        credentials = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        query = urllib.parse.urlencode({"port": port, "at": at, "host": host, "reach": reach})
        head = [
            f"POST /listen?{query} HTTP/1.1",
            "Host: proxy",
            "Content-Length: 0",
            f"Proxy-Authorization: Basic {credentials}",
        ]
        line = socket.create_connection((proxy.hostname, proxy.port))
        line.sendall("".join(part + "\\r\\n" for part in [*head, ""]).encode())
        answer = b""
        while b"\\r\\n\\r\\n" not in answer:
            part = line.recv(4096)
            if part == b"":
                break
            answer += part
        return line, answer.split(b" ")[1:2] == [b"409"]

    def listen_here(one, *words):
        listen(one, *words)
        if one not in asked or one in told:
            return
        (address, is_loopback) = asked[one]
        real = getsockname(one)
        try:
            # Held as long as the socket is: when it closes the server is gone.
            told[one], taken = tell(address[1], real[1], loopback[one.family], "loopback" if is_loopback else "any")
        except OSError:
            return
        if taken:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    def name_here(one):
        return asked[one][0] if one in asked else getsockname(one)

    socket.socket.bind = bind_here
    socket.socket.listen = listen_here
    socket.socket.getsockname = name_here


# Another module of this name, which this one hides.
def load_hidden():
    import importlib.machinery
    import importlib.util

    own = os.path.dirname(os.path.abspath(__file__))
    others = [one for one in sys.path if os.path.abspath(one or ".") != own]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if "HTTPS_PROXY" in os.environ:
    install()
load_hidden()
`;
