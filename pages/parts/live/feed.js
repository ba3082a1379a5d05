// A socket that comes back by itself, and says each time anew what it wants to hear of.

class Feed {
  constructor(base, wish, hear, path = "gan/live") {
    const url = new URL(path, base);
    url.protocol = url.protocol.replace("http", "ws");
    Object.assign(this, { url, hear, wishes: wish, wait: 500, closed: false });
    this.open();
  }

  open() {
    const socket = this.socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { this.wait = 500; this.hear({ kind: "open" }); socket.send(JSON.stringify(this.wishes)); };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.hear(typeof data === "string" ? JSON.parse(data) : { kind: "live", data });
    };
    socket.onclose = () => {
      if (this.closed || socket !== this.socket) return;
      this.hear({ kind: "lost" });
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, 8000);
    };
  }

  wish(wish) {
    this.wishes = wish;
    this.say(wish);
  }

  /* Said once, and not again when a lost connection is back. */
  say(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    const { socket } = this;
    // Closed before it opened, a browser complains in its console.
    socket.onopen = () => socket.close();
    if (socket.readyState === WebSocket.OPEN) socket.close();
  }
}
