import type { Draft } from '../../api/draft.ts'
import type { Node } from '../../api/generated/core-v1.ts'
import type { AdmissionPlugin } from './admission.ts'

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** A new node is tainted as not ready until it has shown that it is, so that no pod is placed on it before. */
export const taintNodes: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  resources: ['nodes'],
  operations: ['CREATE'],
  mutate({ object }) {
    const node = object as Draft<Node>
    const taints = node.spec?.taints ?? []
    if (taints.some((one) => one.key === NOT_READY.key && one.effect === NOT_READY.effect)) return
    node.spec = { ...node.spec, taints: [...taints, { ...NOT_READY }] }
  },
}
