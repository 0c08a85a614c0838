import type { Draft } from '../draft.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/flowcontrol-v1.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

export function defaultFlowSchema({ spec }: Draft<FlowSchema>): void {
  if (spec !== undefined) setDefaultsOfZero(spec, { matchingPrecedence: 1000 })
}

export function defaultPriorityLevel({ spec }: Draft<PriorityLevelConfiguration>): void {
  if (spec?.exempt) setDefaults(spec.exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 })
  if (spec?.limited === undefined) return
  setDefaults(spec.limited, { nominalConcurrencyShares: 30, lendablePercent: 0 })
  const queuing = spec.limited.limitResponse?.queuing
  if (queuing) setDefaultsOfZero(queuing, { handSize: 8, queues: 64, queueLengthLimit: 50 })
}
