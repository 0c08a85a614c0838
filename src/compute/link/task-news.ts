import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { TaskRecord } from '../coordinator/task-record.ts'
import type { CoordinatorNews } from './message.ts'

const TELL_MS = 250
/** Of what ends in that time. Whoever draws a timeline misses the rest; sums are made of what is told. */
const MAX_RECORDS = 5000

/** Gathers what is told of tasks, so that the link carries it now and then. */
export function tellTasks(
  { timers }: Pick<Environment, 'timers'>,
  tell: (message: CoordinatorNews) => void,
): (record: TaskRecord) => void {
  let records: TaskRecord[] = []
  let timer: Timer | undefined
  const send = () => {
    timer = undefined
    const sent = records
    records = []
    tell({ type: 'tasks', records: sent })
  }
  return (record) => {
    if (records.length < MAX_RECORDS) records.push(record)
    timer ??= timers.after(TELL_MS, send, { background: true })
  }
}
