import type { Execution } from './execution.ts'
import type { Node } from './node.ts'
import type { RunningStage } from './run-stage.ts'
import type { StageInput, Unit } from './stage-input.ts'

/** Results that wait to be taken hold no more than this, beside those of tasks that run. */
const WAITING_BYTES = 32 * 1024 * 1024
const WAITING_TASKS = 16

/** The records of a dataset in order, made no faster than they are taken. Leaving the loop stops the work. */
export async function* iterated<T>(
  execution: Execution,
  node: Node,
  limit: number | undefined,
  decode: (values: Uint8Array) => unknown[],
): AsyncGenerator<T, void, undefined> {
  try {
    const flow = await execution.flowOf(node)
    const window = createWindow()
    let stage: RunningStage | undefined
    const input = () => window.watch(flow.input())
    const sink = { kind: 'collect', ...(limit === undefined ? {} : { limit }) } as const
    const done = execution.run({ ...flow, input }, sink, { ...window.use, isWhole: true }, (own) => (stage = own))
    done.then(window.end, window.fail)
    try {
      for (let values = await window.next(); values !== undefined; values = await window.next()) {
        stage?.wake()
        yield* decode(values) as T[]
      }
    } finally {
      stage?.cancel(new DOMException('The records are no longer wanted', 'AbortError'))
      await done.catch(() => {})
    }
  } finally {
    execution.close()
  }
}

/** Tasks from when they are taken until their results are, in order. */
function createWindow() {
  const taken: Unit[] = []
  const made = new Map<Unit, Uint8Array>()
  let bytes = 0
  let published = false
  let ending: { readonly failure: { readonly error: unknown } | undefined } | undefined
  let look = () => {}
  const finish = (failure: { readonly error: unknown } | undefined) => {
    ending ??= { failure }
    look()
  }
  return {
    watch: (input: StageInput): StageInput => ({
      ...input,
      next(threads) {
        const unit = input.next(threads)
        if (unit !== undefined) taken.push(unit)
        return unit
      },
    }),
    use: {
      made(unit: Unit, values: Uint8Array) {
        bytes += values.byteLength - (made.get(unit)?.byteLength ?? 0)
        made.set(unit, values)
        look()
      },
      hasRoom: () => bytes < WAITING_BYTES && taken.length < WAITING_TASKS,
      isPublished: () => published,
    },
    end: () => finish(undefined),
    fail: (error: unknown) => finish({ error }),
    /** What the next task in order came to; undefined at the end. */
    async next(): Promise<Uint8Array | undefined> {
      for (;;) {
        const values = taken.length === 0 ? undefined : made.get(taken[0]!)
        if (values !== undefined) {
          made.delete(taken.shift()!)
          bytes -= values.byteLength
          published = true
          return values
        }
        if (ending?.failure !== undefined) throw ending.failure.error
        if (ending !== undefined) return undefined
        await new Promise<void>((resolve) => (look = resolve))
      }
    },
  }
}
