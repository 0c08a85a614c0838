import { expect, test } from 'vitest'
import type { Draft } from '../draft.ts'
import type { Pod } from '../generated/core-v1.ts'
import { resolveLabelKeys } from './label-keys.ts'

/** Kubernetes' rule (MatchLabelKeysInPodAffinity, MatchLabelKeysInPodTopologySpreadSelectorMerge). */
test('keys of labels become requirements of the selectors beside them, by the labels of the pod', () => {
  const labelSelector = { matchLabels: { app: 'web' } }
  const term = { topologyKey: 'zone', labelSelector: { ...labelSelector } }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'web', release: 'two' } },
    spec: {
      containers: [],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { ...labelSelector },
          matchLabelKeys: ['release', 'absent'],
        },
        { maxSkew: 1, topologyKey: 'host', whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['release'] },
      ],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, mismatchLabelKeys: ['release'] }],
        },
      },
    },
  } as unknown as Draft<Pod>
  resolveLabelKeys(pod)
  const [spread, without] = pod.spec?.topologySpreadConstraints ?? []
  expect(spread?.labelSelector?.matchExpressions).toEqual([{ key: 'release', operator: 'In', values: ['two'] }])
  expect(without?.labelSelector).toBeUndefined()
  const [apart] = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  expect(apart?.labelSelector?.matchExpressions).toEqual([{ key: 'release', operator: 'NotIn', values: ['two'] }])
})
