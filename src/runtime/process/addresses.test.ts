import { expect, test } from 'vitest'
import { createAddressPool } from './addresses.ts'
import { freeSubnets, gatewayOf, subnetNumber } from './spawner/subnet.ts'

test("address pool: a subnet's number, its host's address and its broadcast address are nobody's", () => {
  const pool = createAddressPool('10.88.4.0/29')
  const taken = Array.from({ length: 5 }, () => pool.take())
  expect(taken).toEqual(['10.88.4.2', '10.88.4.3', '10.88.4.4', '10.88.4.5', '10.88.4.6'])
  expect(() => pool.take()).toThrow('all 5 of 10.88.4.0/29 are in use')
  pool.free('10.88.4.4')
  expect(pool.take()).toBe('10.88.4.4')
})

test('address pool: a cluster has room for more than a thousand pods, none with an address twice', () => {
  const pool = createAddressPool(subnetNumber(3))
  const taken = new Set(Array.from({ length: 1021 }, () => pool.take()))
  expect(taken.size).toBe(1021)
  expect(taken.has(gatewayOf(subnetNumber(3)))).toBe(false)
  expect(() => pool.take()).toThrow(RangeError)
})

test('subnets: those that a route of the host touches are taken, and the default route touches none', () => {
  // Destinations and masks are in the order of bytes of the machine: 0.0.0.0/0, 10.88.4.0/24 and 10.90.0.0/16.
  const routes = [
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'x\t0004580A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'y\t00005A0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  ].join('\n')
  const free = freeSubnets(routes).map(subnetNumber)
  expect(free).toHaveLength(256 - 1 - 64)
  expect(free).not.toContain('10.88.4.0/22')
  expect(free.slice(0, 2)).toEqual(['10.88.0.0/22', '10.88.8.0/22'])
})
