import { readFileSync } from 'node:fs'

/** The kernel's CAP_SYS_RESOURCE. */
const LOWERS_SCORES = 1n << 24n

/**
 * The lowest score that containers may ask for: Docker starts none that asks for less than it is allowed to set, and what it
 * is allowed follows from what this machine leaves to anybody.
 */
export function leastOomScore(): number {
  try {
    const [, allowed = '0'] = /^CapBnd:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if ((BigInt(`0x${allowed}`) & LOWERS_SCORES) !== 0n) return -1000
    return Number(readFileSync('/proc/self/oom_score_adj', 'utf8'))
  } catch {
    return -1000
  }
}
