import type { MachineUsage } from '../usage/machine-usage.ts'

/** A condition of the node that keeps pods away. */
export type Pressure = 'MemoryPressure' | 'DiskPressure'

/** When a node is short of something, and what it then has. */
export interface Shortage {
  readonly pressure: Pressure
  /** As the kubelet names it in messages. */
  readonly resource: 'memory' | 'ephemeral-storage' | 'inodes'
  readonly threshold: number
  readonly available: number
}

export interface EvictionThresholds {
  /** In bytes. */
  readonly memoryAvailable: number
  /** A share of the whole, and never more than so many bytes: a full share of a large disk is no shortage. */
  readonly diskAvailable: { readonly share: number; readonly mostBytes: number }
  readonly inodesFreeShare: number
}

/** The kubelet's, but for the bound in bytes: a laptop's disk is often nine tenths full, and its pods are somebody's work. */
export const DEFAULT_THRESHOLDS: EvictionThresholds = {
  memoryAvailable: 100 * 2 ** 20,
  diskAvailable: { share: 0.1, mostBytes: 2 ** 30 },
  inodesFreeShare: 0.05,
}

/** What the machine is short of now, memory first. */
export function shortagesOf(machine: MachineUsage, thresholds: EvictionThresholds): readonly Shortage[] {
  const { memoryAvailable, diskAvailable, inodesFreeShare } = thresholds
  const disk = Math.min(machine.diskBytes * diskAvailable.share, diskAvailable.mostBytes)
  const all: readonly Shortage[] = [
    {
      pressure: 'MemoryPressure',
      resource: 'memory',
      threshold: memoryAvailable,
      available: machine.memoryAvailableBytes,
    },
    {
      pressure: 'DiskPressure',
      resource: 'ephemeral-storage',
      threshold: Math.floor(disk),
      available: machine.diskAvailableBytes,
    },
    {
      pressure: 'DiskPressure',
      resource: 'inodes',
      threshold: Math.floor(machine.inodes * inodesFreeShare),
      available: machine.inodesFree,
    },
  ]
  return all.filter(({ available, threshold }) => available < threshold)
}
