import { RuntimeError } from '../runtime.ts'

/** What one simulated machine's pods have: one of theirs is given again only when it was given back, as late as can be. */
export interface Addresses {
  /** Throws a RuntimeError where all are taken. */
  take(): string
  giveBack(address: string): void
}

const FIRST = 1
const LAST = 254

/** The 254 addresses of a block of 256, such as `10.128.7` for `10.128.7.0/24`. */
export function createAddresses(block: string): Addresses {
  const taken = new Set<number>()
  let next = FIRST
  return {
    take() {
      if (taken.size > LAST - FIRST)
        throw new RuntimeError('FailedCreatePodSandBox', `Cannot give a pod an address: all of ${block}.0/24 are taken`)
      while (taken.has(next)) next = next === LAST ? FIRST : next + 1
      taken.add(next)
      const address = `${block}.${next}`
      next = next === LAST ? FIRST : next + 1
      return address
    },
    giveBack: (address) => void taken.delete(Number(address.slice(block.length + 1))),
  }
}

/** Blocks of `10.128.0.0/9`, which no Service has; there are 32,768. */
export const blockOf = (node: number) => `10.${128 + ((node >> 8) & 127)}.${node & 255}`
