import { parseQuantity, wholeOf } from '../../api/meta/quantity.ts'
import { parseDuration } from '../../expression/cel/time.ts'
import { DEFAULT_THRESHOLDS } from './thresholds.ts'
import type { EvictionThresholds, Least, Signal, Threshold } from './thresholds.ts'

/** The kubelet's flags of the same names. */
export interface ThresholdTexts {
  /** Such as `memory.available<100Mi,nodefs.available<10%`; absent: the default. */
  readonly hard?: string
  readonly soft?: string
  /** For each soft threshold, such as `memory.available=1m30s`. */
  readonly softGracePeriod?: string
  readonly maxPodGraceSeconds?: number
}

const NAMES: Readonly<Record<string, Signal>> = {
  'memory.available': 'memory.available',
  'nodefs.available': 'nodefs.available',
  'nodefs.inodesFree': 'nodefs.inodesFree',
  'imagefs.available': 'nodefs.available',
  'imagefs.inodesFree': 'nodefs.inodesFree',
}

/** Reads thresholds as a kubelet takes them. Throws an Error that says what is wrong, in the kubelet's words where it has some. */
export function parseThresholds(texts: ThresholdTexts): EvictionThresholds {
  const { hard, soft = '', softGracePeriod = '', maxPodGraceSeconds = 0 } = texts
  const graces = new Map(statements(softGracePeriod, '=').map(([name, text]) => [name, graceOf(name, text)]))
  const firm = hard === undefined ? DEFAULT_THRESHOLDS.all : statements(hard, '<').map((each) => threshold(each, 0))
  const softer = statements(soft, '<').map(([name, text]): Threshold => {
    const grace = graces.get(name)
    if (grace === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${name}`)
    return threshold([name, text], grace)
  })
  for (const name of graces.keys()) {
    if (!statements(soft, '<').some(([of]) => of === name)) throw new Error(`no soft eviction threshold for ${name}`)
  }
  return { all: [...firm, ...softer], mostPodGraceMs: maxPodGraceSeconds * 1000 }
}

type Statement = readonly [name: string, text: string]

function statements(text: string, operator: '<' | '='): readonly Statement[] {
  return text.split(',').flatMap((part): Statement[] => {
    if (part.trim() === '') return []
    const [name = '', value = '', ...rest] = part.trim().split(operator)
    if (value === '' || rest.length > 0) throw new Error(`invalid eviction statement "${part}": no "${operator}" in it`)
    return [[name, value]]
  })
}

function threshold([name, text]: Statement, graceMs: number): Threshold {
  const signal = NAMES[name]
  if (signal === undefined) throw new Error(`unsupported eviction signal ${name}`)
  return { signal, least: leastOf(name, text), graceMs }
}

function leastOf(name: string, text: string): Least {
  if (text.endsWith('%')) {
    const share = Number(text.slice(0, -1)) / 100
    if (share > 0 && share < 1) return { share }
    throw new Error(`eviction percentage threshold ${name} must be > 0% and < 100%: ${text}`)
  }
  const quantity = parseQuantity(text)
  if (quantity === undefined || quantity.nanos <= 0n) {
    throw new Error(`eviction threshold ${name} must be positive: ${text}`)
  }
  return { amount: wholeOf(text) }
}

function graceOf(name: string, text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined || duration.nanos <= 0n) throw new Error(`invalid grace period for ${name}: ${text}`)
  return Number(duration.nanos / 1_000_000n)
}
