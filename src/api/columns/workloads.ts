import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { PodTemplateSpec, ReplicationController } from '../generated/core-v1.ts'
import type { LabelSelector } from '../generated/meta-v1.ts'
import { ageOf } from '../meta/duration.ts'
import { formatLabelSelector, fromLabelSelector } from '../meta/label-selector.ts'
import type { Cell, CellFunctions } from './column.ts'

/** Names and images of a template's containers. */
export function containersOf(template: PodTemplateSpec | undefined): readonly [string, string] {
  const containers = template?.spec?.containers ?? []
  return [containers.map((one) => one.name).join(','), containers.map((one) => one.image ?? '').join(',')]
}

/** A selector as one column, `<none>` where nothing is selected by. */
export function selectorText(selector: LabelSelector | undefined): string {
  const text = formatLabelSelector(fromLabelSelector(selector) ?? [])
  return text === '' ? '<none>' : text
}

/** Labels as one column, `<none>` where there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

function deploymentCells({ metadata, spec, status }: Deployment, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    ageOf(metadata.creationTimestamp, nowMs),
    ...containersOf(spec?.template),
    selectorText(spec?.selector),
  ]
}

function replicaSetCells({ metadata, spec, status }: ReplicaSet, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    ageOf(metadata.creationTimestamp, nowMs),
    ...containersOf(spec?.template),
    selectorText(spec?.selector),
  ]
}

function controllerCells(controller: ReplicationController, nowMs: number): readonly Cell[] {
  const { selector, ...spec } = controller.spec ?? {}
  const asSet = { ...controller, spec: { ...spec, selector: { matchLabels: selector ?? {} } } }
  return replicaSetCells(asSet as ReplicaSet, nowMs)
}

function statefulSetCells({ metadata, spec, status }: StatefulSet, nowMs: number): readonly Cell[] {
  const ready = `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`
  return [metadata.name ?? '', ready, ageOf(metadata.creationTimestamp, nowMs), ...containersOf(spec?.template)]
}

function daemonSetCells({ metadata, spec, status }: DaemonSet, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsText(spec?.template?.spec?.nodeSelector),
    ageOf(metadata.creationTimestamp, nowMs),
    ...containersOf(spec?.template),
    selectorText(spec?.selector),
  ]
}

function revisionCells({ metadata, revision }: ControllerRevision, nowMs: number): readonly Cell[] {
  const owner = metadata.ownerReferences?.find((one) => one.controller === true)
  const group = owner?.apiVersion?.includes('/') === true ? `.${owner.apiVersion.split('/')[0]}` : ''
  const controller = owner === undefined ? '<none>' : `${owner.kind.toLowerCase()}${group}/${owner.name}`
  return [metadata.name ?? '', controller, revision, ageOf(metadata.creationTimestamp, nowMs)]
}

export const workloadCells: CellFunctions = {
  'deployments.apps': deploymentCells,
  'replicasets.apps': replicaSetCells,
  replicationcontrollers: controllerCells,
  'statefulsets.apps': statefulSetCells,
  'daemonsets.apps': daemonSetCells,
  'controllerrevisions.apps': revisionCells,
}
