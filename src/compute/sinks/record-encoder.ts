/** Records of one file into bytes of a format. */
export interface Encoder {
  /** Gives bytes now and then. */
  add(record: unknown): Uint8Array | undefined
  finish(): Uint8Array | undefined
  rows(): number
}
