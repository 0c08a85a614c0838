import type { FilterPlugin, Profile, ScorePlugin } from './framework.ts'
import { bestScore, leastRemaining } from './plugins/best-score.ts'
import { preferredAffinity, requiredAffinity } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { nodePorts } from './plugins/node-ports.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable.ts'
import { random } from './plugins/random.ts'
import { balancedAllocation, leastAllocated, resourcesFit } from './plugins/resources-fit.ts'
import { roundRobin } from './plugins/round-robin.ts'
import { fewestTaints, toleratesTaints } from './plugins/taint-toleration.ts'

/** The name under which Kubernetes' own profile serves pods that name no scheduler. */
export const DEFAULT_PROFILE = 'default-scheduler'

/** In the order in which Kubernetes runs them: the first to reject a node gives the reason. */
const FILTERS: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  toleratesTaints,
  requiredAffinity,
  nodePorts,
  resourcesFit,
]

/**
 * The profiles that a cluster has: Kubernetes' own with its weights, and those that go by one rule alone: `best-score`,
 * `least-remaining`, `random` and `round-robin`.
 */
export function createProfiles(): ReadonlyMap<string, Profile> {
  const kubernetes: Profile = {
    name: DEFAULT_PROFILE,
    filters: FILTERS,
    scores: [
      { plugin: fewestTaints, weight: 3 },
      { plugin: preferredAffinity, weight: 2 },
      { plugin: leastAllocated, weight: 1 },
      { plugin: balancedAllocation, weight: 1 },
    ],
  }
  const byOneRule = (name: string, plugin: ScorePlugin): Profile => ({
    name,
    filters: FILTERS,
    scores: [{ plugin, weight: 1 }],
    everyNode: true,
  })
  const profiles = [
    kubernetes,
    byOneRule('best-score', bestScore()),
    byOneRule('least-remaining', leastRemaining()),
    byOneRule('random', random),
    byOneRule('round-robin', roundRobin()),
  ]
  return new Map(profiles.map((profile) => [profile.name, profile]))
}
