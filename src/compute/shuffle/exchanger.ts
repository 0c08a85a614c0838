/** Takes the records of one task and leaves them in an output file, each in its partition. */
export interface Exchanger {
  add(record: unknown): void
  /** What is still held goes to the file. */
  finish(): void
}
