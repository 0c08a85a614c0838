import { openFiles } from '../sources/open-files.ts'
import type { Output } from '../shuffle/output.ts'
import { chooseSplitters, isUniform } from '../shuffle/splitters.ts'
import type { Shipment } from '../wire/shipped.ts'
import { decodeValues, encodeValues } from '../wire/values.ts'
import type { DatasetHost } from './host.ts'
import { materialized, totalBytes } from './materialized.ts'
import type { Materialized } from './materialized.ts'
import { functionsIn } from './node.ts'
import type { AnyFunction, Node } from './node.ts'
import { partitionsInput, storedInput } from './parts-input.ts'
import { partitionCount, rangeCount } from './partition-count.ts'
import type { Exchange, Merge, Operator, Pipeline, Sink } from './plan.ts'
import { recordsInput, streamInput } from './records-input.ts'
import { runStage } from './run-stage.ts'
import type { RunningStage, StageRun } from './run-stage.ts'
import { spooled } from './spooled-input.ts'
import type { StageInput, Unit } from './stage-input.ts'

/** Records on their way: an input, and the operators that are to be applied to it in one pass. */
export interface Flow {
  /** Each run of a stage takes one of its own; a stream gives one. */
  readonly input: () => StageInput
  readonly operators: readonly Operator<Shipment>[]
  /** Of the input; undefined where that is not known. */
  readonly bytes: number | undefined
  readonly isColumnar: boolean
  /** Can be read once only. */
  readonly isStream: boolean
  readonly name: string
}

/** What a stage is run for, beside its flow and sink. */
export type StageUse = Pick<StageRun, 'made' | 'part' | 'given' | 'hasRoom' | 'isPublished' | 'isWhole'>

/** One action on a dataset: runs its stages one after the other, and lets go of what they left when it is over. */
export interface Execution {
  readonly host: DatasetHost
  readonly shipped: (fn: AnyFunction) => Promise<Shipment>
  flowOf(node: Node): Promise<Flow>
  run(flow: Flow, sink: Sink<Shipment>, use: StageUse, onStart?: (stage: RunningStage) => void): Promise<void>
  close(): void
}

/** Ships all functions of `node`, now, and those of `more`. */
export function createExecution(
  host: DatasetHost,
  node: Node,
  more: readonly AnyFunction[],
  signal: AbortSignal | undefined,
): Execution {
  const shipments = new Map<AnyFunction, Promise<Shipment>>()
  for (const fn of [...functionsIn(node), ...more]) {
    if (shipments.has(fn)) continue
    const shipment = host.ship(fn)
    shipment.catch(() => {})
    shipments.set(fn, shipment)
  }
  const names: string[] = []
  const spools: Disposable[] = []
  const execution: Execution = {
    host,
    shipped: (fn) => shipments.get(fn)!,
    flowOf: (from) => flowOf({ execution, names, spools, signal }, from),
    run: (flow, sink, use, onStart) => run(host, signal, flow, sink, use, onStart),
    close() {
      for (const name of names) host.coordinator.release?.(name)
      for (const spool of spools) spool[Symbol.dispose]()
    },
  }
  return execution
}

interface Action {
  readonly execution: Execution
  /** Of all that is to be released at the end. */
  readonly names: string[]
  /** What the driver keeps of sources that can be read once. */
  readonly spools: Disposable[]
  readonly signal: AbortSignal | undefined
}

async function flowOf(action: Action, node: Node): Promise<Flow> {
  const { execution } = action
  const { host, shipped } = execution
  switch (node.kind) {
    case 'files': {
      const opened = await openFiles(node.source, host.reachable)
      const isColumnar = node.source.format.kind === 'parquet' || node.source.format.kind === 'arrow'
      const operators: Operator<Shipment>[] =
        node.source.format.kind === 'csv' ? [{ kind: 'csv', options: node.source.format.format }] : []
      return { input: opened.input, operators, bytes: opened.bytes, isColumnar, isStream: false, name: 'files' }
    }
    case 'records':
      return flow(() => recordsInput(node.records), node.records.length * 64, 'records')
    case 'stream':
      return { ...flow(() => streamInput(node.source), undefined, 'stream'), isStream: true }
    case 'narrow': {
      const from = await flowOf(action, node.input)
      const { operator } = node
      const own = ('fn' in operator ? { ...operator, fn: await shipped(operator.fn) } : operator) as Operator<Shipment>
      const isColumnar = from.isColumnar || (own.kind === 'mapBatches' && own.arrow)
      return { ...from, isColumnar, operators: [...from.operators, own], name: `${from.name} ${own.kind}` }
    }
    case 'zipWithIndex': {
      const stored = await store(action, await flowOf(action, node.input))
      const from = flow(() => storedInput(stored), totalBytes(stored), 'zipWithIndex')
      return { ...from, operators: [{ kind: 'index' }] }
    }
    case 'cache': {
      node.cell.made ??= madeOnce(node.cell, async () => {
        // It outlives the action: nobody releases it.
        return store({ ...action, names: [], spools: [] }, await flowOf(action, node.input))
      })
      const stored = await node.cell.made
      return flow(() => storedInput(stored), totalBytes(stored), 'cached')
    }
    default:
      return shuffled(action, node)
  }
}

