import type { MachineUsage } from '../usage/machine-usage.ts'

/** A condition of the node that keeps pods away. */
export type Pressure = 'MemoryPressure' | 'DiskPressure'

/** What is measured, in the kubelet's words; images lie on the disk of pods here, so `imagefs` is `nodefs`. */
export type Signal = 'memory.available' | 'nodefs.available' | 'nodefs.inodesFree'

/** Of `signal` there must be so much, else pods have to go once that has been so for `graceMs`: 0 for a hard threshold. */
export interface Threshold {
  readonly signal: Signal
  readonly least: Least
  readonly graceMs: number
}

/** Bytes or inodes; or a share of the whole, and never more than so many: a full share of a large disk is no shortage. */
export type Least = { readonly amount: number } | { readonly share: number; readonly most?: number }

export interface EvictionThresholds {
  readonly all: readonly Threshold[]
  /** What pods get at the most to end by themselves that go for a soft threshold. */
  readonly mostPodGraceMs: number
}

/** When a node is short of something, and what it then has. */
export interface Shortage {
  readonly pressure: Pressure
  /** As the kubelet names it in messages. */
  readonly resource: 'memory' | 'ephemeral-storage' | 'inodes'
  /** Which of the thresholds is met. */
  readonly met: Threshold
  readonly threshold: number
  readonly available: number
}

/** The kubelet's, but for the bound in bytes: a laptop's disk is often nine tenths full, and its pods are somebody's work. */
export const DEFAULT_THRESHOLDS: EvictionThresholds = {
  all: [
    { signal: 'memory.available', least: { amount: 100 * 2 ** 20 }, graceMs: 0 },
    { signal: 'nodefs.available', least: { share: 0.1, most: 2 ** 30 }, graceMs: 0 },
    { signal: 'nodefs.inodesFree', least: { share: 0.05 }, graceMs: 0 },
  ],
  mostPodGraceMs: 0,
}

const SIGNALS = ['memory.available', 'nodefs.available', 'nodefs.inodesFree'] as const

/** What the machine is short of now: memory first, and of each thing what has no grace first. */
export function shortagesOf(machine: MachineUsage, { all }: EvictionThresholds): readonly Shortage[] {
  const order = ({ met: { signal, graceMs } }: Shortage) => [SIGNALS.indexOf(signal), graceMs] as const
  return all
    .map((met) => ({ met, ...measured(machine, met) }))
    .filter(({ available, threshold }) => available < threshold)
    .toSorted((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1])
}

function measured(machine: MachineUsage, { signal, least }: Threshold): Omit<Shortage, 'met'> {
  const of = (capacity: number) =>
    'amount' in least ? least.amount : Math.floor(Math.min(capacity * least.share, least.most ?? Infinity))
  switch (signal) {
    case 'memory.available': {
      const { memoryBytes, memoryAvailableBytes: available } = machine
      return { pressure: 'MemoryPressure', resource: 'memory', threshold: of(memoryBytes + available), available }
    }
    case 'nodefs.available': {
      const { diskBytes, diskAvailableBytes: available } = machine
      return { pressure: 'DiskPressure', resource: 'ephemeral-storage', threshold: of(diskBytes), available }
    }
    case 'nodefs.inodesFree': {
      const { inodes, inodesFree: available } = machine
      return { pressure: 'DiskPressure', resource: 'inodes', threshold: of(inodes), available }
    }
  }
}
