import type { Clock } from '../../env/clock.ts'
import type { PulledImage, Runtime } from '../../runtime/runtime.ts'
import type { MachineUsage } from '../usage/machine-usage.ts'

/** Frees the disk of images that no container uses and that could be pulled again. */
export interface ImageCollector {
  /** Where the disk is too full, removes images until it is no more, the longest unused first. */
  look(): Promise<void>
  /** Removes all that nobody uses; resolves to how many bytes they had. */
  removeUnused(): Promise<number>
}

export interface ImageCollectorOptions {
  readonly clock: Clock
  readonly runtime: Runtime
  readonly machine: () => Promise<MachineUsage>
  /** Tells of the node that something is wrong. */
  readonly warn: (reason: string, message: string) => void
}

/**
 * The kubelet's shares of the disk that may be in use before images go, and until they go; and as for pods never more than
 * so many bytes that must be free: a laptop's disk is often nine tenths full.
 */
const HIGH = { free: 0.15, most: 10 * 2 ** 30 }
const LOW = { free: 0.2, most: 13 * 2 ** 30 }
/** How long an image is left alone that was found lately: it may be about to be used. */
const LEAST_AGE_MS = 120_000

interface Known {
  readonly foundMs: number
  usedMs: number
}

export function createImageCollector({ clock, runtime, machine, warn }: ImageCollectorOptions): ImageCollector {
  const known = new Map<string, Known>()
  const unused = async (): Promise<readonly PulledImage[]> => {
    const nowMs = clock.monotonicMs()
    const images = (await runtime.pulledImages?.()) ?? []
    for (const { reference, isUsed } of images) {
      const of = known.get(reference) ?? { foundMs: nowMs, usedMs: 0 }
      if (isUsed) of.usedMs = nowMs
      known.set(reference, of)
    }
    for (const reference of known.keys())
      if (!images.some((image) => image.reference === reference)) known.delete(reference)
    const ageOf = ({ reference }: PulledImage) => nowMs - (known.get(reference)?.foundMs ?? nowMs)
    const lastUse = ({ reference }: PulledImage) => known.get(reference)?.usedMs ?? 0
    return images
      .filter((image) => !image.isUsed && ageOf(image) >= LEAST_AGE_MS)
      .toSorted((a, b) => lastUse(a) - lastUse(b) || ageOf(b) - ageOf(a))
  }
  const free = async (bytes: number): Promise<number> => {
    let freed = 0
    for (const { reference, sizeBytes } of await unused()) {
      if (freed >= bytes) break
      if (await runtime.removeImage?.(reference)) freed += sizeBytes
    }
    return freed
  }
  return {
    async look() {
      // Seen each time, so that it is known which was used last.
      await unused()
      const { diskBytes, diskAvailableBytes } = await machine()
      const leastOf = (share: typeof HIGH) => Math.min(diskBytes * share.free, share.most)
      if (diskAvailableBytes >= leastOf(HIGH) || known.size === 0) return
      const wanted = Math.ceil(leastOf(LOW) - diskAvailableBytes)
      const freed = await free(wanted)
      if (freed >= wanted) return
      const found = `Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`
      warn('FreeDiskSpaceFailed', `Failed to garbage collect required amount of images. ${found}`)
    },
    removeUnused: () => free(Infinity),
  }
}
