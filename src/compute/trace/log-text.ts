import type { WorkerLog } from '../coordinator/options.ts'

/** What a worker wrote, each line with the task and thread that it comes from: `[resize run-x4f/1] done`. */
export function logText({ pod, thread, task, text }: WorkerLog): string {
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  const from = `[${task === undefined ? '' : `${task} `}${pod}/${thread}]`
  return lines.map((line) => `${from} ${line}\n`).join('')
}
