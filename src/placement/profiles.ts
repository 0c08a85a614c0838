import type { NodeAffinity } from '../api/generated/core-v1.ts'
import type { FilterPlugin, Profile, ScorePlugin } from './framework.ts'
import { bestScore, leastRemaining } from './plugins/best-score.ts'
import { imageLocality } from './plugins/image-locality.ts'
import { podAffinity, podAffinityScore } from './plugins/inter-pod-affinity.ts'
import { preferredAffinity, requiredAffinity } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { nodePorts } from './plugins/node-ports.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable.ts'
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts'
import { random } from './plugins/random.ts'
import { balancedAllocation, fitScore } from './plugins/resource-scores.ts'
import type { FitStrategy, WeighedResource } from './plugins/resource-scores.ts'
import { resourcesFit } from './plugins/resources-fit.ts'
import { roundRobin } from './plugins/round-robin.ts'
import { fewestTaints, toleratesTaints } from './plugins/taint-toleration.ts'
import { topologySpreadScore } from './plugins/topology-spread-score.ts'
import { topologySpread } from './plugins/topology-spread.ts'
import { volumeBinding } from './plugins/volume-binding.ts'
import { volumeRestrictions } from './plugins/volume-restrictions.ts'
import { volumeZone } from './plugins/volume-zone.ts'

/** The name under which Kubernetes' own profile serves pods that name no scheduler. */
export const DEFAULT_PROFILE = 'default-scheduler'

/** What can be set of Kubernetes' own plugins, as in a KubeSchedulerConfiguration's `pluginConfig`. */
export interface PluginOptions {
  /** Of NodeAffinity: holds for every pod of the profile. */
  readonly addedAffinity?: NodeAffinity
  /** Of NodeResourcesFit; default the least allocated, over cpu and memory. */
  readonly scoringStrategy?: FitStrategy
  /** Of NodeResourcesBalancedAllocation; default cpu and memory. */
  readonly balancedResources?: readonly WeighedResource[]
}

/** In the order in which Kubernetes runs them: the first to reject a node gives the reason. */
function filters(options: PluginOptions): readonly FilterPlugin[] {
  return [
    nodeUnschedulable,
    nodeName,
    toleratesTaints,
    requiredAffinity(options.addedAffinity),
    nodePorts,
    resourcesFit,
    volumeRestrictions,
    nodeVolumeLimits,
    volumeBinding,
    volumeZone,
    topologySpread,
    podAffinity,
  ]
}

/** Kubernetes' own plugins and weights under a name. */
export function kubernetesProfile(name: string, options: PluginOptions = {}): Profile {
  return {
    name,
    filters: filters(options),
    preempts: true,
    scores: [
      { plugin: fewestTaints, weight: 3 },
      { plugin: preferredAffinity(options.addedAffinity), weight: 2 },
      { plugin: fitScore(options.scoringStrategy), weight: 1 },
      { plugin: topologySpreadScore, weight: 2 },
      { plugin: podAffinityScore, weight: 2 },
      { plugin: balancedAllocation(options.balancedResources), weight: 1 },
      { plugin: imageLocality, weight: 1 },
    ],
  }
}

/**
 * The profiles that a cluster has: Kubernetes' own with its weights, and those that go by one rule alone: `best-score`,
 * `least-remaining`, `random` and `round-robin`.
 */
export function createProfiles(): ReadonlyMap<string, Profile> {
  const byOneRule = (name: string, plugin: ScorePlugin): Profile => ({
    name,
    filters: filters({}),
    scores: [{ plugin, weight: 1 }],
    everyNode: true,
    preempts: true,
  })
  const profiles = [
    kubernetesProfile(DEFAULT_PROFILE),
    byOneRule('best-score', bestScore()),
    byOneRule('least-remaining', leastRemaining()),
    byOneRule('random', random),
    byOneRule('round-robin', roundRobin()),
  ]
  return new Map(profiles.map((profile) => [profile.name, profile]))
}
