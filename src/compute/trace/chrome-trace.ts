import type { TaskRecord } from '../coordinator/task-record.ts'

/**
 * Attempts in the Trace Event Format, which Chrome (chrome://tracing), Perfetto and Speedscope open: a process for each pod, a line
 * for each of its threads, and a slice for each attempt.
 */
export function chromeTrace(records: readonly TaskRecord[]): string {
  const pods = new Map<string, number>()
  const lines: unknown[] = []
  const processOf = ({ pod, node }: TaskRecord): number => {
    const known = pods.get(pod)
    if (known !== undefined) return known
    const pid = pods.size + 1
    pods.set(pod, pid)
    lines.push({ ph: 'M', pid, name: 'process_name', args: { name: node === '' ? pod : `${pod} on ${node}` } })
    return pid
  }
  for (const record of records) {
    const { name, thread, endedMs, micros, outcome, what, task, attempt, items, bytesIn, bytesOut } = record
    lines.push({
      ph: 'X',
      name,
      cat: outcome,
      pid: processOf(record),
      tid: thread,
      ts: Math.round(endedMs * 1000 - micros),
      dur: micros,
      args: { task, attempt, items, bytesIn, bytesOut, outcome, ...(what === undefined ? {} : { what }) },
      ...(outcome === 'done' ? {} : { cname: outcome === 'failed' ? 'terrible' : 'bad' }),
    })
  }
  // One event a line: such a file can be searched, and read while it is large.
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines.map((line) => JSON.stringify(line)).join(',\n')}\n]}\n`
}
