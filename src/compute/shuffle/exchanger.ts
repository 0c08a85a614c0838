import type { OutputFile } from './output-file.ts'

/** Takes the records of one task and leaves them in an output file, each in its partition. */
export interface Exchanger {
  add(record: unknown): void
  /** What is still held goes to the file. */
  finish(): void
}

/** Tasks of a stage run one after the other on a thread: each begins when the one before has finished or failed. */
export type CreateExchanger = (file: OutputFile) => Exchanger
