import type { SandboxSpec } from '../runtime.ts'

/**
 * What a pod sets of the kernel's settings for its network, by file beneath /proc/sys; undefined where it sets nothing. Others are the
 * machine's here: throws for them, rather than having the pod start with the machine's.
 */
export function networkSettings(
  { sysctls = {} }: SandboxSpec,
  hasNetwork: boolean,
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(sysctls)
  const other = entries.find(([name]) => !hasNetwork || !name.startsWith('net.'))
  if (other !== undefined) {
    const needs = other[0].startsWith('net.') ? 'a cluster that root started on Linux, or' : 'containers of their own:'
    throw new Error(`sysctl ${other[0]} needs ${needs} --runtime docker or cri`)
  }
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([name, value]) => [fileOf(name), value]))
}

/** A slash within a name is a dot there, as in that of a network device. */
const fileOf = (name: string) => name.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))
