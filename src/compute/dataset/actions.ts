import { decodeValues } from '../wire/values.ts'
import { createTotals } from './counts.ts'
import type { Totals } from './counts.ts'
import { collected, createExecution } from './execution.ts'
import type { Execution, Flow } from './execution.ts'
import type { DatasetHost } from './host.ts'
import { iterated } from './iterate.ts'
import type { AnyFunction, Node } from './node.ts'
import { topOf } from './top.ts'

/** A dataset as its actions see it. */
export interface Plan {
  readonly host: DatasetHost
  readonly node: Node
  readonly signal: AbortSignal | undefined
}

/** Runs `work` on what `plan` comes to; functions are shipped before this returns. */
export async function act<R>(
  { host, node, signal }: Plan,
  more: readonly AnyFunction[],
  work: (execution: Execution, flow: Flow) => Promise<R>,
): Promise<R> {
  const execution = createExecution(host, node, more, signal)
  try {
    return await work(execution, await execution.flowOf(node))
  } finally {
    execution.close()
  }
}

/** Counts that are wanted at the driver are merged there: threads count, and nothing is shuffled. */
async function countsAt({ host, node, signal }: Plan): Promise<Totals | undefined> {
  if (node.kind !== 'countBy') return undefined
  const totals = createTotals()
  await act({ host, node: node.input, signal }, [node.fn], async (execution, flow) => {
    const fn = await execution.shipped(node.fn)
    await execution.run(flow, { kind: 'countBy', fn }, { made: () => {}, part: (bytes) => totals.add(bytes) })
  })
  return totals
}

export async function collect<T>(plan: Plan): Promise<T[]> {
  const counts = await countsAt(plan)
  if (counts !== undefined) return [...counts.entries()] as unknown as T[]
  const results = await act(plan, [], (execution, flow) => collected(execution, flow))
  return results.length === 1 ? (results[0] as T[]) : (results.flat(1) as T[])
}

export async function count(plan: Plan): Promise<number> {
  const counts = await countsAt(plan)
  if (counts !== undefined) return counts.size
  const results = await act(plan, [], (execution, flow) => collected(execution, flow, { kind: 'count' }))
  return results.reduce((sum, [own]) => sum + (own as number), 0)
}

export async function reduce<T>(plan: Plan, fn: (left: T, right: T) => T): Promise<T | undefined> {
  const results = await act(plan, [fn], async (execution, flow) =>
    collected(execution, flow, { kind: 'reduce', fn: await execution.shipped(fn) }),
  )
  const values = results.flat(1) as T[]
  return values.length === 0 ? undefined : values.reduce(fn)
}

export async function top<T>(plan: Plan, n: number, by: (record: T) => number): Promise<T[]> {
  const counts = await countsAt(plan)
  if (counts !== undefined) return topOf(counts.entries() as Iterable<T>, n, by)
  const results = await act(plan, [by], async (execution, flow) =>
    collected(execution, flow, { kind: 'top', n, fn: await execution.shipped(by) }),
  )
  return topOf(results.flat(1) as T[], n, by)
}

export async function take<T>(plan: Plan, n: number): Promise<T[]> {
  const taken: T[] = []
  if (n <= 0) return taken
  for await (const record of iterate<T>(plan, n)) if (taken.push(record) >= n) break
  return taken
}

/** Functions are shipped at the call, the work begins with the first record that is asked for. */
export function iterate<T>(plan: Plan, limit?: number): AsyncGenerator<T, void, undefined> {
  const { host, node, signal } = plan
  const execution = createExecution(host, node, [], signal)
  return iterated<T>(execution, node, limit, decodeValues)
}
