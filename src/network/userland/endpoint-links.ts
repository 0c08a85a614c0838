import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ServicePort } from '../services/service-port.ts'

/**
 * Tells programs of pods which endpoints a Service has, so that they connect to one themselves (`connect-preload.cjs`): a symbolic link
 * for each address and port of a Service, `127.230.0.5:80`, whose target is `127.20.0.2:8080,127.20.0.3:8080`. A link is replaced as a
 * whole and read in one call. One that says `-` leaves the choice to the balancer; where there are no endpoints there is no link.
 */
export interface EndpointLinks {
  /** Replaces the ports of these Services, by key. Returns whether somebody may be on the way to an endpoint that is none any more. */
  apply(changes: ReadonlyMap<string, readonly ServicePort[]>): boolean
}

/** What a link can hold. */
const MOST_BYTES = 4_000
const BALANCED = '-'

export function createEndpointLinks(directory: string): EndpointLinks {
  const linked = new Map<string, ReadonlyMap<string, string>>()
  const write = (name: string, text: string) => {
    const fresh = join(directory, '.next')
    if (linked.size === 0) mkdirSync(directory, { recursive: true, mode: 0o711 })
    rmSync(fresh, { force: true })
    symlinkSync(text, fresh)
    renameSync(fresh, join(directory, name))
  }
  return {
    apply(changes) {
      let hasLeft = false
      for (const [service, ports] of changes) {
        const before = linked.get(service)
        const after = linksOf(ports)
        for (const [name, text] of after) if (before?.get(name) !== text) write(name, text)
        for (const name of before?.keys() ?? []) if (!after.has(name)) rmSync(join(directory, name), { force: true })
        hasLeft ||= [...(before ?? [])].some(([name, text]) => text !== BALANCED && hasLess(text, after.get(name)))
        if (after.size > 0) linked.set(service, after)
        else linked.delete(service)
      }
      return hasLeft
    },
  }
}

/** Who has to be kept where it was is known by the balancer alone, since all programs of the machine come from one address. */
function linksOf(ports: readonly ServicePort[]): ReadonlyMap<string, string> {
  const links = new Map<string, string>()
  for (const { protocol, clusterIps, port, internal, affinitySeconds } of ports) {
    if (protocol !== 'TCP' || internal.length === 0) continue
    const text = internal.map((target) => `${target.ip}:${target.port}`).join()
    const isPlain = affinitySeconds === undefined && text.length <= MOST_BYTES
    for (const ip of clusterIps) links.set(`${ip}:${port}`, isPlain ? text : BALANCED)
  }
  return links
}

function hasLess(before: string, after = ''): boolean {
  if (before === after) return false
  const left = new Set(after.split(','))
  return before.split(',').some((target) => !left.has(target))
}
