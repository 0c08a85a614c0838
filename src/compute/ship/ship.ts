import { createHash } from 'node:crypto'
import v8 from 'node:v8'
import type { FunctionDisplay, Shipment, ShippedCode } from '../wire/shipped.ts'
import { capture, withinStack } from './capture.ts'
import type { Capture } from './capture.ts'
import { withInspector } from './inspect.ts'
import { createPackageBundler } from './packages.ts'
import type { PackageBundler } from './packages.ts'
import { positionOf } from './position.ts'
import type { Registered } from './registry.ts'

/** How functions are made ready to travel. */
export interface ShipperOptions {
  /** Bundles of npm packages are kept here between runs, named by hash. Without it they live in memory alone. */
  readonly cacheDirectory?: string
  /** What bundles packages, where that was done beforehand. */
  readonly bundler?: PackageBundler
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

const WARN_BYTES = 8 * 1024 * 1024

export function createShipper(options: ShipperOptions = {}): Shipper {
  const bundler = options.bundler ?? createPackageBundler(options.cacheDirectory)
  return {
    async ship(fn) {
      const taken = withInspector((inspector) => capture(fn, inspector))
      const captured = withinStack(taken.root, fn.name, () => v8.serialize(taken.captured))
      const display = displayOf(fn, taken.root)
      if (captured.length > (options.warnBytes ?? WARN_BYTES))
        options.onWarning?.(sizeWarning(taken, captured, display))
      const code = await complete(taken, bundler)
      const hashes = code.map((piece) => piece.hash)
      const id = createHash('sha256').update(hashes.join()).update(captured).digest('base64url').slice(0, 22)
      return { shipped: { id, code: hashes, captured, display }, code }
    },
    [Symbol.asyncDispose]: () => bundler.close(),
  }
}

const complete = (taken: Capture, bundler: PackageBundler): Promise<readonly ShippedCode[]> =>
  Promise.all(
    taken.code.map((piece, index) => {
      if (piece) return piece
      const wanted = taken.packages.find((item) => item.code === index)
      if (!wanted) throw new Error(`Assertion: code ${index} of ${taken.code.length} is no package`)
      return bundler.bundle(wanted)
    }),
  )

function displayOf(fn: { readonly name: string }, root: Registered | undefined): FunctionDisplay {
  if (!root) return { name: fn.name, file: '', line: 0, column: 0 }
  return { name: root.site.name || fn.name, file: root.source.file, ...positionOf(root.source, root.site.start) }
}

/** Names the largest variable of the functions that travel. */
function sizeWarning(taken: Capture, captured: Uint8Array, display: FunctionDisplay): string {
  let name = ''
  let most = -1
  for (const reference of taken.captured.references) {
    if (reference.kind !== 'code') continue
    for (const [key, value] of Object.entries(reference.values)) {
      const size = v8.serialize(value).length
      if (size > most) [name, most] = [key, size]
    }
  }
  const mebibytes = (captured.length / 1024 / 1024).toFixed(1)
  const where = `${display.file}:${display.line}:${display.column}`
  return `The function at ${where} captures ${mebibytes} MiB, most of it in "${name}"; every worker receives a copy`
}
