import type { Shipment } from '../wire/shipped.ts'

/** How functions are made ready to travel. */
export interface ShipperOptions {
  /** Bundles of npm packages are kept here between runs, named by hash. Without it they live in memory alone. */
  readonly cacheDirectory?: string
  /** A captured value whose encoded size is above this many bytes is reported through `onWarning`. Default 8 MiB. */
  readonly warnBytes?: number
  /** Told of things that work but will hurt, such as a large capture; the message names the capture and its place. */
  readonly onWarning?: (message: string) => void
}

/** The driver's side: turns functions into shipments. */
export interface Shipper {
  /**
   * Reads what `fn` captures, now, and gives what a worker needs to run it. Values are read before this returns its
   * promise; awaiting is for bundling of packages. The code is worked out once for each function; values each time.
   * Rejects with a `ShipError` naming what cannot travel.
   */
  ship(fn: (...args: never[]) => unknown): Promise<Shipment>
  [Symbol.asyncDispose](): Promise<void>
}

export declare function createShipper(options?: ShipperOptions): Shipper
