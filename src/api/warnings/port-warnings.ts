import type { Container, ContainerPort } from '../generated/core-v1.ts'

interface Seen {
  readonly path: string
  readonly port: ContainerPort
}

/** Of ports of a pod that are there twice, or nearly so. */
export function warnOfPorts(containers: readonly (readonly [Container, string])[]): readonly string[] {
  const ports = containers.flatMap(([{ ports: own = [] }, path]) =>
    own.map((port, i): Seen => ({ path: `${path}.ports[${i}]`, port })),
  )
  const byNumber = new Map<string, Seen[]>()
  const warnings = ports.flatMap((one) => {
    const key = `${one.port.containerPort}/${one.port.protocol}`
    const others = byNumber.get(key) ?? []
    byNumber.set(key, [...others, one])
    return [...warnOfHost(one), ...others.flatMap((other) => warnOfOverlap(one, other))]
  })
  return [...warnings, ...warnOfNames(ports)]
}

function warnOfHost({ path, port }: Seen): readonly string[] {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port
  if (hostIP === '' || hostPort !== 0) return []
  const shown = `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
  return [`${path}: hostIP set without hostPort: ${shown}`]
}

function warnOfOverlap({ path, port }: Seen, other: Seen): readonly string[] {
  const [a, b] = [port, other.port].map(({ hostIP = '', hostPort = 0 }) => ({ hostIP, hostPort }))
  if (a === undefined || b === undefined) return []
  const word = (how: string) => [`${path}: ${how} port definition with ${other.path}`]
  if (a.hostIP === b.hostIP && a.hostPort === b.hostPort) return word('duplicate')
  if (a.hostPort === 0 || b.hostPort === 0) return word('overlapping')
  const isAmbiguous = a.hostPort === b.hostPort && (a.hostIP === '') !== (b.hostIP === '')
  return isAmbiguous ? word('dangerously ambiguous') : []
}

function warnOfNames(ports: readonly Seen[]): readonly string[] {
  const first = new Map<string, string>()
  return ports.flatMap(({ path, port: { name = '' } }) => {
    const other = first.get(name)
    if (name === '') return []
    if (other === undefined) return (first.set(name, path), [])
    const shown = JSON.stringify(name)
    return [
      `${path}: duplicate port name ${shown} with ${other}, services and probes that select ports by name will use ${other}`,
    ]
  })
}
