/** A range of IPv4 addresses, such as `10.96.0.0/12`. */
export interface AddressRange {
  /** How many addresses may be given out: neither the network's own nor the broadcast address. */
  readonly size: number
  /** The `index`-th of them, from 0. */
  at(index: number): string
  contains(address: string): boolean
}

export function addressRange(cidr: string): AddressRange {
  const [base = '', bits = '32'] = cidr.split('/')
  const start = toNumber(base)
  const total = 2 ** (32 - Number(bits))
  return {
    size: total - 2,
    at: (index) => toText(start + 1 + index),
    contains(address) {
      const offset = toNumber(address) - start
      return offset > 0 && offset < total - 1
    },
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
