import { createHistogram } from './histogram.ts'
import type { Histogram, HistogramState } from './histogram.ts'

/** One measurement of a container: cpu in cores, memory in bytes. */
export interface Sample {
  readonly atMs: number
  readonly cpu: number
  readonly memory: number
  /** The cpu that the container asks for, in cores: what runs on more counts for more. */
  readonly cpuRequest: number
}

/** What the containers of one name used, over all pods of a workload. */
export interface ContainerUsage {
  readonly cpu: Histogram
  readonly memory: Histogram
  /** How far the measurements go, in days: of their span and of their number at one a minute, the lesser. */
  days(): number
  add(pod: string, sample: Sample): void
  /** A container that ran out of memory needs more than it was seen to use. */
  addOutOfMemory(pod: string, memory: number, atMs: number): void
  forget(pod: string): void
  /** Without the peaks of intervals that are not over: after a restart they are measured again. */
  save(nowMs: number): ContainerState
  restore(state: ContainerState): void
}

/** What outlives a restart. */
export interface ContainerState {
  readonly cpu: HistogramState
  readonly memory: HistogramState
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

const DAY_MS = 24 * 3_600_000
const MINUTES_A_DAY = 24 * 60
/** Of memory only the peak of each interval counts. */
const MEMORY_INTERVAL_MS = DAY_MS
const LEAST_CPU_WEIGHT = 0.1
/** Out of memory: the larger of a fifth more, and 100 MiB more. */
const MORE_MEMORY = 1.2
const MORE_MEMORY_BYTES = 100 * 2 ** 20

interface Peak {
  readonly untilMs: number
  readonly memory: number
}

export function createContainerUsage(): ContainerUsage {
  const cpu = createHistogram({ firstBucket: 0.01, largest: 1000, halfLifeMs: DAY_MS })
  const memory = createHistogram({ firstBucket: 1e7, largest: 1e12, halfLifeMs: DAY_MS })
  const peaks = new Map<string, Peak>()
  let count = 0
  let firstMs = Infinity
  let lastMs = -Infinity

  const addMemory = (pod: string, bytes: number, atMs: number) => {
    const peak = peaks.get(pod)
    const isSame = peak !== undefined && atMs < peak.untilMs
    if (isSame && bytes <= peak.memory) return
    const untilMs = isSame ? peak.untilMs : atMs + MEMORY_INTERVAL_MS
    if (isSame) memory.subtract(peak.memory, 1, untilMs)
    memory.add(bytes, 1, untilMs)
    peaks.set(pod, { untilMs, memory: bytes })
  }
  return {
    cpu,
    memory,
    days: () => (count === 0 ? 0 : Math.min((lastMs - firstMs) / DAY_MS, count / MINUTES_A_DAY)),
    add(pod, sample) {
      cpu.add(sample.cpu, Math.max(LEAST_CPU_WEIGHT, sample.cpuRequest), sample.atMs)
      addMemory(pod, sample.memory, sample.atMs)
      count += 1
      firstMs = Math.min(firstMs, sample.atMs)
      lastMs = Math.max(lastMs, sample.atMs)
    },
    addOutOfMemory: (pod, bytes, atMs) =>
      addMemory(pod, Math.max(bytes * MORE_MEMORY, bytes + MORE_MEMORY_BYTES), atMs),
    forget: (pod) => void peaks.delete(pod),
    save(nowMs) {
      const open = [...peaks.values()].filter(({ untilMs }) => nowMs < untilMs)
      for (const peak of open) memory.subtract(peak.memory, 1, peak.untilMs)
      const state = { cpu: cpu.save(), memory: memory.save(), count, firstMs, lastMs }
      for (const peak of open) memory.add(peak.memory, 1, peak.untilMs)
      return state
    },
    restore(state) {
      cpu.restore(state.cpu)
      memory.restore(state.memory)
      ;({ count, firstMs, lastMs } = state)
    },
  }
}
