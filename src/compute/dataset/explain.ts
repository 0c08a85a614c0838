import { findInputs } from '../sources/find-inputs.ts'
import type { Plan } from './actions.ts'
import type { DatasetHost } from './host.ts'
import type { Node } from './node.ts'
import { partitionCount, rangeCount } from './partition-count.ts'

/** One pass over an input, as it is told. */
interface ToldStage {
  readonly source: string
  readonly operators: readonly string[]
  readonly bytes: number | undefined
}

/** What an action on the dataset would run: stages in their order, what each reads, does and leaves. Looks at inputs, runs nothing. */
export async function explain({ host, node }: Plan): Promise<string> {
  const stages: string[] = []
  const last = await told(host, node, stages)
  tell(stages, last, 'to the driver or a sink')
  return stages.join('\n')
}

function tell(stages: string[], { source, operators }: ToldStage, end: string): number {
  const chain = [source, ...operators, end].join(' > ')
  return stages.push(`stage ${stages.length + 1}: ${chain}`)
}

async function told(host: DatasetHost, node: Node, stages: string[]): Promise<ToldStage> {
  const threads = Math.max(1, host.coordinator.counts().threads)
  switch (node.kind) {
    case 'files': {
      const files = await findInputs(node.source, host.reachable)
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      const source = `${counted(files.length, 'file')}, ${sizeOf(bytes)}, in blocks of ${sizeOf(node.source.blockBytes)}`
      const { kind } = node.source.format
      return { source, operators: kind === 'text' || kind === 'whole' || kind === 'binary' ? [] : [kind], bytes }
    }
    case 'records':
      return {
        source: `${counted(node.records.length, 'record')} of the driver`,
        operators: [],
        bytes: node.records.length * 64,
      }
    case 'stream':
      return { source: 'records of an iterable, as workers take them', operators: [], bytes: undefined }
    case 'narrow': {
      const from = await told(host, node.input, stages)
      return { ...from, operators: [...from.operators, node.operator.kind] }
    }
    case 'cache': {
      if (node.cell.made !== undefined) return { source: 'what was cached', operators: [], bytes: undefined }
      const from = await told(host, node.input, stages)
      const number = tell(stages, from, 'kept on the workers')
      return { source: `what stage ${number} keeps`, operators: [], bytes: from.bytes }
    }
    case 'zipWithIndex': {
      const from = await told(host, node.input, stages)
      const number = tell(stages, from, 'kept on the workers, counted')
      return { source: `what stage ${number} keeps`, operators: ['index'], bytes: from.bytes }
    }
    case 'join':
      return toldJoin(host, node, stages, threads)
    default:
      return toldShuffle(await told(host, node.input, stages), node, stages, threads)
  }
}

type Shuffled = Extract<Node, { kind: 'countBy' | 'groupBy' | 'reduceByKey' | 'distinct' | 'sort' | 'repartition' }>

const EXCHANGES: Readonly<Record<Shuffled['kind'], string>> = {
  countBy: 'by the hash of the key, counted before',
  groupBy: 'by the hash of the key',
  reduceByKey: 'by the hash of the key, combined before',
  distinct: 'by the hash of the record, each once',
  sort: 'by ranges of the key, found by sampling',
  repartition: 'evenly',
}

function toldShuffle(from: ToldStage, node: Shuffled, stages: string[], threads: number): ToldStage {
  const wanted = 'partitions' in node ? node.partitions : undefined
  const partitions = wanted ?? (node.kind === 'sort' ? rangeCount : partitionCount)(from.bytes, threads)
  const number = tell(stages, from, `${counted(partitions, 'partition')} ${EXCHANGES[node.kind]}`)
  return { source: `partitions of stage ${number}`, operators: [node.kind], bytes: from.bytes }
}

async function toldJoin(
  host: DatasetHost,
  node: Extract<Node, { kind: 'join' }>,
  stages: string[],
  threads: number,
): Promise<ToldStage> {
  const left = await told(host, node.input, stages)
  const right = await told(host, node.other, stages)
  const mayBroadcast = node.how === 'inner' || node.how === 'left'
  if (mayBroadcast && (node.broadcast ?? (right.bytes ?? Infinity) <= 4 * 1024 * 1024)) {
    const number = tell(stages, right, 'to the driver, and whole to each worker')
    return { ...left, operators: [...left.operators, `join (${node.how}, with the table of stage ${number})`] }
  }
  const bytes = left.bytes === undefined || right.bytes === undefined ? undefined : left.bytes + right.bytes
  const partitions = node.partitions ?? partitionCount(bytes, threads)
  const first = tell(stages, left, `${counted(partitions, 'partition')} by the hash of the key`)
  const second = tell(stages, right, `${counted(partitions, 'partition')} by the hash of the key`)
  return { source: `partitions of stages ${first} and ${second}`, operators: [`join (${node.how})`], bytes }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
