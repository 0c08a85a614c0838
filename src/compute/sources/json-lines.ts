import type { Push } from '../dataset/push.ts'
import type { TaskContext } from '../dataset/task-context.ts'
import { malformedRecord } from './malformed.ts'

/** Texts of whole lines into what each line says in JSON; blank lines are no records. */
export function createJsonLinesParser(malformed: 'fail' | 'skip', task: TaskContext, next: Push): Push {
  const from = (text: string, start: number): void | Promise<void> => {
    for (let at = start; at < text.length;) {
      const found = text.indexOf('\n', at)
      const end = found < 0 ? text.length : found
      const line = text.slice(at, end)
      const begin = at
      at = end + 1
      if (line.trim() === '') continue
      let record: unknown
      try {
        record = JSON.parse(line)
      } catch (error) {
        const { message } = error as Error
        malformedRecord({ format: 'JSON', said: message, text, from: begin, to: end }, malformed, task)
        continue
      }
      const waiting = next(record)
      if (waiting !== undefined) return waiting.then(() => from(text, at))
    }
  }
  return (record) => from(record as string, 0)
}
