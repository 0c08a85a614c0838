/** A death certificate: what is known of a worker, or a thread of one, that ended while it ran a task. */
export interface LossRecord {
  readonly pod: string
  readonly node: string
  /** `worker` where all of its threads ended, `thread` where user code ended its own thread alone. */
  readonly scope: 'worker' | 'thread'
  /** In a few words: `exited with code 3`, `killed by SIGKILL`, `out of memory`, `silent for 10 s`. */
  readonly reason: string
  readonly exitCode?: number
  readonly signal?: string
  readonly outOfMemory?: boolean
  /** Its system had told it to end, such as a node that is taken away: what ran there is not to blame. */
  readonly wasTold?: boolean
  /** The most memory that the worker was seen to hold, in bytes, as its heartbeats told. */
  readonly peakBytes?: number
  /** What it was allowed, in bytes. */
  readonly limitBytes?: number
  /** What the system said further, such as the stack of an error that nobody caught. */
  readonly message?: string
  /** The last lines that it wrote, oldest first. */
  readonly lastLogLines?: readonly string[]
}

/** Finds out more about a lost worker than its connection told, such as from its pod's status. */
export type InvestigateLoss = (record: LossRecord) => Promise<LossRecord>

export function describeLoss(record: LossRecord): string {
  const where = record.node === '' ? record.pod : `${record.pod} on node ${record.node}`
  return `${record.scope === 'thread' ? 'a thread of ' : ''}${where} ${record.reason}${memoryOf(record)}`
}

function memoryOf({ outOfMemory, peakBytes, limitBytes }: LossRecord): string {
  if (outOfMemory !== true) return ''
  const held = peakBytes === undefined ? [] : [`it held ${mebibytes(peakBytes)} when last heard`]
  const limit = limitBytes === undefined ? [] : [`its limit is ${mebibytes(limitBytes)}`]
  return held.length + limit.length === 0 ? '' : ` (${[...held, ...limit].join(', ')})`
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`

/** What to do about it. */
export function hintFor(records: readonly LossRecord[]): string {
  if (records.some((record) => record.outOfMemory)) {
    return 'Give the workers more memory (workers: { memory }), or the function less to hold at once'
  }
  if (records.every((record) => record.scope === 'thread' && record.reason.startsWith('exited'))) {
    return 'The function ends its own thread: look for process.exit in it and in what it calls'
  }
  return 'Look at the last log lines in `losses`; the worker ended each time while it ran this task'
}
