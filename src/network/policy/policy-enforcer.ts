import type { Pod } from '../../api/generated/core-v1.ts'
import type { NetworkPolicy } from '../../api/generated/networking-v1.ts'
import { namespaces, pods } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { createInformer } from '../../informer/informer.ts'
import { whenSynced } from '../../informer/synced.ts'
import type { PodNetwork } from '../../runtime/pod-network.ts'
import { tenthOf } from '../dns/name-service.ts'
import { changesOfRules, NO_RULES } from '../kernel/ruleset.ts'
import type { Ruleset } from '../kernel/ruleset.ts'
import { policyGround, policyRules, policyTable } from './policy-rules.ts'

export interface EnforcerOptions {
  readonly env: Environment
  readonly client: Client
  /** Where Services have their addresses, the name server's among them. */
  readonly serviceRange: string
}

/** Has the kernel keep policies. */
export interface PolicyEnforcer {
  /** Resolves when these, and no others, are kept. */
  apply(policies: readonly NetworkPolicy[]): Promise<void>
  close(): void
}

export async function openPolicyEnforcer(
  { env, client, serviceRange }: EnforcerOptions,
  { rule, hostAddress, table: name = 'shoal' }: PodNetwork,
  changed: () => void,
): Promise<PolicyEnforcer> {
  const podInformer = createInformer(env, client, pods)
  const namespaceInformer = createInformer(env, client, namespaces)
  const table = policyTable(name)
  let present: Ruleset | undefined
  await whenSynced(env, [podInformer, namespaceInformer])
  podInformer.listen({
    added: changed,
    updated: (pod, before) => void (signOf(pod) !== signOf(before) && changed()),
    deleted: changed,
  })
  namespaceInformer.listen({ added: changed, updated: changed, deleted: changed })
  return {
    async apply(policies) {
      const all = { policies, pods: podInformer.list(), namespaces: namespaceInformer.list() }
      const wanted = policyRules({ ...all, hostAddress, dnsAddress: tenthOf(serviceRange) })
      const ground = present === undefined ? policyGround(table, hostAddress) : []
      const lines = [...ground, ...changesOfRules(table, present ?? NO_RULES, wanted)]
      // After a refusal all is made anew.
      present = undefined
      if (lines.length > 0) await rule?.(lines.join('\n'))
      present = wanted
    },
    close() {
      podInformer.close()
      namespaceInformer.close()
    },
  }
}

/** What policies go by, of a pod. */
function signOf({ metadata, status }: Pod): string {
  return JSON.stringify([status?.podIP, status?.phase, metadata.labels])
}
