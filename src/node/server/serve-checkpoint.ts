import { sendText } from './answer.ts'
import type { NodeRequest } from './node-path.ts'
import type { StreamExchange } from './serve-pod-streams.ts'

/**
 * What a kubelet answers whose engine cannot take the state of a container to disk, as none can without CRIU: first what is
 * wrong with the request, then that.
 */
export function serveCheckpoint(
  { agent, request, response, query }: StreamExchange,
  { namespace, pod, container }: Extract<NodeRequest, { readonly what: 'checkpoint' }>,
): void {
  if (request.method !== 'POST') return sendText(response, 405, '405: Method Not Allowed')
  const known = agent.pods().findLast(({ metadata }) => metadata.namespace === namespace && metadata.name === pod)
  if (known === undefined) return sendText(response, 404, 'pod does not exist')
  const { containers = [], initContainers = [], ephemeralContainers = [] } = known.spec ?? {}
  const names = [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name)
  if (!names.includes(container)) return sendText(response, 404, `container ${container} does not exist`)
  if (!/^[+-]?\d+$/.test(query.getAll('timeout').at(-1) ?? '0')) {
    return sendText(response, 404, 'cannot parse value of timeout parameter')
  }
  const cause = 'rpc error: code = Unimplemented desc = method CheckpointContainer not implemented'
  sendText(response, 500, `checkpointing of ${namespace}/${pod}/${container} failed (${cause})`)
}
