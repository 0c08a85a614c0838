import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import type { ServicePort } from '../services/service-port.ts'
import { createKernelBalancer } from './kernel-balancer.ts'

function port(id: string, ips: readonly string[], more: Partial<ServicePort> = {}): ServicePort {
  const targets = ips.map((ip) => ({ ip, port: 8080 }))
  const none = { clusterIps: ['10.96.0.9'], externalIps: [], balancerIps: [], sourceRanges: [] }
  return { id, protocol: 'TCP', port: 80, ...none, internal: targets, external: targets, ...more }
}

/** The scripts that the balancer has performed, the lines of the ground left out. */
function open(fails: (script: string) => boolean = (script) => script.includes('ct timeout')) {
  const scripts: string[][] = []
  const balancer = createKernelBalancer({
    env: { ...systemEnvironment(), log: { ...systemEnvironment().log, warn: () => {} } },
    place: { table: 'ip shoal', isHost: false, masquerade: false, serviceRange: '10.96.0.0/12' },
    nodeAddresses: ['10.88.0.1'],
    async rule(script) {
      if (fails(script)) throw new Error('refused')
      scripts.push(script.split('\n').filter((line) => !/ (balance|loop|refuse) |table|add map/.test(line)))
    },
  })
  const apply = async (...ports: readonly ServicePort[]) => {
    await balancer.apply(new Map([['n/s', ports]]))
    return scripts.at(-1)
  }
  return { balancer, scripts, apply }
}

test('kernel balancer: a new port has its rules before its address, and goes in the other order', async () => {
  const { apply } = open()
  expect(await apply(port('a', ['10.0.0.1']))).toEqual([
    'add chain ip shoal target-1-10.0.0.1-8080',
    'add chain ip shoal service-1',
    'add rule ip shoal target-1-10.0.0.1-8080 ip saddr 10.0.0.1 meta mark set meta mark or 0x4000',
    'add rule ip shoal target-1-10.0.0.1-8080 meta l4proto tcp dnat to 10.0.0.1:8080',
    'add rule ip shoal service-1 numgen inc mod 1 vmap { 0 : goto target-1-10.0.0.1-8080 }',
    'add element ip shoal services { 10.96.0.9 . tcp . 80 : goto service-1 }',
  ])
  expect(await apply()).toEqual([
    'delete element ip shoal services { 10.96.0.9 . tcp . 80 }',
    'flush chain ip shoal target-1-10.0.0.1-8080',
    'flush chain ip shoal service-1',
    'delete chain ip shoal target-1-10.0.0.1-8080',
    'delete chain ip shoal service-1',
  ])
})

test('kernel balancer: a change of targets touches neither the address nor the targets that stay', async () => {
  const { apply } = open()
  await apply(port('a', ['10.0.0.1']))
  expect(await apply(port('a', ['10.0.0.1', '10.0.0.2']))).toEqual([
    'add chain ip shoal target-1-10.0.0.2-8080',
    'add rule ip shoal target-1-10.0.0.2-8080 ip saddr 10.0.0.2 meta mark set meta mark or 0x4000',
    'add rule ip shoal target-1-10.0.0.2-8080 meta l4proto tcp dnat to 10.0.0.2:8080',
    'flush chain ip shoal service-1',
    'add rule ip shoal service-1 numgen inc mod 2 vmap { 0 : goto target-1-10.0.0.1-8080, 1 : goto target-1-10.0.0.2-8080 }',
  ])
})

test('kernel balancer: after a refusal everything is told again', async () => {
  let refusals = 0
  const { apply, scripts } = open(
    (script) => /ct timeout/.test(script) || (script.includes('10.0.0.2') && refusals++ === 0),
  )
  await apply(port('a', ['10.0.0.1']))
  await apply(port('a', ['10.0.0.2']))
  expect(refusals).toBe(2)
  expect(scripts.at(-1)).toContain('add element ip shoal services { 10.96.0.9 . tcp . 80 : goto service-1 }')
})

test('kernel balancer: of two that name one external address the first has it, then the other', async () => {
  const { balancer, scripts } = open()
  const named = (id: string) => port(id, ['10.0.0.1'], { clusterIps: [], externalIps: ['192.0.2.1'] })
  await balancer.apply(new Map([['n/a', [named('a')]]]))
  await balancer.apply(new Map([['n/b', [named('b')]]]))
  expect(scripts.at(-1)?.filter((line) => line.includes('element'))).toEqual([])
  await balancer.apply(new Map([['n/a', []]]))
  expect(scripts.at(-1)?.filter((line) => line.includes('element'))).toEqual([
    'delete element ip shoal services { 192.0.2.1 . tcp . 80 }',
    'add element ip shoal services { 192.0.2.1 . tcp . 80 : goto service-2 }',
  ])
})

test('kernel balancer: affinity sends a client where it was, before it is given a target in turn', async () => {
  const { apply } = open()
  const lines = (await apply(port('a', ['10.0.0.1'], { affinitySeconds: 60 }))) ?? []
  expect(lines[0]).toBe(
    'add set ip shoal near-1-10.0.0.1-8080 { type ipv4_addr; flags dynamic, timeout; timeout 60s; }',
  )
  expect(lines.filter((line) => line.includes('rule ip shoal service-1'))).toEqual([
    'add rule ip shoal service-1 ip saddr @near-1-10.0.0.1-8080 goto target-1-10.0.0.1-8080',
    'add rule ip shoal service-1 numgen inc mod 1 vmap { 0 : goto target-1-10.0.0.1-8080 }',
  ])
})

test('kernel balancer: connections of TCP are forgotten soon after their end, where the kernel can', async () => {
  const { apply, scripts } = open(() => false)
  const lines = await apply(port('a', ['10.0.0.1']), port('b', ['10.0.0.1'], { protocol: 'UDP' }))
  const declared = 'add ct timeout ip shoal ended { protocol tcp; policy = { time_wait : 1, close : 1 }; }'
  expect(scripts.every((script) => script.includes(declared))).toBe(true)
  expect(lines?.filter((line) => line.includes('ct timeout set'))).toEqual([
    'add rule ip shoal target-1-10.0.0.1-8080 ct timeout set "ended"',
  ])
})
