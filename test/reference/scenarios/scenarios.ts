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
import { tableCells } from './table-cells.ts'
import { tableCellsMore } from './table-cells-more.ts'
import { kindsMore, kindsWide } from './kinds-more.ts'
import { partPatches } from './part-patches.ts'
import { quotasMore } from './quotas-more.ts'
import { policyFaults } from './policy-faults.ts'
import { mediaTypes, watchForms, wrongRequests } from './requests-more.ts'
import { accessForms } from './access-forms.ts'
import { applyKinds } from './apply-kinds.ts'
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
  tableCells,
  tableCellsMore,
  kindsMore,
  kindsWide,
  partPatches,
  quotasMore,
  policyFaults,
  mediaTypes,
  wrongRequests,
  watchForms,
  accessForms,
  applyKinds,
]
