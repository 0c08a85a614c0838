import type { FilesOptions } from './dataset/create-dataset.ts'
import type { Dataset, TextDataset } from './dataset/dataset.ts'
import type { JobApi } from './jobs.ts'
import type { MapApi } from './map/map-api.ts'
import type { ActorApi } from './actor/actors.ts'
import type { ObjectApi } from './objects/objects.ts'
import type { TaskApi } from './task/task-api.ts'

/** A session: what a program does its work with. `await using` ends its workers when the program is done with it. */
export interface Shoal extends AsyncDisposable, MapApi, TaskApi, ActorApi, ObjectApi, JobApi {
  /** The name of the run, under which the cluster lists it. */
  readonly name: string
  /**
   * The text of what any of the paths, globs or URIs (`s3://`, `http://`, `https://`, `volume://`) name. Nothing is read until it is
   * asked for.
   */
  files(...patterns: readonly string[]): TextDataset
  files(patterns: string | readonly string[], options?: FilesOptions): TextDataset
  /**
   * Records of the program as a dataset. Arrays, Sets and Maps may be read again for each result; any other iterable is read once, no
   * faster than workers take what it gives.
   */
  dataset<T>(records: Iterable<T> | AsyncIterable<T>, options?: { readonly signal?: AbortSignal }): Dataset<T>
  /** What the work waits for, one sentence each, with numbers. Empty where nothing waits. */
  why(): readonly string[]
  /** What the session has done and is at, in the text form that Prometheus reads: tasks, items, bytes, losses, workers. */
  metrics(): string
  /** Stops whatever runs and ends the workers: what waits rejects with `reason`. */
  close(reason?: Error): Promise<void>
}
