import type { Pod, Service } from '../../api/generated/core-v1.ts'
import { keyStringOf } from '../../informer/indexer.ts'

export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/**
 * Remembers, for each service, when its pods last became ready or not, and says what set off a change: the earliest of the
 * times that are new, as Kubernetes does. Holds one time for each pod of a service that lives, and nothing of others.
 */
export interface TriggerTimes {
  /** The time of the first change since the last call, or nothing where no time is new. */
  since(service: Service, pods: readonly Pod[]): string | undefined
  forget(key: string): void
}

interface Seen {
  readonly service: string
  readonly pods: ReadonlyMap<string, string>
}

export function createTriggerTimes(): TriggerTimes {
  const seen = new Map<string, Seen>()
  return {
    since(service, pods) {
      const key = keyStringOf(service)
      const known = seen.get(key)
      const created = service.metadata.creationTimestamp ?? ''
      const times = new Map(pods.map((pod) => [pod.metadata.name!, readinessTime(pod)]))
      seen.set(key, { service: created, pods: times })
      const fresh = [...times].filter(([name, time]) => time > (known?.pods.get(name) ?? '')).map(([, time]) => time)
      if (created > (known?.service ?? '')) fresh.push(created)
      return fresh.sort()[0]
    },
    forget: (key) => void seen.delete(key),
  }
}

function readinessTime({ status }: Pod): string {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''
}
