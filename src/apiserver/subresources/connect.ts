import type { Pod } from '../../api/generated/core-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import { authorize } from '../verbs/authorization.ts'
import type { Engine } from '../verbs/engine.ts'
import { entryAt } from '../verbs/get.ts'
import type { ObjectTarget, RequestContext } from '../verbs/request.ts'
import { admitPart } from './admit-part.ts'
import { chooseContainer } from './choose-container.ts'
import type { ContainerAddress, NodeStreams } from './node-streams.ts'

/** Where a connection to a pod goes. `container` is empty for port-forward. */
export interface ConnectLocation {
  readonly streams: NodeStreams
  readonly address: ContainerAddress
}

/**
 * Authorizes a connection (`get` for a WebSocket, `create` for a POST), asks whoever must admit it, and finds where it goes.
 * `options` are what else the client said of it, as in `PodExecOptions`.
 */
export async function connect(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget & { readonly subresource: string },
  verb: 'get' | 'create',
  asked: string,
  options: object = {},
): Promise<ConnectLocation> {
  authorize(engine, context, verb, target)
  await admitPart(engine, context, target, 'CONNECT', { ...options, ...(asked !== '' && { container: asked }) })
  const pod = entryAt(engine.store.durable(), target).object as Pod
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const container = target.subresource === 'portforward' ? '' : chooseContainer(pod, asked)
  const node = pod.spec?.nodeName
  if (!node) throw apiError('BadRequest', `pod ${name} does not have a host assigned`)
  if (engine.nodeStreams === undefined)
    throw apiError('ServiceUnavailable', `Cannot connect to pod "${name}": no node can be reached from this server`)
  return { streams: engine.nodeStreams, address: { node, namespace, pod: name, uid, container } }
}
