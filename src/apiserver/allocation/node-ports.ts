import type { Draft } from '../../api/draft.ts'
import type { Service } from '../../api/generated/core-v1.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'

/** Ports of nodes, as one reservation takes them. */
export interface NodePorts {
  /** First and last, as messages name them. */
  readonly range: string
  has(port: string): boolean
  /** Any that is free; throws an internal error that says `full` where none is. */
  takeAny(full: string): number
  /** Throws what `refused` makes where the port is taken or none of the range. */
  claim(port: number, refused: () => Error): void
}

type ServiceSpec = NonNullable<Draft<Service>['spec']>

/** Gives a Service the node ports that it wants beyond those it had (none where it is new), and one for health checks. */
export function reserveNodePorts(
  { spec, metadata }: Draft<Service>,
  held: readonly string[] | undefined,
  pool: NodePorts,
): void {
  if (spec === undefined) return
  const reserved = new Set((held ?? []).map(Number))
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    reservePorts(spec, metadata.name ?? '', reserved, held !== undefined, pool)
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') reserveHealthCheck(spec, reserved, pool)
}

const why = (port: number, pool: NodePorts) =>
  pool.has(String(port))
    ? 'provided port is already allocated'
    : `provided port is not in the valid range. The range of valid ports is ${pool.range}`

/** A new Service's ports of one number share their node port, whatever their protocols. */
function reservePorts(
  spec: ServiceSpec,
  name: string,
  reserved: Set<number>,
  isUpdate: boolean,
  pool: NodePorts,
): void {
  const allocates = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false
  const shared = new Map<number, number>()
  spec.ports?.forEach((port, i) => {
    if (!port.nodePort && !allocates) return
    const asked = port.nodePort || (isUpdate ? 0 : (shared.get(port.port) ?? requestedFor(spec, port.port)))
    if (asked === 0) port.nodePort = pool.takeAny('failed to allocate a nodePort: range is full')
    else {
      port.nodePort = asked
      if (!reserved.has(asked)) {
        pool.claim(asked, () =>
          invalidError({ group: '', kind: 'Service' }, name, [
            invalid(`spec.ports[${i}].nodePort`, asked, why(asked, pool)),
          ]),
        )
      }
    }
    reserved.add(port.nodePort)
    if (!shared.has(port.port)) shared.set(port.port, port.nodePort)
  })
}

const requestedFor = ({ ports }: ServiceSpec, number: number): number =>
  ports?.find(({ port, nodePort }) => port === number && nodePort)?.nodePort ?? 0

function reserveHealthCheck(spec: ServiceSpec, reserved: ReadonlySet<number>, pool: NodePorts): void {
  const asked = spec.healthCheckNodePort ?? 0
  if (asked === 0) {
    spec.healthCheckNodePort = pool.takeAny('failed to allocate a HealthCheck NodePort 0: range is full')
    return
  }
  if (reserved.has(asked)) return
  pool.claim(asked, () => {
    const text = `failed to allocate requested HealthCheck NodePort ${asked}: ${why(asked, pool)}`
    return apiError('InternalError', `Internal error occurred: ${text}`)
  })
}
