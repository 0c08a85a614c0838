import type { Timer } from '../../env/clock.ts'
import type { EvictionOptions, Evictor } from './eviction.ts'
import type { ImageCollector } from './image-collection.ts'
import type { EvictionThresholds, Pressure } from './thresholds.ts'

/** The kubelet's: how often the machine is looked at, in milliseconds. */
const LOOK_MS = 10_000
/** The kubelet's: how often images are looked at that nobody uses. */
const COLLECT_MS = 300_000

export interface PressureWatch {
  /** What the node is short of. */
  now(): ReadonlySet<Pressure>
  close(): void
}

export type PressureOptions = Omit<EvictionOptions, 'thresholds'> & {
  readonly thresholds: EvictionThresholds | undefined
  /** Called when `now` has become another. */
  readonly changed: () => void
}

/** Looks after the machine from ten seconds after the start on; nothing is loaded before. */
export function watchPressure(options: PressureOptions): PressureWatch {
  const { env } = options
  let pressures: ReadonlySet<Pressure> = new Set()
  let timer: Timer | undefined
  let opened: Promise<{ readonly evictor: Evictor; readonly images: ImageCollector }> | undefined
  let collectedMs = -Infinity
  let closed = false
  const open = async () => {
    const [{ createEvictor }, { DEFAULT_THRESHOLDS }, { createImageCollector }] = await Promise.all([
      import('./eviction.ts'),
      import('./thresholds.ts'),
      import('./image-collection.ts'),
    ])
    const images = createImageCollector({ ...options, clock: env.clock })
    const thresholds = options.thresholds ?? DEFAULT_THRESHOLDS
    return { images, evictor: createEvictor({ ...options, thresholds }, images) }
  }
  const collect = async (images: ImageCollector) => {
    const nowMs = env.clock.monotonicMs()
    if (nowMs - collectedMs < COLLECT_MS) return
    collectedMs = nowMs
    await images.look()
  }
  const look = async () => {
    try {
      const before = pressures
      const { evictor, images } = await (opened ??= open())
      pressures = await evictor.look()
      const isSame = before.size === pressures.size && [...before].every((each) => pressures.has(each))
      if (!isSame && !closed) options.changed()
      await collect(images)
    } catch (error) {
      env.log.warn('a node could not look after its machine', { error })
    }
    again()
  }
  const again = () => {
    if (!closed) timer = env.timers.after(LOOK_MS, () => void look(), { background: true })
  }
  again()
  return {
    now: () => pressures,
    close() {
      closed = true
      timer?.cancel()
    },
  }
}
