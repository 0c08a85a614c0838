import type { CsvFormat } from '../dataset/plan.ts'

/** Files, objects and addresses to read, and as what. */
export interface FilesSource {
  readonly patterns: readonly string[]
  /** The largest range of a file that one task reads. */
  readonly blockBytes: number
  readonly format: FileFormat
  readonly s3?: S3Options
}

export type FileFormat =
  /** Pieces of text of at most so many bytes, cut between lines. */
  | { readonly kind: 'text'; readonly recordBytes: number }
  /** A record is a whole file. */
  | { readonly kind: 'whole' }
  /** A record is a whole file with its path. */
  | { readonly kind: 'binary' }
  | { readonly kind: 'csv'; readonly format: CsvFormat }
  | { readonly kind: 'parquet'; readonly columns?: readonly string[]; readonly malformed: 'fail' | 'skip' }
  | { readonly kind: 'arrow' }

/** How objects are reached. What is absent is taken from the usual variables of the environment (`AWS_...`). */
export interface S3Options {
  /** Of the server: `http://127.0.0.1:9000`. Default: Amazon's, of the region. */
  readonly endpoint?: string
  readonly region?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
}
