import type { KubeObject } from '../api/object.ts'
import { containerOf } from './container-spec.ts'
import type { ContainerOptions } from './container-spec.ts'
import type { KubernetesCluster } from './cluster.ts'

/** What a Deployment runs and how it rolls. */
export interface DeploymentOptions extends ContainerOptions {
  /** The value of the label `app` of its pods; default its name. */
  readonly appName?: string
  /** Default 1. */
  readonly replicas?: number | undefined
  /**
   * How new pods take the place of old ones: by and by, with at most so many more or fewer than `replicas` meanwhile
   * (numbers, or shares such as `25%`, which is the default of both); or all at once after the old ones have ended.
   */
  readonly strategy?: 'Recreate' | { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string }
  /** How long a new pod must have been ready to count as available, in seconds; default 0. */
  readonly minReadySeconds?: number
  /** How long a roll-out may make no progress before it counts as failed, in seconds; default 600. */
  readonly progressDeadlineSeconds?: number
}

/** When an autoscaler adds and removes replicas. */
export interface AutoscalePolicy {
  /** Default 1. */
  readonly minReplicas?: number
  readonly maxReplicas: number
  /** The use to keep to, of what the containers request, in per cent. Default 80 of cpu, where neither is given. */
  readonly cpuPercent?: number
  readonly memoryPercent?: number
  /** For how long the highest recommendation holds before replicas are removed, in seconds; default 300. */
  readonly scaleDownAfterSeconds?: number
}

/** The Deployment as it is applied. */
export function deploymentOf(
  name: string,
  cluster: Pick<KubernetesCluster, 'namespace' | 'config'>,
  options: DeploymentOptions,
): KubeObject & { readonly spec: object } {
  const { appName = name, strategy, minReadySeconds, progressDeadlineSeconds } = options
  const replicas = 'replicas' in options ? options.replicas : 1
  const labels = { app: appName }
  const spec = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { app: appName } },
    ...(strategy !== undefined && { strategy: strategyOf(strategy) }),
    ...(minReadySeconds !== undefined && { minReadySeconds }),
    ...(progressDeadlineSeconds !== undefined && { progressDeadlineSeconds }),
    template: { metadata: { labels }, spec: { containers: [containerOf(appName, options, cluster)] } },
  }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: cluster.namespace, labels }, spec }
}

function strategyOf(strategy: NonNullable<DeploymentOptions['strategy']>): object {
  return strategy === 'Recreate' ? { type: strategy } : { type: 'RollingUpdate', rollingUpdate: strategy }
}

/** The autoscaler as it is applied. */
export function autoscalerOf(name: string, namespace: string, policy: AutoscalePolicy): KubeObject {
  const { minReplicas = 1, maxReplicas, memoryPercent, scaleDownAfterSeconds } = policy
  const cpuPercent = policy.cpuPercent ?? (memoryPercent === undefined ? 80 : undefined)
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas,
    maxReplicas,
    metrics: [...metric('cpu', cpuPercent), ...metric('memory', memoryPercent)],
    ...(scaleDownAfterSeconds !== undefined && {
      behavior: { scaleDown: { stabilizationWindowSeconds: scaleDownAfterSeconds } },
    }),
  }
  const object = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name, namespace }, spec }
  return object
}

function metric(name: string, averageUtilization: number | undefined): readonly object[] {
  if (averageUtilization === undefined) return []
  return [{ type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }]
}
