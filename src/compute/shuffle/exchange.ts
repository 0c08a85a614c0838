import type { Exchange } from '../dataset/plan.ts'
import { encodeHashBlock } from './block.ts'
import type { CreateExchanger, Exchanger } from './exchanger.ts'
import { hashExchanger } from './hash-exchange.ts'
import type { OutputFile } from './output-file.ts'
import { rangeExchanger } from './range-exchange.ts'

type AnyFunction = (...args: never[]) => unknown

/** The exchangers of a stage's tasks on one thread. */
export function exchangersOf(exchange: Exchange<AnyFunction>): CreateExchanger {
  switch (exchange.kind) {
    case 'hash':
      return (file) => hashExchanger(exchange, file)
    case 'range':
      return rangeExchanger(exchange)
    case 'even':
      return (file) => evenExchanger(exchange.partitions, file)
    case 'store':
      return (file) => evenExchanger(1, file)
  }
}

/** Records are written out by so many. */
const BLOCK_ROWS = 8192

function evenExchanger(partitions: number, file: OutputFile): Exchanger {
  const held: unknown[][] = Array.from({ length: partitions }, () => [])
  let count = 0
  let next = 0
  const flush = () => {
    if (count === 0) return
    const rows = Uint32Array.from(held, (records) => records.length)
    const blocks = held.map((records) =>
      records.length === 0 ? undefined : encodeHashBlock({ keys: records, rows: undefined, values: undefined }),
    )
    file.append(blocks, rows)
    for (const records of held) records.length = 0
    count = 0
  }
  return {
    add(record) {
      held[next]!.push(record)
      next = (next + 1) % partitions
      if (++count === BLOCK_ROWS * Math.min(partitions, 16)) flush()
    },
    finish: flush,
  }
}
