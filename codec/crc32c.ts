/** Tables of 256 words: table `k` advances a byte over `k` zero bytes that follow it. */
const TABLES = makeTables()

/**
 * The CRC-32C (Castagnoli) of `bytes[from, to)`, unsigned. `seed` is the checksum of what lies before them, so that
 * `crc32c(b, crc32c(a))` is that of `a` and `b` in a row. Checks checkpoint files; Kafka's record batches use the same one.
 *
 * Eight bytes a turn ("slicing by 8").
 */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to = bytes.length): number {
  const t = TABLES
  let crc = ~seed
  let i = from
  for (const end = to - 7; i < end; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    crc =
      t[1792 + (crc & 0xff)] ^
      t[1536 + ((crc >>> 8) & 0xff)] ^
      t[1280 + ((crc >>> 16) & 0xff)] ^
      t[1024 + (crc >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]]
  }
  for (; i < to; i++) crc = t[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    // The polynomial, lowest power first.
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[n] = crc
  }
  for (let n = 256; n < 8 * 256; n++) {
    const before = tables[n - 256]
    tables[n] = tables[before & 0xff] ^ (before >>> 8)
  }
  return tables
}