function madeOnce(cell: { made: Promise<Materialized> | undefined }, make: () => Promise<Materialized>) {
  const made = make()
  made.catch(() => (cell.made = undefined))
  return made
}

function flow(input: () => StageInput, bytes: number | undefined, name: string): Flow {
  return { input, operators: [], bytes, isColumnar: false, isStream: false, name }
}

type Wide = Extract<
  Node,
  { kind: 'countBy' | 'groupBy' | 'reduceByKey' | 'distinct' | 'join' | 'sort' | 'repartition' }
>

async function shuffled(action: Action, node: Wide): Promise<Flow> {
  const { shipped, host } = action.execution
  if (node.kind === 'join') return joined(action, node)
  if (node.kind === 'sort') return sorted(action, node)
  const from = await flowOf(action, node.input)
  const threads = threadsOf(host)
  const wanted = 'partitions' in node ? node.partitions : undefined
  const partitions = wanted ?? partitionCount(from.bytes, threads)
  const through = async (exchange: Exchange<Shipment>, merge: Merge<Shipment>): Promise<Flow> => {
    const made = await exchanged(action, from, exchange, partitions)
    return flow(() => partitionsInput([made], merge, threads, host.partLimits), totalBytes(made), node.kind)
  }
  switch (node.kind) {
    case 'repartition':
      return through({ kind: 'even', partitions }, { kind: 'concat' })
    case 'distinct':
      return through({ kind: 'hash', partitions, key: 'self', combine: 'count' }, { kind: 'distinct' })
    case 'countBy':
      return through({ kind: 'hash', partitions, key: await shipped(node.fn), combine: 'count' }, { kind: 'count' })
    case 'groupBy': {
      const key = node.fn === 'pair' ? 'pair' : await shipped(node.fn)
      return through({ kind: 'hash', partitions, key }, { kind: node.streamed === true ? 'groups' : 'group' })
    }
    case 'reduceByKey': {
      const fn = await shipped(node.fn)
      return through({ kind: 'hash', partitions, key: 'pair', combine: fn }, { kind: 'reduce', fn })
    }
  }
}

function threadsOf(host: DatasetHost): number {
  return Math.max(1, host.coordinator.counts().threads)
}

/** Tables up to this many bytes are sent to every worker whole. */
const BROADCAST_BYTES = 4 * 1024 * 1024

async function joined(action: Action, node: Extract<Node, { kind: 'join' }>): Promise<Flow> {
  const { how } = node
  const threads = threadsOf(action.execution.host)
  const left = await flowOf(action, node.input)
  const right = await flowOf(action, node.other)
  if ((how === 'inner' || how === 'left') && (node.broadcast ?? (right.bytes ?? Infinity) <= BROADCAST_BYTES)) {
    const table = encodeValues((await collected(action.execution, right)).flat())
    return { ...left, operators: [...left.operators, { kind: 'broadcastJoin', how, table }], name: `${left.name} join` }
  }
  const bytes = left.bytes === undefined || right.bytes === undefined ? undefined : left.bytes + right.bytes
  const partitions = node.partitions ?? partitionCount(bytes, threads)
  const exchange: Exchange<Shipment> = { kind: 'hash', partitions, key: 'pair' }
  const sides = [
    await exchanged(action, left, exchange, partitions),
    await exchanged(action, right, exchange, partitions),
  ]
  const total = sides.reduce((sum, side) => sum + totalBytes(side), 0)
  return flow(
    () => partitionsInput(sides, { kind: 'join', how }, threads, action.execution.host.partLimits),
    total,
    'join',
  )
}

/** How many keys stand for each partition when splitters are chosen. */
const SAMPLE_KEYS = 64

