import { expect, test } from 'vitest'
import type { Pod, Service } from '../generated/core-v1.ts'
import type { Draft } from '../draft.ts'
import { kindOfPath, recordedSteps } from '../recorded-steps.ts'
import type { RecordedStep } from '../recorded-steps.ts'
import { decodeObject } from '../schema/decode.ts'
import { prepareForCreate } from '../strategy/prepare.ts'
import { applyDefaults } from './defaults.ts'

const steps = ['defaults-pod', 'defaults-kinds'].flatMap((name) => recordedSteps(name).filter((step) => !step.setup))

test.each(steps.map((step) => [step.id, step] as const))('%s is defaulted as Kubernetes does', (_, step) => {
  const { type } = kindOfPath(step.path)
  const { object } = decodeObject(type, step.body)
  applyDefaults(type, object)
  Object.assign(object.metadata, { uid: '<uid>', creationTimestamp: '<time>', namespace: '{{ns}}' })
  prepareForCreate(type, object)
  expect(object).toEqual(withoutAdmission(step))
})

/** What admission, allocation and the store add is not defaulting. */
function withoutAdmission({ answer }: RecordedStep): unknown {
  const object = structuredClone(answer)
  delete object.metadata.managedFields
  delete object.metadata.resourceVersion
  delete object.metadata.finalizers
  if (object.kind === 'Service') dropAllocated((object as Draft<Service>).spec ?? {})
  if (object.kind === 'Pod') dropAdmitted(object as Draft<Pod>)
  return object
}

function dropAllocated(spec: NonNullable<Draft<Service>['spec']>): void {
  if (spec.clusterIP === 'None') return
  delete spec.clusterIP
  delete spec.clusterIPs
}

function dropAdmitted({ spec }: Draft<Pod>): void {
  if (spec === undefined) return
  for (const field of [
    'serviceAccount',
    'serviceAccountName',
    'tolerations',
    'priority',
    'preemptionPolicy',
  ] as const) {
    delete spec[field]
  }
  const isOwn = ({ name }: { name: string }) => !name.startsWith('kube-api-access')
  if (spec.volumes) spec.volumes = spec.volumes.filter(isOwn)
  if (spec.volumes?.length === 0) delete spec.volumes
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (container.volumeMounts) container.volumeMounts = container.volumeMounts.filter(isOwn)
    if (container.volumeMounts?.length === 0) delete container.volumeMounts
  }
}
