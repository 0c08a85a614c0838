import type { FilesOptions, TextDataset } from './dataset/dataset.ts'
import type { ImapOptions } from './map/imap.ts'
import type { MapOptions } from './map/map.ts'

/** A session: what a program does its work with. `await using` ends its workers when the program is done with it. */
export interface Shoal extends AsyncDisposable {
  /** The name of the run, under which the cluster lists it. */
  readonly name: string
  /**
   * Applies `fn` to all items on the workers and resolves to the results in the order of the items. Items are sent in
   * chunks whose size follows from what they cost. Rejects with the first error that `fn` throws, as it threw it.
   */
  map<T, R>(
    items: Iterable<T>,
    fn: (item: T, index: number) => R | PromiseLike<R>,
    options?: MapOptions,
  ): Promise<Awaited<R>[]>
  /** The same as a stream: the source is read no faster than results are taken. Leaving the loop stops the work. */
  imap<T, R>(
    items: Iterable<T> | AsyncIterable<T>,
    fn: (item: T, index: number) => R | PromiseLike<R>,
    options?: ImapOptions,
  ): AsyncIterableIterator<Awaited<R>>
  /** The text of the driver's files that match any of the paths or globs. Nothing is read until it is asked for. */
  files(...patterns: readonly string[]): TextDataset
  files(patterns: readonly string[], options: FilesOptions): TextDataset
  /** What the work waits for, one sentence each, with numbers. Empty where nothing waits. */
  why(): readonly string[]
  /** Stops whatever runs and ends the workers: what waits rejects with `reason`. */
  close(reason?: Error): Promise<void>
}
