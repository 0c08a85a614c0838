import type { StageHost } from '../coordination.ts'
import type { StageProgress } from '../progress.ts'
import type { Shipper } from '../ship/ship.ts'
import { runStreamed } from '../stage-runner.ts'
import type { StageRunner } from '../stage-runner.ts'
import type { Settled } from '../task/future.ts'
import { functionOf } from '../task/task.ts'
import type { Task } from '../task/task.ts'
import type { Shipment } from '../wire/shipped.ts'
import { imapAll } from './imap.ts'
import type { ImapOptions } from './imap.ts'
import { mapAll } from './map.ts'
import type { MapOptions } from './map.ts'
import { mapSettledAll } from './map-settled.ts'
import { reduceAll } from './reduce.ts'

export interface ReduceOptions<T> extends MapOptions {
  /** Goes before all items. */
  readonly initial?: T
}

/** One function over many items. Anywhere a function is wanted, a task may be given; its options are for calls of it alone. */
export interface MapApi {
  /**
   * Applies `fn` to all items on the workers and resolves to the results in the order of the items. Items are sent in
   * chunks whose size follows from what they cost. Rejects with the first error that `fn` throws, as it threw it.
   */
  map<T, R>(items: Iterable<T>, fn: ItemFunction<T, R>, options?: MapOptions): Promise<Awaited<R>[]>
  /** The same, where each item succeeds or fails for itself. */
  mapSettled<T, R>(items: Iterable<T>, fn: ItemFunction<T, R>, options?: MapOptions): Promise<Settled<Awaited<R>>[]>
  /** The same as a stream: the source is read no faster than results are taken. Leaving the loop stops the work. */
  imap<T, R>(
    items: Iterable<T> | AsyncIterable<T>,
    fn: ItemFunction<T, R>,
    options?: ImapOptions,
  ): AsyncIterableIterator<Awaited<R>>
  /** Calls `fn` for each item, for what it does; what it returns is dropped. */
  forEach<T>(items: Iterable<T> | AsyncIterable<T>, fn: ItemFunction<T, unknown>, options?: ImapOptions): Promise<void>
  /**
   * Makes one of all items: neighbours first, on the workers. `fn` has to be associative. Rejects with a TypeError where there
   * are neither items nor `initial`.
   */
  reduce<T>(items: Iterable<T>, fn: (left: T, right: T) => T | PromiseLike<T>, options?: ReduceOptions<T>): Promise<T>
}

export type ItemFunction<T, R> = ((item: T, index: number) => R | PromiseLike<R>) | Task<readonly [T], R>

export interface MapParts {
  readonly coordinator: StageHost
  readonly shipper: Pick<Shipper, 'ship'>
  readonly stages: StageRunner
}

export function createMapApi({ coordinator, shipper, stages }: MapParts): MapApi {
  const ship = (fn: object) => shipper.ship(functionOf(fn))
  const run = <R>(
    title: string,
    fn: object,
    { signal }: MapOptions,
    work: (shipment: Shipment, step: StageProgress['step']) => Promise<R>,
  ): Promise<R> => {
    const shipment = ship(fn)
    return stages.run({
      title,
      unit: 'items',
      work: async ({ step }) => work(await shipment, step),
      isCancelled: () => signal?.aborted === true,
    })
  }
  const imap: MapApi['imap'] = (items, fn, options = {}) => {
    const shipment = ship(fn)
    shipment.catch(() => {})
    const isCancelled = () => options.signal?.aborted === true
    return runStreamed(stages, 'imap', isCancelled, (step) => imapAll(coordinator, items, shipment, options, step))
  }
  return {
    map<T, R>(items: Iterable<T>, fn: ItemFunction<T, R>, options: MapOptions = {}) {
      const all = listOf(items)
      return run('map', fn, options, (shipment, step) => mapAll<Awaited<R>>(coordinator, all, shipment, options, step))
    },
    mapSettled<T, R>(items: Iterable<T>, fn: ItemFunction<T, R>, options: MapOptions = {}) {
      const all = listOf(items)
      return run('map', fn, options, (shipment, step) =>
        mapSettledAll<Awaited<R>>(coordinator, all, shipment, options, step),
      )
    },
    imap,
    async forEach(items, fn, options = {}) {
      const results = imap(items, fn, { ...options, ordered: false })
      for await (const _ of results);
    },
    reduce<T>(items: Iterable<T>, fn: (left: T, right: T) => T | PromiseLike<T>, options: ReduceOptions<T> = {}) {
      const all = 'initial' in options ? [options.initial as T, ...items] : listOf(items)
      return run('reduce', fn, options, (shipment, step) => reduceAll(coordinator, all, shipment, options, step))
    },
  }
}

const listOf = <T>(items: Iterable<T>): readonly T[] => (Array.isArray(items) ? (items as readonly T[]) : [...items])
