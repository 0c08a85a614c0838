import type { Environment } from '../../env/environment.ts'
import type { ContainerUsage, Runtime } from '../../runtime/runtime.ts'
import type { PodRecord } from '../pod-record.ts'
import { isRunning } from '../pod-record.ts'
import { createCpuRate } from './cpu-rate.ts'
import type { CpuRate } from './cpu-rate.ts'
import type { MachineUsage } from './machine-usage.ts'
import type { ContainerUse, NodeUse, PodUse } from '../../runtime/usage.ts'

/** A pod that is measured. */
export interface MeteredPod {
  readonly pod: { readonly metadata: { readonly namespace?: string; readonly name?: string; readonly uid?: string } }
  readonly record: PodRecord
}

/** Measures a node when it is asked. */
export interface UsageMeter {
  /** One measurement serves all who ask within half a second. */
  measure(): Promise<NodeUse>
}

const SHARED_MS = 500
const LEAST_RATE_MS = 1_000
const SANDBOXES_AT_ONCE = 8

export interface MeterOptions {
  readonly env: Environment
  readonly runtime: Runtime
  readonly pods: () => readonly MeteredPod[]
  /** Absent where the machine is not the node's own, as in a simulation: a node then uses what its pods do. */
  readonly machine?: () => Promise<MachineUsage>
}

export function createUsageMeter(options: MeterOptions): UsageMeter {
  const { clock } = options.env
  const rate = createCpuRate()
  const startedAtMs = clock.now()
  let first: { readonly atMs: number; readonly cpuMs: number } | undefined
  let last: { readonly atMs: number; readonly use: Promise<NodeUse> } | undefined

  async function measure(): Promise<NodeUse> {
    const nowMs = clock.monotonicMs()
    const atMs = clock.now()
    const pods = await inTurn(options.pods(), (pod) => podUse(options, rate, pod, nowMs, atMs))
    const machine = await options.machine?.()
    if (machine !== undefined) first ??= { atMs: nowMs, cpuMs: machine.cpuMs }
    const containers = pods.flatMap((pod) => pod.containers)
    const cpuMs = machine?.cpuMs ?? sum(containers.map((each) => each.cpuMs))
    const memoryBytes = machine?.memoryBytes ?? sum(containers.map((each) => each.memoryBytes))
    // A machine has run for longer than its node: of the time before the first measurement only the pods' use is known.
    const node =
      first !== undefined && nowMs - first.atMs >= LEAST_RATE_MS
        ? rate.at('', cpuMs - first.cpuMs, nowMs, first.atMs)
        : undefined
    const cpuMillis = node?.cpuMillis ?? sum(containers.map((each) => each.cpuMillis))
    const windowMs = node?.windowMs ?? Math.max(1, ...containers.map((each) => each.windowMs))
    rate.prune(nowMs)
    return { atMs, startedAtMs, node: { cpuMs, cpuMillis, memoryBytes, windowMs }, pods }
  }

  return {
    measure() {
      const nowMs = clock.monotonicMs()
      if (last !== undefined && nowMs - last.atMs < SHARED_MS) return last.use
      const use = measure()
      last = { atMs: nowMs, use }
      return use
    },
  }
}

async function podUse(
  { runtime }: MeterOptions,
  rate: CpuRate,
  { pod, record }: MeteredPod,
  nowMs: number,
  atMs: number,
): Promise<PodUse> {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const { sandbox } = record
  const measured = sandbox?.ready === true ? await runtime.usage(sandbox.id).catch(() => []) : []
  const containers = measured.flatMap((usage): ContainerUse[] => {
    const known = record.containers.get(usage.name)
    if (known?.current?.state.phase !== 'running' || !isRunning(known)) return []
    const { startedAtMs } = known.current.state
    const since = nowMs - Math.max(0, atMs - startedAtMs)
    return [containerUse(usage, startedAtMs, rate.at(known.current.id, usage.cpuMs, nowMs, since))]
  })
  return { namespace, name, uid, startedAtMs: record.startedAtMs, containers }
}

function containerUse(
  { name, cpuMs, memoryBytes, processes }: ContainerUsage,
  startedAtMs: number,
  rate: ReturnType<CpuRate['at']>,
): ContainerUse {
  return { name, cpuMs, memoryBytes, processes, startedAtMs, ...rate }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/** Asks for a few at once, in order. */
async function inTurn<T, R>(items: readonly T[], perform: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += SANDBOXES_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + SANDBOXES_AT_ONCE).map(perform))))
  }
  return results
}
