/** So many tables of 256 words: table `k` advances a byte over `k` zero bytes that follow it. */
const SLICES = 16
const TABLES = makeTables()

/** Below so many bytes, to make a view of words costs more than it saves. */
const WORDS_FROM = 256

/** Words are read as the machine has them. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/**
 * The CRC-32C (Castagnoli) of `bytes[from, to)`, unsigned. `seed` is the checksum of what lies before them, so that
 * `crc32c(b, crc32c(a))` is that of `a` and `b` in a row. Checks checkpoint files; Kafka's record batches use the same one.
 *
 * Sixteen bytes a turn ("slicing by 16"), loaded as four words.
 */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to = bytes.length): number {
  let crc = ~seed
  let i = from
  if (to - from >= WORDS_FROM && LITTLE_ENDIAN) {
    const aligned = from + (-(bytes.byteOffset + from) & 3)
    crc = crcOfBytes(bytes, crc, from, aligned)
    const words = (to - aligned) >>> 4
    crc = crcOfWords(new Int32Array(bytes.buffer, bytes.byteOffset + aligned, 4 * words), crc)
    i = aligned + 16 * words
  }
  return ~crcOfBytes(bytes, crc, i, to) >>> 0
}

function crcOfBytes(bytes: Uint8Array, before: number, from: number, to: number): number {
  const t = TABLES
  let crc = before
  for (let i = from; i < to; i++) crc = t[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return crc
}

/** Of a multiple of four words. */
function crcOfWords(words: Int32Array, before: number): number {
  const t = TABLES
  let crc = before
  for (let i = 0; i < words.length; i += 4) {
    const a = words[i] ^ crc
    const b = words[i + 1]
    const c = words[i + 2]
    const d = words[i + 3]
    crc =
      t[3840 + (a & 0xff)] ^
      t[3584 + ((a >>> 8) & 0xff)] ^
      t[3328 + ((a >>> 16) & 0xff)] ^
      t[3072 + (a >>> 24)] ^
      t[2816 + (b & 0xff)] ^
      t[2560 + ((b >>> 8) & 0xff)] ^
      t[2304 + ((b >>> 16) & 0xff)] ^
      t[2048 + (b >>> 24)] ^
      t[1792 + (c & 0xff)] ^
      t[1536 + ((c >>> 8) & 0xff)] ^
      t[1280 + ((c >>> 16) & 0xff)] ^
      t[1024 + (c >>> 24)] ^
      t[768 + (d & 0xff)] ^
      t[512 + ((d >>> 8) & 0xff)] ^
      t[256 + ((d >>> 16) & 0xff)] ^
      t[d >>> 24]
  }
  return crc
}

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    // The polynomial, lowest power first.
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[n] = crc
  }
  for (let n = 256; n < SLICES * 256; n++) {
    const before = tables[n - 256]
    tables[n] = tables[before & 0xff] ^ (before >>> 8)
  }
  return tables
}
