import type { Lease } from '../../api/generated/coordination-v1.ts'
import type { Node } from '../../api/generated/core-v1.ts'

/**
 * When each node was last heard of, by our own clock: what its lease says is only compared with what it said before, since
 * its clock need not be ours.
 */
export interface Heartbeats {
  /** Milliseconds since node or lease last said something new; 0 when it just did. */
  silentMs(node: Node, lease: Lease | undefined, monotonicMs: number): number
  forget(nodeName: string): void
}

interface Heard {
  readonly what: string
  readonly atMs: number
}

export function createHeartbeats(): Heartbeats {
  const heard = new Map<string, Heard>()
  return {
    silentMs(node, lease, monotonicMs) {
      const name = node.metadata.name!
      const what = `${lease?.spec?.renewTime ?? ''}|${reportedAt(node)}`
      const known = heard.get(name)
      if (known?.what === what) return monotonicMs - known.atMs
      heard.set(name, { what, atMs: monotonicMs })
      return 0
    },
    forget: (nodeName) => void heard.delete(nodeName),
  }
}

function reportedAt(node: Node): string {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? ''
}
