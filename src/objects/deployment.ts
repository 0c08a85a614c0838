import type { Deployment } from '../api/generated/apps-v1.ts'
import type { HorizontalPodAutoscaler } from '../api/generated/autoscaling-v2.ts'
import { deployments, horizontalPodAutoscalers } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubernetesCluster } from './cluster.ts'
import type { ContainerOptions } from './container-spec.ts'
import { autoscalerOf, deploymentOf } from './deployment-spec.ts'
import type { AutoscalePolicy, DeploymentOptions } from './deployment-spec.ts'
import { follow } from './follow.ts'
import { MANAGER } from './manager.ts'
import type { WaitOptions } from './manager.ts'
import { rolledOut } from './rolled-out.ts'
import { revisionsOf, templateOf } from './revisions.ts'
import type { Revision } from './revisions.ts'

/** Replicas of one kind of pod, kept running, rolled from version to version. */
export interface KubernetesDeployment {
  readonly name: string
  readonly cluster: KubernetesCluster
  /** Creates it, or brings it to what it was declared as; resolves when all its pods are available. */
  deploy(options?: WaitOptions): Promise<Deployment>
  /**
   * Changes its container, such as to another image; resolves when every pod is a new one and available. Rejects with
   * `OBJECTS_ROLLOUT_FAILED` where the new pods do not come to be: the old ones serve on, and `rollback()` ends the attempt.
   */
  upgrade(change: ContainerOptions, options?: WaitOptions): Promise<Deployment>
  /** Returns to the revision before this one, or to `revision`. Rejects with `OBJECTS_NO_REVISION` where there is none. */
  rollback(revision?: number, options?: WaitOptions): Promise<Deployment>
  /** Resolves when there are `replicas` available pods, and no others. */
  scale(replicas: number, options?: WaitOptions): Promise<Deployment>
  /** Lets a HorizontalPodAutoscaler set the number of replicas from now on. */
  autoscale(policy: AutoscalePolicy): Promise<HorizontalPodAutoscaler>
  /** Rolls nothing out until `resume()`. */
  pause(): Promise<Deployment>
  resume(options?: WaitOptions): Promise<Deployment>
  /** The revisions that it can return to, oldest first. */
  history(): Promise<readonly Revision[]>
  /** As the API server has it; `undefined` where it is not there. */
  object(): Promise<Deployment | undefined>
  /** Ends its pods and itself; resolves when it is gone. */
  delete(options?: WaitOptions): Promise<void>
}

/**
 * Declares a Deployment; nothing is written before `deploy()`.
 *
 * @example
 * const web = KubernetesDeployment.create('web', cluster, { image: 'node:24', args: ['server.js'], replicas: 3 })
 * await web.deploy()
 * await web.upgrade({ env: { GREETING: 'hello' } })
 * await web.rollback()
 */
function create(name: string, cluster: KubernetesCluster, options: DeploymentOptions = {}): KubernetesDeployment {
  const { client, namespace } = cluster
  const key = { namespace, name }
  let declared = options
  let isAutoscaled = false

  const wait = (choice: WaitOptions | undefined) => follow(client, deployments, key, rolledOut(name), choice)

  async function apply(choice: WaitOptions | undefined): Promise<Deployment> {
    const patch = deploymentOf(name, cluster, isAutoscaled ? { ...declared, replicas: undefined } : declared)
    await client.patch(deployments, key, { type: 'apply', patch }, MANAGER)
    return wait(choice)
  }

  const merge = (spec: object) =>
    client.patch(deployments, key, { type: 'merge', patch: { spec } }, { fieldManager: MANAGER.fieldManager })

  return {
    name,
    cluster,
    deploy: apply,
    upgrade(change, choice) {
      declared = { ...declared, ...change }
      return apply(choice)
    },
    async rollback(revision, choice) {
      const template = await templateOf(client, key, revision)
      const patch = [{ op: 'replace', path: '/spec/template', value: template } as const]
      await client.patch(deployments, key, { type: 'json', patch }, { fieldManager: MANAGER.fieldManager })
      return wait(choice)
    },
    async scale(replicas, choice) {
      declared = { ...declared, replicas }
      await merge({ replicas })
      return wait(choice)
    },
    async autoscale(policy) {
      isAutoscaled = true
      const patch = autoscalerOf(name, namespace, policy)
      return client.patch(horizontalPodAutoscalers, key, { type: 'apply', patch }, MANAGER)
    },
    pause: () => merge({ paused: true }),
    async resume(choice) {
      await merge({ paused: false })
      return wait(choice)
    },
    history: () => revisionsOf(client, key),
    object: () => client.get(deployments, key).catch(undefinedIfMissing),
    async delete(choice) {
      await client.delete(horizontalPodAutoscalers, key).catch(undefinedIfMissing)
      await client.delete(deployments, key, { propagationPolicy: 'Foreground' }).catch(undefinedIfMissing)
      const judge = (object: Deployment | undefined) => (object === undefined ? true : undefined)
      const state = () => 'it is still ending'
      await follow(client, deployments, key, { judge, state, expected: 'it to be gone' }, choice)
    },
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}

/** Declares Deployments. */
export const KubernetesDeployment = { create }
