import type { WorkerCounts } from '../coordinator/options.ts'
import { Call } from './call.ts'
import type { CallGroup } from './call-group.ts'

/** What a call waits for, one sentence each. */
export function whyOf(call: Call, group: CallGroup, { workers, threads }: WorkerCounts): readonly string[] {
  const name = `"${group.name}"`
  switch (call.state) {
    case 'waiting': {
      const inputs = (call.args ?? []).filter((arg) => arg instanceof Call)
      const open = inputs.filter((input) => !input.isSettled)
      const first = open[0]?.why() ?? []
      return [`${name} waits for ${open.length} of ${inputs.length} inputs`, ...first.slice(0, 1)]
    }
    case 'queued': {
      if (threads === 0)
        return [`${name} waits for a worker: ${workers} are connected, none has a thread that is ready`]
      return [
        `${name} is queued with ${group.queued - 1} more calls; ${threads} threads of ${workers} workers run tasks`,
      ]
    }
    case 'pausing': {
      const said = call.lastError instanceof Error ? call.lastError.message : String(call.lastError)
      return [
        `${name} pauses before attempt ${call.attempts + 1} of ${(group.options.retries ?? 0) + 1}, after: ${said}`,
      ]
    }
    case 'running': {
      const place = group.placeOf(call)
      return [place === undefined ? `${name} is next on a thread` : `${name} runs on ${place}`]
    }
    default:
      return []
  }
}
