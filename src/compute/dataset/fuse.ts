import { createCsvParser } from '../sources/csv.ts'
import { createJsonLinesParser } from '../sources/json-lines.ts'
import { broadcastJoin } from './broadcast-join.ts'
import type { Operator } from './plan.ts'
import { pushAll } from './push.ts'
import type { Push } from './push.ts'
import type { TaskContext } from './task-context.ts'

/** A pipeline of operators as one function, and what is to be done when a task has given its last record. */
export interface Fused {
  readonly push: Push
  /** What operators still hold, such as half a batch, goes on. */
  readonly end: () => void | Promise<void>
  /** What operators still hold is of a task that failed. */
  readonly reset: () => void
}

type Step = Partial<Fused> & Pick<Fused, 'push'>
type Call = (...args: unknown[]) => unknown

/** One function that takes a record through all operators into `add`. */
export function fuse(operators: readonly Operator<(value: never) => unknown>[], add: Push, task: TaskContext): Fused {
  const steps: Step[] = []
  let push = add
  for (const operator of operators.toReversed()) {
    const step = stepOf(operator, push, task)
    steps.unshift(step)
    push = step.push
  }
  const ending = steps.filter(({ end }) => end !== undefined)
  return {
    push,
    end: () => endAll(ending, 0),
    reset: () => steps.forEach(({ reset }) => reset?.()),
  }
}

function endAll(steps: readonly Step[], from: number): void | Promise<void> {
  for (let at = from; at < steps.length; at++) {
    const waiting = steps[at]!.end?.()
    if (waiting !== undefined) return waiting.then(() => endAll(steps, at + 1))
  }
}

function stepOf(operator: Operator<(value: never) => unknown>, next: Push, task: TaskContext): Step {
  switch (operator.kind) {
    case 'lines':
      return { push: linesStep(next) }
    case 'jsonLines':
      return { push: createJsonLinesParser(operator.malformed, task, next) }
    case 'csv':
      return { push: createCsvParser(operator.options, task, next) }
    case 'sample':
      return { push: (record) => (task.random(operator.seed) < operator.fraction ? next(record) : undefined) }
    case 'index':
      return { push: (record) => next([record, task.nextIndex()]) }
    case 'broadcastJoin':
      return { push: broadcastJoin(operator.how, operator.table, next) }
    case 'mapBatches':
      return batchStep(operator.fn as Call, operator.size, operator.arrow ? task.arrow() : undefined, next)
    case 'map':
      return mapStep(operator.fn as Call, operator.concurrency ?? 1, next)
    default:
      return { push: callStep(operator.kind, operator.fn as Call, next) }
  }
}

type Called = 'filter' | 'flatMap' | 'keyBy' | 'mapValues' | 'mapGroups' | 'flatMapGroups'

function callStep(kind: Called, fn: Call, go: Push): Push {
  switch (kind) {
    case 'filter':
      return (record) => {
        const keeps = fn(record)
        if (isThenable(keeps)) return then(keeps, (kept) => (kept ? go(record) : undefined))
        return keeps ? go(record) : undefined
      }
    case 'keyBy':
      return (record) => then(fn(record), (key) => go([key, record]))
    case 'mapValues':
      return (record) => {
        const [key, value] = record as readonly [unknown, unknown]
        return then(fn(value), (made) => go([key, made]))
      }
    case 'flatMap': {
      const each = eachTo(go)
      return (record) => then(fn(record), each)
    }
    case 'mapGroups':
      return ofGroup(fn, go)
    case 'flatMapGroups':
      return ofGroup(fn, eachTo(go))
  }
}

const eachTo = (go: Push) => (made: unknown) => pushAll(made as Iterable<unknown>, go)

function ofGroup(fn: (...args: unknown[]) => unknown, go: Push): Push {
  return (record) => {
    const [key, records] = record as readonly [unknown, Iterable<unknown>]
    return then(fn(key, records), go)
  }
}

/** Goes on at once where there is nothing to wait for: most functions give no promise, and each costs a turn. */
function then(value: unknown, go: (value: unknown) => void | Promise<void>): void | Promise<void> {
  return isThenable(value) ? Promise.resolve(value).then(go) : go(value)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Calls of an async function that are on their way at the same time; what they give goes on in the order of the records. */
function mapStep(fn: Call, concurrency: number, next: Push): Step {
  if (concurrency <= 1) return { push: (record) => then(fn(record), next) }
  let waiting: Promise<unknown>[] = []
  const first = async () => next(await waiting.shift())
  return {
    push(record) {
      const made = fn(record)
      if (!isThenable(made) && waiting.length === 0) return next(made)
      const promise = Promise.resolve(made)
      promise.catch(() => {})
      return waiting.push(promise) >= concurrency ? first() : undefined
    },
    async end() {
      while (waiting.length > 0) await first()
    },
    reset: () => void (waiting = []),
  }
}

function batchStep(fn: Call, size: number, toTable: ((records: unknown[]) => unknown) | undefined, next: Push): Step {
  let batch: unknown[] = []
  const flush = () => {
    const full = batch
    batch = []
    return then(fn(toTable === undefined ? full : toTable(full)), (made) => pushAll(made as Iterable<unknown>, next))
  }
  return {
    push: (record) => (batch.push(record) >= size ? flush() : undefined),
    end: () => (batch.length > 0 ? flush() : undefined),
    reset: () => void (batch = []),
  }
}

function linesStep(next: Push): Push {
  const from = (text: string, start: number): void | Promise<void> => {
    for (let at = start; at < text.length;) {
      const found = text.indexOf('\n', at)
      const end = found < 0 ? text.length : found
      const waiting = next(text.slice(at, end > at && text.charCodeAt(end - 1) === 13 ? end - 1 : end))
      at = end + 1
      if (waiting !== undefined) return waiting.then(() => from(text, at))
    }
  }
  return (record) => from(record as string, 0)
}
