/** How programs inside instances open a connection on whichever plane: past the proxy a bare socket leads nowhere. */

/**
 * The text of a function `dial(port, host)` for Node programs. It gives a socket as `net.connect` does; where there is a
 * proxy, by a tunnel through it (its event "connect" is then that of the proxy). What the proxy refuses fails with
 * ECONNREFUSED where something says no (502), else with ETIMEDOUT.
 */
export const dialText = `
  function dial(port, host) {
    const net = require("node:net");
    const proxy = process.env.HTTP_PROXY && new URL(process.env.HTTP_PROXY);
    if (!proxy) return net.connect({ port, host });
    const socket = net.connect({ port: proxy.port, host: proxy.hostname });
    const emit = socket.emit.bind(socket), write = socket.write.bind(socket);
    const target = (host.includes(":") ? "[" + host + "]" : host) + ":" + port;
    const token = Buffer.from(proxy.username + ":" + proxy.password).toString("base64");
    write("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\nProxy-Authorization: Basic " + token + "\\r\\n\\r\\n");
    const early = [];
    let head = Buffer.alloc(0);
    socket.write = (...words) => { early.push(words); return true; };
    socket.emit = (name, ...words) => {
      if (name !== "data") return emit(name, ...words);
      head = Buffer.concat([head, words[0]]);
      const end = head.indexOf("\\r\\n\\r\\n");
      if (end < 0) return true;
      const status = head.toString().split(" ")[1], rest = head.subarray(end + 4);
      if (status !== "200") {
        const code = status === "502" ? "ECONNREFUSED" : "ETIMEDOUT";
        return socket.destroy(Object.assign(new Error(rest.toString()), { code }));
      }
      Object.assign(socket, { emit, write });
      for (const one of early) write(...one);
      return rest.length === 0 || emit("data", rest);
    };
    return socket.resume();
  }`;
