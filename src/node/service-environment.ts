import type { Pod, Service } from '../api/generated/core-v1.ts'
import { services } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'

/** The API server's own Service, of which every pod is told. */
const API_SERVER = { namespace: 'default', name: 'kubernetes' } as const

/**
 * The variables by which pods learn of Services: of the API server always, of those in the pod's namespace unless its
 * `enableServiceLinks` says no.
 */
export async function serviceEnvironment(client: Client, pod: Pod): Promise<Readonly<Record<string, string>>> {
  const namespace = pod.metadata.namespace ?? ''
  const isLinked = pod.spec?.enableServiceLinks !== false
  const own = isLinked ? (await client.list(services, { namespace })).items : []
  const isThere = own.some(({ metadata }) => metadata.name === API_SERVER.name && namespace === API_SERVER.namespace)
  const api = isThere ? undefined : await apiServer(client)
  return Object.assign({}, ...[...(api === undefined ? [] : [api]), ...own].map(variablesOf)) as Record<string, string>
}

async function apiServer(client: Client): Promise<Service | undefined> {
  try {
    return await client.get(services, API_SERVER)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

const known = new WeakMap<Service, Readonly<Record<string, string>>>()

/** Made once for each version of a Service: every pod of its namespace is told of it. */
function variablesOf(service: Service): Readonly<Record<string, string>> {
  let variables = known.get(service)
  if (variables === undefined) known.set(service, (variables = makeVariables(service)))
  return variables
}

/** Kubernetes' variables of a Service, and those that Docker's links had; none of a headless one. */
function makeVariables({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const { clusterIP = '', ports = [] } = spec ?? {}
  const [first] = ports
  if (clusterIP === '' || clusterIP === 'None' || first === undefined) return {}
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP
  const prefix = variableName(metadata.name ?? '')
  const named = ports.flatMap(({ name, port }) =>
    name === undefined || name === '' ? [] : [[`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)] as const],
  )
  const links = ports.flatMap(({ port, protocol = 'TCP' }) => {
    const link = `${prefix}_PORT_${port}_${protocol}`
    return [
      [link, `${protocol.toLowerCase()}://${host}:${port}`],
      [`${link}_PROTO`, protocol.toLowerCase()],
      [`${link}_PORT`, String(port)],
      [`${link}_ADDR`, clusterIP],
    ] as const
  })
  return {
    [`${prefix}_SERVICE_HOST`]: clusterIP,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    ...Object.fromEntries(named),
    [`${prefix}_PORT`]: `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`,
    ...Object.fromEntries(links),
  }
}

const variableName = (name: string) => name.toUpperCase().replaceAll('-', '_')
