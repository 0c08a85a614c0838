/** Addresses of pods: one each, from the host's pool of a subnet. */
export interface AddressPool {
  take(): string
  free(address: string): void
}

/** `first` to `last` of a /24 (`10.88.0`) or, with two numbers (`127.88`), of all its /24s. Freed ones are used last. */
export function createAddressPool(prefix: string): AddressPool {
  const isWide = prefix.split('.').length === 2
  const size = isWide ? 65_000 : 252
  const used = new Set<number>()
  let next = 0
  const format = (index: number) =>
    isWide ? `${prefix}.${Math.floor(index / 250)}.${(index % 250) + 2}` : `${prefix}.${index + 2}`
  return {
    take() {
      for (let tries = 0; tries < size; tries++) {
        const index = next
        next = (next + 1) % size
        if (used.has(index)) continue
        used.add(index)
        return format(index)
      }
      throw new RangeError(`no free address for a pod: all ${size} of ${prefix}.0 are in use`)
    },
    free(address) {
      const numbers = address.split('.').map(Number)
      const last = (numbers[3] ?? 0) - 2
      used.delete(isWide ? (numbers[2] ?? 0) * 250 + last : last)
    },
  }
}
