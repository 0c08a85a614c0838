import { connect as dialAddress } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Pod, Service } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import type { Snapshot } from '../../store/store.ts'
import { authorize } from '../verbs/authorization.ts'
import type { Engine } from '../verbs/engine.ts'
import { entryAt } from '../verbs/get.ts'
import type { ObjectTarget, RequestContext } from '../verbs/request.ts'
import { admitPart } from './admit-part.ts'
import { parseProxyName } from './proxy-name.ts'
import type { ProxyName } from './proxy-name.ts'

/** Where a proxied request goes. */
export interface ProxyLocation {
  /** `host:port`, for headers and messages. */
  readonly host: string
  /** HTTPS is spoken over what `dial` connects; no certificate is looked at, as in Kubernetes. */
  readonly isSecure: boolean
  dial(): Promise<Duplex>
}

/** Authorizes a request to `proxy` of a pod, a service or a node, and finds where it goes. */
export async function proxyLocation(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget & { readonly subresource: string },
  verb: string,
  path = '',
): Promise<ProxyLocation> {
  authorize(engine, context, verb, target)
  await admitPart(engine, context, target, 'CONNECT', path === '' ? {} : { path })
  const { plural } = target.resource.type
  const asked = parseProxyName(target.name)
  if (asked === undefined) throw apiError('BadRequest', `invalid ${plural.slice(0, -1)} request "${target.name}"`)
  const snapshot = engine.store.durable()
  const named = { ...target, name: asked.name }
  if (plural === 'nodes') return nodeLocation(engine, snapshot, named, asked)
  if (plural === 'services') return serviceLocation(engine, snapshot, named, asked)
  const pod = entryAt(snapshot, named).object as Pod
  return podLocation(engine, pod, Number(asked.port) || firstPort(pod) || (asked.isSecure ? 443 : 80), asked.isSecure)
}

const firstPort = ({ spec }: Pod): number | undefined =>
  spec?.containers.find(({ ports }) => (ports?.length ?? 0) > 0)?.ports?.[0]?.containerPort

/** Through the pod's node, which reaches it where this process may not. */
function podLocation({ nodeStreams }: Engine, pod: Pod, port: number, isSecure: boolean): ProxyLocation {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const { spec, status } = pod
  const node = spec?.nodeName
  if (!node) throw apiError('BadRequest', `pod ${name} does not have a host assigned`)
  if (!status?.podIP) throw apiError('BadRequest', 'address not allowed')
  return {
    host: `${status.podIP}:${port}`,
    isSecure,
    async dial() {
      if (nodeStreams === undefined) return await dialTcp(status.podIP ?? '', port)
      const dial = await nodeStreams.portForward({ node, namespace, pod: name, uid })
      return await dial(port)
    },
  }
}

function serviceLocation(engine: Engine, snapshot: Snapshot, target: ObjectTarget, asked: ProxyName): ProxyLocation {
  const { name, namespace = '' } = target
  const service = entryAt(snapshot, target).object as Service
  const portName = portNameOf(service, asked.port)
  const ready = endpointsOf(snapshot, namespace, name, portName)
  const chosen = ready[Math.floor(engine.environment.random.next() * ready.length)]
  if (chosen === undefined) throw apiError('ServiceUnavailable', `no endpoints available for service "${target.name}"`)
  const { host, port, podName } = chosen
  const pod = podName === undefined ? undefined : (snapshot.get('pods', `${namespace}/${podName}`)?.object as Pod)
  if (pod !== undefined) return podLocation(engine, pod, port, asked.isSecure)
  return { host: `${host}:${port}`, isSecure: asked.isSecure, dial: () => dialTcp(host, port) }
}

/** Ports are meant by their names; a number stands for the name of the port that has it. */
function portNameOf({ spec, metadata }: Service, port: string): string {
  if (!/^\d+$/.test(port)) return port
  const found = spec?.ports?.find((each) => each.port === Number(port))
  if (found !== undefined) return found.name ?? ''
  throw apiError('ServiceUnavailable', `no service port ${port} found for service "${metadata.name}"`)
}

interface ReadyEndpoint {
  readonly host: string
  readonly port: number
  readonly podName: string | undefined
}

function endpointsOf(
  snapshot: Snapshot,
  namespace: string,
  service: string,
  portName: string,
): readonly ReadyEndpoint[] {
  const slices = [...snapshot.list('endpointslices.discovery.k8s.io', { prefix: `${namespace}/` })]
    .map(({ object }) => object as EndpointSlice)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.find(({ name }) => (name ?? '') === portName)?.port
    if (port === undefined) return []
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
    return ready.flatMap(({ addresses, targetRef }) => {
      const podName = targetRef?.kind === 'Pod' ? targetRef.name : undefined
      return addresses.slice(0, 1).map((host) => ({ host, port, podName }))
    })
  })
}

/** The node's own server, or any other port of its machine. */
function nodeLocation(
  { nodeStreams }: Engine,
  snapshot: Snapshot,
  target: ObjectTarget,
  asked: ProxyName,
): ProxyLocation {
  const { status } = entryAt(snapshot, target).object as import('../../api/generated/core-v1.ts').Node
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? target.name
  const own = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250
  const port = asked.port === '' ? own : Number(asked.port)
  if (port !== own) return { host: `${address}:${port}`, isSecure: asked.isSecure, dial: () => dialTcp(address, port) }
  const connect = nodeStreams?.connect
  if (connect === undefined)
    throw apiError('ServiceUnavailable', `Cannot connect to node "${target.name}": none can be reached`)
  return { host: `${address}:${port}`, isSecure: false, dial: () => connect(target.name) }
}

function dialTcp(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = dialAddress({ host, port, noDelay: true })
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
