import type { Limitation } from '../runtime.ts'
import type { Spawner } from './spawner-process.ts'

/** What this machine does not let the runtime keep of what Kubernetes promises. */
export function describeLimitations(spawner: Spawner | undefined, network: string): readonly Limitation[] {
  const found: Limitation[] = []
  const add = (reason: string, message: string) => void found.push({ reason, message })
  if (!spawner?.namespaces) {
    add(
      'MountPathsRewritten',
      `No mount namespaces${because(spawner?.failures)}: mount paths are rewritten in command, arguments and environment`,
    )
    add('ProcessesNotContained', 'No pid namespace here: a process that leaves its session may outlive its container')
  }
  if (!spawner?.abilities.filters) {
    add('SeccompNotApplied', 'Seccomp profiles are not applied to processes here, which needs Perl on x86-64 or arm64')
  }
  add(
    'ProcessesShared',
    'Containers see the processes of other pods, as with hostPID; signals reach their own user only',
  )
  if (!spawner || spawner.abilities.cgroup === 'none') {
    add('LimitsNotEnforced', 'No cgroups here: cpu and memory limits are measured and not enforced')
  }
  if (!spawner?.abilities.subnet) {
    if (network === 'none') add('NetworkNotIsolated', 'Pods share the addresses and ports of the host')
    else {
      add(
        'NetworkNotIsolated',
        `No network namespaces${because(spawner?.abilities.notes)}: each pod has a loopback address to which its Node programs ` +
          'are bound; other programs share the ports of the host',
      )
    }
  } else if (!spawner.abilities.outside) {
    add(
      'NoOutsideNetwork',
      'Pods reach the host and each other, nothing beyond: nftables or forwarding are not to be had',
    )
  }
  return found
}

function because(causes: readonly string[] = []): string {
  return causes.length > 0 ? ` (${causes.join('; ')})` : ''
}
