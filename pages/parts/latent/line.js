/* One WebSocket to the server. Of each kind of request only the newest waits; a lost connection is taken up again. */

const HEADER_BYTES = 16;
const SLOWEST_RETRY = 8000; // milliseconds, as all times here
// How many of a kind may be on their way: the next picture is drawn while the last one travels.
const AHEAD = { picture: 2 };
// The server closes on those who send more than 200 messages a second; all kinds together stay below.
const PAUSE = { picture: 10 };
const PAUSE_OF_OTHERS = 60;

/* Routes lie beside the pages, wherever a proxy serves the app. */
function socketAddress(path) {
  const address = new URL(location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.pathname = address.pathname.replace(/\/+$/, "").replace(/[^/]*$/, "") + path;
  address.search = address.hash = "";
  return address.href;
}

class Line {
  /* hear: { up(), down(), file({kind, number, images, bytes}), message(object) } */
  constructor(path, kinds, hear) {
    this.path = path;
    this.kinds = kinds;
    this.hear = hear;
    this.number = 0;
    this.lanes = new Map(kinds.map((kind) => [kind, { kind, waiting: null, flying: [], next: 0, timer: 0 }]));
    this.failures = 0;
    this.connect();
  }

  connect() {
    const socket = new WebSocket(socketAddress(this.path));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.failures = 0;
      this.hear.up();
      for (const kind of this.kinds) this.flush(kind);
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.message(JSON.parse(data)) : this.file(data));
    socket.onclose = () => {
      for (const lane of this.lanes.values()) lane.flying = [];
      this.hear.down();
      const wait = Math.min(SLOWEST_RETRY, 250 * 2 ** this.failures++);
      this.retry = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
    };
    this.socket = socket;
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /* Ask as soon as there is room; what waits of the same kind is forgotten. */
  ask(kind, request) {
    this.lanes.get(kind).waiting = request;
    this.flush(kind);
  }

  flush(kind) {
    const lane = this.lanes.get(kind);
    if (!this.open || !lane.waiting || lane.flying.length >= (AHEAD[kind] ?? 1)) return;
    const now = performance.now();
    if (now < lane.next) {
      lane.timer ||= setTimeout(() => {
        lane.timer = 0;
        this.flush(kind);
      }, lane.next - now);
      return;
    }
    lane.next = now + (PAUSE[kind] ?? PAUSE_OF_OTHERS);
    const request = { ...lane.waiting, kind, number: ++this.number };
    lane.waiting = null;
    lane.flying.push(request.number);
    this.socket.send(JSON.stringify(request));
  }

  /* The server leaves out what is older than what it answers. */
  answered(kind, number) {
    const lane = this.lanes.get(kind);
    if (!lane) return;
    lane.flying = lane.flying.filter((other) => other > number);
    this.flush(kind);
  }

  file(data) {
    const header = new DataView(data);
    const kind = this.kinds[header.getUint8(0) - 1];
    const number = header.getUint32(4, true);
    this.hear.file({ kind, number, images: Number(header.getBigUint64(8, true)), bytes: data.slice(HEADER_BYTES) });
    this.answered(kind, number);
  }

  message(message) {
    this.hear.message(message);
    this.answered(message.of ?? message.kind, message.number ?? Infinity);
  }

  close() {
    clearTimeout(this.retry);
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
    const { socket } = this;
    socket.onmessage = socket.onclose = null;
    // Closed before it opened, a browser complains in its console.
    socket.onopen = () => socket.close();
    if (socket.readyState === WebSocket.OPEN) socket.close();
  }
}
