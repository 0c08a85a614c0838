import type { Draft } from '../draft.ts'
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { PodTemplate, ReplicationController } from '../generated/core-v1.ts'
import { defaultPodTemplate } from './pod.ts'
import { isNone } from '../meta/equal.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'
import { defaultClaim } from './storage.ts'

export function defaultDeployment({ spec }: Draft<Deployment>): void {
  if (spec === undefined) return
  setDefaults(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {} })
  const strategy = (spec.strategy ??= {})
  setDefaultsOfZero(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    setDefaults(strategy.rollingUpdate, { maxUnavailable: '25%', maxSurge: '25%' })
  }
  defaultPodTemplate(spec.template)
}

export function defaultReplicaSet({ spec }: Draft<ReplicaSet>): void {
  if (spec === undefined) return
  setDefaults(spec, { replicas: 1 })
  defaultPodTemplate(spec.template)
}

export function defaultStatefulSet({ spec }: Draft<StatefulSet>): void {
  if (spec === undefined) return
  setDefaultsOfZero(spec, { podManagementPolicy: 'OrderedReady' })
  setDefaults(spec, { replicas: 1, revisionHistoryLimit: 10 })
  const strategy = (spec.updateStrategy ??= {})
  // Whoever names the type has the partition filled in only where there is something to fill it into.
  if (!strategy.type) strategy.rollingUpdate ??= {}
  setDefaultsOfZero(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) {
    setDefaults(strategy.rollingUpdate, { partition: 0 })
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  setDefaultsOfZero(retention, { whenDeleted: 'Retain', whenScaled: 'Retain' })
  spec.volumeClaimTemplates?.forEach((claim) => {
    setDefaultsOfZero(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
    defaultClaim(claim)
  })
  defaultPodTemplate(spec.template)
}

export function defaultDaemonSet({ metadata, spec }: Draft<DaemonSet>): void {
  if (spec === undefined) return
  // What apps/v1 has left of a field that counted templates; revisions tell pods apart now.
  metadata.annotations ??= {}
  setDefaults(metadata.annotations, { 'deprecated.daemonset.template.generation': '1' })
  setDefaults(spec, { revisionHistoryLimit: 10 })
  const strategy = (spec.updateStrategy ??= {})
  setDefaultsOfZero(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    setDefaults(strategy.rollingUpdate, { maxUnavailable: 1, maxSurge: 0 })
  }
  defaultPodTemplate(spec.template)
}

/** The selector is the template's labels where it is absent, and so are the controller's own labels. */
export function defaultReplicationController(controller: Draft<ReplicationController>): void {
  const { spec } = controller
  if (spec === undefined) return
  setDefaults(spec, { replicas: 1 })
  const labels = spec.template?.metadata?.labels
  if (labels !== undefined) {
    if (isNone(spec.selector)) spec.selector = { ...labels }
    if (isNone(controller.metadata.labels)) controller.metadata.labels = { ...labels }
  }
  defaultPodTemplate(spec.template)
}

export function defaultPodTemplateObject({ template }: Draft<PodTemplate>): void {
  defaultPodTemplate(template)
}
