import type { Container, Pod } from '../api/generated/core-v1.ts'
import type { NodeContext } from './node-context.ts'

/** Tells of something about a pod, or about one of its containers. */
export function tell(
  { events }: NodeContext,
  pod: Pod,
  container: Container | undefined,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  const isNamed = ({ name }: { readonly name: string }) => name === container?.name
  const isEphemeral = pod.spec?.ephemeralContainers?.some(isNamed) === true
  const isInit = pod.spec?.initContainers?.some(isNamed) === true
  const part = isEphemeral ? 'ephemeralContainers' : isInit ? 'initContainers' : 'containers'
  const fieldPath = container === undefined ? {} : { fieldPath: `spec.${part}{${container.name}}` }
  events.record({ about: pod, type, reason, message, ...fieldPath })
}
