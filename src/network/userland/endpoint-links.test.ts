import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ServicePort } from '../services/service-port.ts'
import { createEndpointLinks } from './endpoint-links.ts'

function port(number: number, ips: readonly string[], more: Partial<ServicePort> = {}): ServicePort {
  const targets = ips.map((ip) => ({ ip, port: 8080 }))
  const none = { externalIps: [], balancerIps: [], sourceRanges: [] }
  const own = { id: `n/s:${number}`, port: number, clusterIps: ['127.224.0.5'], internal: targets, external: targets }
  return { protocol: 'TCP', ...own, ...none, ...more }
}

function open() {
  const home = mkdtempSync(join(tmpdir(), 'links-'))
  const directory = join(home, 'endpoints')
  const links = createEndpointLinks(directory)
  return {
    apply: (...ports: readonly ServicePort[]) => links.apply(new Map([['n/s', ports]])),
    seen: () => Object.fromEntries(readdirSync(directory).map((name) => [name, readlinkSync(join(directory, name))])),
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  }
}

test('endpoint links: one for each port with endpoints, replaced and removed with them', () => {
  using at = open()
  expect(at.apply(port(80, ['127.20.0.2', '127.20.0.3']), port(81, []), port(82, ['127.20.0.2']))).toBe(false)
  const both = '127.20.0.2:8080,127.20.0.3:8080'
  expect(at.seen()).toEqual({ '127.224.0.5:80': both, '127.224.0.5:82': '127.20.0.2:8080' })
  expect(at.apply(port(80, ['127.20.0.3', '127.20.0.4']))).toBe(true)
  expect(at.seen()).toEqual({ '127.224.0.5:80': '127.20.0.3:8080,127.20.0.4:8080' })
  expect(at.apply()).toBe(true)
  expect(at.seen()).toEqual({})
})

test('endpoint links: what only comes keeps nobody waiting', () => {
  using at = open()
  at.apply(port(80, ['127.20.0.2']))
  expect(at.apply(port(80, ['127.20.0.2', '127.20.0.3']))).toBe(false)
})

test('endpoint links: clients that are to be kept where they were, and more endpoints than fit, are the balancer’s', () => {
  using at = open()
  const many = Array.from({ length: 250 }, (_, i) => `127.20.100.${i}`)
  at.apply(port(80, ['127.20.0.2'], { affinitySeconds: 10 }), port(81, many), port(82, many, { protocol: 'UDP' }))
  expect(at.seen()).toEqual({ '127.224.0.5:80': '-', '127.224.0.5:81': '-' })
})
