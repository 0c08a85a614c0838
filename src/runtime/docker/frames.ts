/** What a container or command has written, as Docker sends it where no terminal is in between. */
export interface Frame {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Buffer
}

const HEADER_BYTES = 8
const STDERR = 2

/** Takes Docker's frames apart: each has the stream in its first byte and its length in the last four of eight. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let bytes: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUInt32BE(4)
      if (bytes.length < end) break
      yield { stream: bytes[0] === STDERR ? 'stderr' : 'stdout', bytes: bytes.subarray(HEADER_BYTES, end) }
      bytes = bytes.subarray(end)
    }
  }
}
