/** The block from which clusters take a subnet each: 10.88.0.0/14, cut into 256 subnets of 1,022 addresses. */
const BLOCK = 10 * 2 ** 24 + 88 * 2 ** 16
const SUBNET_BITS = 22
const SUBNET_SIZE = 2 ** (32 - SUBNET_BITS)
export const SUBNETS = 256

/** A bridge of Linux joins 1,024 links at most, which is why a larger subnet would be of no use. */
export function subnetNumber(index: number): string {
  return `${addressText(BLOCK + index * SUBNET_SIZE)}/${SUBNET_BITS}`
}

/** The first address of a subnet, which the host has. */
export function gatewayOf(subnet: string): string {
  return addressText(parseSubnet(subnet).base + 1)
}

/** The last address of a subnet: that of the router to which all pods are linked, and nobody's elsewhere. */
export function routerOf(subnet: string): string {
  const { base, size } = parseSubnet(subnet)
  return addressText(base + size - 1)
}

export function parseSubnet(subnet: string): { readonly base: number; readonly size: number; readonly bits: number } {
  const [address = '', bits = ''] = subnet.split('/')
  return { base: addressNumber(address), size: 2 ** (32 - Number(bits)), bits: Number(bits) }
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/**
 * The subnets of the block that no route of the host touches, by number. `routes` is `/proc/net/route`: after a line of
 * titles, device, destination, gateway, ... and, eighth, the mask; numbers in the machine's byte order.
 */
export function freeSubnets(routes: string): number[] {
  const taken = routes.trim().split('\n').slice(1).flatMap(routeOf)
  return Array.from({ length: SUBNETS }, (_, index) => index).filter((index) => {
    const base = BLOCK + index * SUBNET_SIZE
    return !taken.some(({ from, size }) => from < base + SUBNET_SIZE && base < from + size)
  })
}

/** The default route covers everything and takes nothing. */
function routeOf(line: string): { from: number; size: number }[] {
  const fields = line.trim().split(/\s+/)
  const mask = littleEndian(fields[7] ?? '')
  return mask === 0 ? [] : [{ from: littleEndian(fields[1] ?? ''), size: 2 ** 32 - mask }]
}

function littleEndian(hex: string): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE(0)
}
