/** Docker serves many: what is an owner's carries this label. */
export const OWNER_LABEL = 'shoal.dev/owner'
/** `sandbox`, or the id of the sandbox that the container is in. */
export const SANDBOX_LABEL = 'shoal.dev/sandbox'
export const ATTEMPT_LABEL = 'shoal.dev/attempt'
/** The labels that the kubelet gives to what it makes, which other programs on the node look for. */
export const POD_NAME_LABEL = 'io.kubernetes.pod.name'
export const POD_NAMESPACE_LABEL = 'io.kubernetes.pod.namespace'
export const POD_UID_LABEL = 'io.kubernetes.pod.uid'
export const CONTAINER_NAME_LABEL = 'io.kubernetes.container.name'

export type Labels = Readonly<Record<string, string>>

/** As the kubelet named them: `k8s_main_web_default_<uid>_0`; `POD` for sandboxes. */
export function containerName(container: string, labels: Labels, attempt: number): string {
  const { [POD_NAME_LABEL]: pod, [POD_NAMESPACE_LABEL]: namespace, [POD_UID_LABEL]: uid } = labels
  return ['k8s', container, pod, namespace, uid, attempt].join('_')
}
