import { addressNumber, addressText, parseSubnet } from './spawner/subnet.ts'

/** Addresses of pods: one each, from a subnet. */
export interface AddressPool {
  /** Throws a RangeError when all are in use. */
  take(): string
  free(address: string): void
}

/** The subnet's own number, the host's address and the broadcast address are nobody's. Freed ones are used last. */
export function createAddressPool(subnet: string): AddressPool {
  const { base, size } = parseSubnet(subnet)
  const used = new Set<number>()
  const usable = size - 3
  let next = 0
  return {
    take() {
      for (let tries = 0; tries < usable; tries++) {
        const address = base + 2 + next
        next = (next + 1) % usable
        if (used.has(address)) continue
        used.add(address)
        return addressText(address)
      }
      throw new RangeError(`no free address for a pod: all ${usable} of ${subnet} are in use`)
    },
    free: (address) => void used.delete(addressNumber(address)),
  }
}
