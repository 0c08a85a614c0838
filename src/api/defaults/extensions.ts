import type { Draft } from '../draft.ts'
import type { CustomResourceDefinition } from '../generated/apiextensions-v1.ts'
import type { APIService } from '../generated/apiregistration-v1.ts'
import type { PriorityClass } from '../generated/scheduling-v1.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

export function defaultDefinition({ spec }: Draft<CustomResourceDefinition>): void {
  setDefaultsOfZero(spec.names, {
    singular: spec.names.kind.toLowerCase(),
    listKind: spec.names.kind === '' ? '' : `${spec.names.kind}List`,
  })
  setDefaults(spec, { conversion: { strategy: 'None' } })
  const service = spec.conversion?.webhook?.clientConfig?.service
  if (service) setDefaults(service, { port: 443 })
}

export function defaultApiService({ spec }: Draft<APIService>): void {
  if (spec?.service) setDefaults(spec.service, { port: 443 })
}

export function defaultPriorityClass(priorityClass: Draft<PriorityClass>): void {
  setDefaults(priorityClass, { preemptionPolicy: 'PreemptLowerPriority' })
}
