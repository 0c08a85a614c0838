import type { Draft } from '../../api/draft.ts'
import type { Pod, Toleration } from '../../api/generated/core-v1.ts'
import type { AdmissionPlugin } from './admission.ts'

const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** A pod stays for five minutes on a node that is not ready or cannot be reached, unless it says otherwise. */
export const defaultTolerations: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resources: ['pods'],
  operations: ['CREATE', 'UPDATE'],
  mutate({ object, subresource }) {
    const { spec } = object as Draft<Pod>
    if (spec === undefined || subresource !== undefined) return
    const own = spec.tolerations ?? []
    const missing = KEYS.filter((key) => !own.some((one) => tolerates(one, key)))
    if (missing.length === 0) return
    const added = missing.map((key) => ({ effect: 'NoExecute', key, operator: 'Exists', tolerationSeconds: 300 }))
    spec.tolerations = [...own, ...added]
  },
}

function tolerates({ key = '', effect = '' }: Toleration, wanted: string): boolean {
  return (key === wanted || key === '') && (effect === 'NoExecute' || effect === '')
}
