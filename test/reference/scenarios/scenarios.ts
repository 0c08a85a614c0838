import { applyMore } from './apply-more.ts'
import { deleteMore } from './delete-more.ts'
import { immutable } from './immutable.ts'
import { listsMore, watchMore } from './lists-more.ts'
import { certificatesMore, subresourcesMore, tokens } from './parts.ts'
import { patchMore } from './patch-more.ts'
import { customMore, registration } from './extensions.ts'
import { customCosts } from './custom-costs.ts'
import { customValues } from './custom-values.ts'
import { accessMore, limits } from './rules.ts'
import { nodeAccess } from './node-access.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: readonly Scenario[] = [
  applyMore,
  patchMore,
  listsMore,
  watchMore,
  deleteMore,
  immutable,
  subresourcesMore,
  certificatesMore,
  tokens,
  limits,
  accessMore,
  nodeAccess,
  customMore,
  customValues,
  customCosts,
  registration,
]