async function sorted(action: Action, node: Extract<Node, { kind: 'sort' }>): Promise<Flow> {
  const { execution } = action
  const { host, shipped } = execution
  const threads = threadsOf(host)
  let from = await flowOf(action, node.input)
  if (from.isStream) {
    const stored = await store(action, from)
    from = flow(() => storedInput(stored), totalBytes(stored), from.name)
  }
  const by = node.fn === undefined ? {} : { by: await shipped(node.fn) }
  const wanted = rangeCount(from.bytes, threads)
  const keys: Uint8Array[] = []
  if (wanted > 1) {
    const sample = from.input().sample?.(Math.max(16, threads * 4))
    if (sample === undefined) throw new Error(`Assertion: ${from.name} gives no sample of itself`)
    await execution.run(
      { ...from, input: () => sample, name: `${from.name} sample` },
      { kind: 'sampleKeys', most: SAMPLE_KEYS * Math.ceil(wanted / 4), ...by },
      { made: (_, values) => void keys.push(...(decodeValues(values) as Uint8Array[][]).flat()) },
    )
  }
  const splitters = chooseSplitters(keys, wanted)
  const { descending } = node
  const isOneKey = (partition: number) => isUniform(splitters, descending ? splitters.length - partition : partition)
  const made = await exchanged(action, from, { kind: 'range', splitters, descending, ...by }, splitters.length + 1)
  return flow(
    () => partitionsInput([made], { kind: 'sort', descending }, threads, host.partLimits, isOneKey),
    totalBytes(made),
    'sort',
  )
}

function store(action: Action, from: Flow): Promise<Materialized> {
  return exchanged(action, from, { kind: 'store' }, 1)
}

/** Runs a stage whose tasks leave their records on their workers, each in its partition. */
async function exchanged(
  { execution, names, spools }: Action,
  source: Flow,
  exchange: Exchange<Shipment>,
  partitions: number,
): Promise<Materialized> {
  const { host } = execution
  const from = source.isStream ? keptFlow(source, spools) : source
  const name = `shuffle-${host.unique()}`
  names.push(name)
  const sink: Sink<Shipment> = { kind: 'shuffle', name, exchange, compress: host.compress }
  const make = async (flow: Flow): Promise<Map<Unit, Output>> => {
    const outputs = new Map<Unit, Output>()
    const made = (unit: Unit, values: Uint8Array) => void outputs.set(unit, decodeValues(values)[0] as Output)
    await execution.run(flow, sink, { made })
    return outputs
  }
  const makeAgain = async (units: readonly Unit[]) => {
    const outputs = await make({ ...from, input: () => onlyUnits(from.input(), units), name: `${from.name} again` })
    return units.map((unit) => outputs.get(unit)!)
  }
  return materialized(name, partitions, await make({ ...from, name: `${from.name} ${exchange.kind}` }), makeAgain)
}

/** A stream is read once; what it gave is on the driver's disk when it is needed again. */
function keptFlow(flow: Flow, spools: Disposable[]): Flow {
  const kept = spooled(flow.input())
  spools.push(kept)
  return { ...flow, input: () => kept.input, isStream: false }
}

function onlyUnits(input: StageInput, units: readonly Unit[]): StageInput {
  let taken = 0
  const { listen: _, close: __, ...rest } = input
  return {
    ...rest,
    totalBytes: undefined,
    next: () => units[taken++],
    isExhausted: () => taken >= units.length,
    waiting: () => units.length - taken,
  }
}

/** All records of a flow, task by task in the order of the input. */
export async function collected(execution: Execution, from: Flow, sink: Sink<Shipment> = { kind: 'collect' }) {
  const results = new Map<Unit, unknown[]>()
  await execution.run(from, sink, { made: (unit, values) => void results.set(unit, decodeValues(values)) })
  return [...results].sort(([left], [right]) => left.order - right.order).map(([, values]) => values)
}

async function run(
  host: DatasetHost,
  signal: AbortSignal | undefined,
  from: Flow,
  sink: Sink<Shipment>,
  use: StageUse,
  onStart: ((stage: RunningStage) => void) | undefined,
): Promise<void> {
  const isColumnar = from.isColumnar || (sink.kind === 'write' && sink.format.kind === 'parquet')
  const program = await host.program(isColumnar)
  const title = `${from.name} ${sink.kind}`
  let skipped = 0
  let example = ''
  await host.stage(
    title,
    () => signal?.aborted === true,
    async (step) => {
      const input = from.input()
      const pipeline: Pipeline<Shipment> = { input: input.input, operators: from.operators, sink }
      const stage = runStage(host.coordinator, {
        ...use,
        name: title,
        input,
        pipeline,
        program,
        progressed: step,
        noted(notes) {
          if (skipped === 0) example = notes.example
          skipped += notes.skipped
        },
      })
      onStart?.(stage)
      await cancelledBy(stage, signal)
    },
  )
  if (skipped > 0) host.warn(`${skipped} malformed records were left out, the first of ${example}`)
}

async function cancelledBy(stage: RunningStage, signal: AbortSignal | undefined): Promise<void> {
  const onAbort = () => stage.cancel(signal?.reason)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await stage.finished
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
