import { applyMore } from './apply-more.ts'
import { patchMore } from './patch-more.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: readonly Scenario[] = [applyMore, patchMore]
