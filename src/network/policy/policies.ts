import type { NetworkPolicy } from '../../api/generated/networking-v1.ts'
import { networkPolicies } from '../../api/generated/resources.ts'
import { createInformer } from '../../informer/informer.ts'
import { createEventRecorder } from '../../reconcile/event-recorder.ts'
import type { PodNetwork } from '../../runtime/pod-network.ts'
import { createWorkLoop } from '../work-loop.ts'
import type { EnforcerOptions, PolicyEnforcer } from './policy-enforcer.ts'

export interface PoliciesOptions extends EnforcerOptions {
  readonly podNetwork: () => Promise<PodNetwork>
}

export interface Policies {
  close(): Promise<void>
}

/** Watches policies from now on; with the first, pods and namespaces too. Where they cannot be kept each is told so. */
export function watchPolicies(options: PoliciesOptions): Policies {
  const { env, client, podNetwork } = options
  const informer = createInformer(env, client, networkPolicies)
  const told = new Set<string>()
  let enforcer: Promise<PolicyEnforcer> | undefined

  const tell = (all: readonly NetworkPolicy[]) => {
    const events = createEventRecorder(env, client, { component: 'shoal-network' })
    for (const about of all) {
      const { uid = '' } = about.metadata
      if (told.has(uid)) continue
      told.add(uid)
      events.record({ about, type: 'Warning', reason: 'NetworkPolicyNotEnforced', message: NOT_ENFORCED })
    }
  }
  const run = async () => {
    await informer.synced
    const all = informer.list()
    if (enforcer === undefined && all.length === 0) return
    const network = await podNetwork()
    if (network.rule === undefined || network.filters === false) return tell(all)
    enforcer ??= import('./policy-enforcer.ts').then((module) => module.openPolicyEnforcer(options, network, loop.wake))
    await (await enforcer).apply(all)
  }
  const loop = createWorkLoop(env, { run, failure: 'network policies are not kept as they should be' })
  informer.listen({ added: loop.wake, updated: loop.wake, deleted: loop.wake })
  return {
    async close() {
      informer.close()
      await loop.close()
      await enforcer?.then((open) => open.close()).catch(() => {})
    },
  }
}

const NOT_ENFORCED =
  'This policy is not enforced: it takes pods with networks of their own, whose traffic passes rules: root and nftables on Linux, ' +
  'and with container engines the kernel module br_netfilter'
