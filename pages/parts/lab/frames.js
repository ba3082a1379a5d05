/* What comes over the socket: a header as JSON, then arrays of bytes (254 is 1, 255 is not known) or of int16 (in 8192ths). */

const UNIT = 8192;

function readFrame(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const arrays = {};
  for (const [name, kind, shape] of header.arrays) {
    const count = shape.reduce((product, side) => product * side, 1);
    if (kind === "u8") {
      const values = new Uint8Array(buffer, at, count);
      arrays[name] = shape.length === 2 ? { side: shape[0], values } : Float32Array.from(values, (value) => value / SHARE);
      at += Math.ceil(count / 4) * 4;
    } else {
      const values = Float32Array.from(new Int16Array(buffer, at, count), (value) => value / UNIT);
      arrays[name] = name === "manifold" ? { side: shape[0], flat: shape.length === 2, values } : values;
      at += Math.ceil(count / 2) * 4;
    }
  }
  return { ...header, arrays };
}
