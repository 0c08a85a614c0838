import { expect, test } from 'vitest'
import { networkPolicies } from '../../src/api/generated/resources.ts'
import type { NetworkPolicy, NetworkPolicySpec } from '../../src/api/generated/networking-v1.ts'
import { events } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { container, MODES, openTestNetwork } from './network.fixture.ts'

/** Tries each address once, for as long as a dropped connection takes to be given up. */
const TRY = `
const { connect } = require('node:net')
const { lookup } = require('node:dns/promises')
const attempt = ([host, port]) => new Promise((resolve) => {
  const socket = connect(Number(port), host)
  socket.setTimeout(1500, () => { resolve('dropped'); socket.destroy() })
  socket.on('connect', () => { resolve('connected'); socket.destroy() })
  socket.on('error', ({ code }) => resolve(code))
})
;(async () => {
  for (const place of process.env.PLACES.split(' ')) console.log(await attempt(place.split(':')))
  console.log(await lookup('web').then(() => 'found', ({ code }) => code))
})()
`

const policy = (name: string, spec: NetworkPolicySpec): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'default', name },
  spec,
})

test.runIf(MODES.includes('namespace'))(
  'network policies: pods are reached by those who may, and reach whom they may',
  async () => {
    await using network = await openTestNetwork('namespace')
    const { client } = network
    const [[web], [other], service] = await Promise.all([
      network.deploy('web', 1),
      network.deploy('other', 1),
      network.serve('web'),
    ])
    await network.answering(service.spec?.clusterIP ?? '', 80, 1)
    const places = [`${service.spec?.clusterIP}:80`, `${web?.status?.podIP}:8080`, `${other?.status?.podIP}:8080`]
    const attempt = async (name: string, role: string) => {
      const asker = { ...container(['node', '-e', TRY]), env: [{ name: 'PLACES', value: places.join(' ') }] }
      const output = await network.run(name, '', { containers: [asker] }, { role })
      return output.trim().split('\n')
    }
    expect(await attempt('before', 'friend')).toEqual(['connected', 'connected', 'connected', 'found'])
    const friend = { podSelector: { matchLabels: { role: 'friend' } } }
    const ingress = [{ from: [friend], ports: [{ port: 8080 }] }]
    await client.create(networkPolicies, policy('web', { podSelector: { matchLabels: { app: 'web' } }, ingress }))
    // Takes effect a moment after it is there: a stranger who still gets in asks again.
    for (let tries = 0; ; tries++) {
      const found = await attempt(`stranger-${tries}`, 'stranger')
      if (found[0] === 'connected' && tries < 5) continue
      expect(found).toEqual(['dropped', 'dropped', 'connected', 'found'])
      break
    }
    expect(await attempt('friend', 'friend')).toEqual(['connected', 'connected', 'connected', 'found'])
    const dns = { namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }
    const egress = [
      { to: [{ podSelector: { matchLabels: { app: 'web' } } }] },
      { to: [dns], ports: [{ port: 53, protocol: 'UDP' }] },
    ]
    await client.create(networkPolicies, policy('friend', { ...friend, policyTypes: ['Egress'], egress }))
    for (let tries = 0; ; tries++) {
      const found = await attempt(`friend-${tries}`, 'friend')
      if (found[2] === 'connected' && tries < 5) continue
      expect(found).toEqual(['connected', 'connected', 'dropped', 'found'])
      break
    }
    await client.deleteCollection(networkPolicies, { namespace: 'default' })
    for (let tries = 0; ; tries++) {
      const found = await attempt(`after-${tries}`, 'stranger')
      if (found[0] === 'dropped' && tries < 5) continue
      expect(found).toEqual(['connected', 'connected', 'connected', 'found'])
      break
    }
  },
)

test.runIf(MODES.includes('loopback'))(
  'network policies: where they cannot be kept an event on each says so',
  async () => {
    await using network = await openTestNetwork('loopback')
    await network.client.create(networkPolicies, policy('all', { podSelector: {} }))
    const about = await until(network.client, events, (all) =>
      all.some(({ reason }) => reason === 'NetworkPolicyNotEnforced'),
    )
    expect(about.find(({ reason }) => reason === 'NetworkPolicyNotEnforced')).toMatchObject({
      type: 'Warning',
      involvedObject: { kind: 'NetworkPolicy', name: 'all' },
      message: expect.stringContaining('root and nftables'),
    })
  },
)
