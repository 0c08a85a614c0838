import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { networkPolicies } from '../../src/api/generated/resources.ts'
import { NODE } from '../images/images.ts'
import { program } from '../images/root.ts'
import { openNetworkOn } from '../network/network.fixture.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'

const noRules = program('nft') === undefined ? 'no nft: sudo apt-get install nftables' : undefined
const ENGINES = [
  { runtime: 'cri', missing: noRules ?? containerdMissing(), start: startContainerd },
  { runtime: 'docker', missing: noRules ?? dockerdMissing(), start: startDockerd },
] as const

/** Asks each address once, on a connection of its own, and prints who answers. */
const ask = (...urls: readonly string[]) => `
const { request } = require('node:http')
const ask = (url) => new Promise((resolve) => request(url, { agent: false, timeout: 2000 }, async (response) => {
  resolve(Buffer.concat(await response.toArray()).toString().split('-')[0])
}).on('timeout', () => resolve('dropped')).on('error', (error) => resolve(error.code)).end())
;(async () => { for (const url of ${JSON.stringify(urls)}) console.log(await ask(url)) ; process.exit() })()
`

for (const { runtime, missing, start } of ENGINES) {
  const title = `on ${runtime}, Services balance for host and pods, names resolve, policies are kept, and no rule is left`
  if (missing !== undefined) test.skip(`${title}: ${missing}`, () => {})
  else
    test(title, { timeout: 180_000 }, async () => {
      await using engine = await start()
      engine.load(NODE)
      {
        await using network = await openNetworkOn({ runtime, engineEndpoint: engine.endpoint })
        const [, { spec }] = await Promise.all([network.deploy('web', 2), network.serve('web')])
        const at = spec?.clusterIP ?? ''
        await network.answering(at, 80, 2)
        const urls = ['http://web', 'http://web.default.svc.cluster.local', `http://${at}`, `http://${at}:81`]
        expect(await network.run('asker', ask(...urls))).toBe('web\nweb\nweb\nECONNREFUSED\n')
        await network.client.create(networkPolicies, {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'none', namespace: 'default' },
          spec: { podSelector: { matchLabels: { app: 'web' } } },
        })
        // Takes effect a moment later, or is told that it cannot.
        for (let tries = 0; (await network.eventsOf('none')).length === 0; tries++) {
          const answer = await network.run(`again-${tries}`, ask('http://web'))
          if (answer === 'dropped\n') break
          expect(tries).toBeLessThan(5)
        }
      }
      expect(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })).not.toContain(`shoal-${process.pid}-`)
    })
}
