import type { Pod } from '../../api/generated/core-v1.ts'
import { forbidden, invalid, invalidError } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { LogOptions } from '../../client/client.ts'
import { chooseContainer } from './choose-container.ts'
import { authorize } from '../verbs/authorization.ts'
import type { Engine } from '../verbs/engine.ts'
import { entryAt } from '../verbs/get.ts'
import type { ObjectTarget, RequestContext } from '../verbs/request.ts'

/** GET of `log`: chooses the container as Kubernetes does and asks its node. */
export async function logs(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  options: LogOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  authorize(engine, context, 'get', { ...target, subresource: 'log' })
  checkOptions(target, options)
  const pod = entryAt(engine.store.durable(), target).object as Pod
  const container = chooseContainer(pod, options.container)
  const { name: podName = '', namespace = '', uid = '' } = pod.metadata
  const node = pod.spec?.nodeName
  if (!node) {
    return nothing()
  }
  if (engine.nodeStreams === undefined) {
    throw apiError(
      'ServiceUnavailable',
      `Cannot read the log of pod "${podName}": no node can be reached from this server`,
    )
  }
  return engine.nodeStreams.logs({ node, namespace, pod: podName, uid, container }, options)
}

function checkOptions({ name }: ObjectTarget, { tailLines, limitBytes, sinceSeconds, sinceTime }: LogOptions): void {
  const errors: FieldError[] = []
  const atLeast = (field: string, value: number | undefined, least: 0 | 1) => {
    const wanted = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'
    if (value !== undefined && value < least) errors.push(invalid(field, value, wanted))
  }
  atLeast('tailLines', tailLines, 0)
  atLeast('limitBytes', limitBytes, 1)
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else atLeast('sinceSeconds', sinceSeconds, 1)
  if (errors.length > 0) throw invalidError({ group: '', kind: 'PodLogOptions' }, name, errors)
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // A pod that has no node has said nothing yet: Kubernetes answers with an empty body.
}
