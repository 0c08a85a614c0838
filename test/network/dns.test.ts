import { Resolver } from 'node:dns/promises'
import { expect, test } from 'vitest'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import { pods, services } from '../../src/api/generated/resources.ts'
import { container, MODES, openTestNetwork, pod, SERVER } from './network.fixture.ts'
import { until } from '../../src/testing/until.ts'

/** What a program in a pod learns of names, each by `lookup`, as most programs ask. */
const LOOKUPS = `
const { lookup } = require('node:dns/promises')
const { connect } = require('node:net')
const ask = (name) => lookup(name, { family: 4 }).then(({ address }) => address, ({ code }) => code)
;(async () => {
  for (const name of process.env.NAMES.split(' ')) console.log(name, await ask(name))
  const response = await fetch('http://web/').catch((error) => ({ text: () => String(error.cause) }))
  console.log((await response.text()).split('-')[0])
})()
`

for (const mode of MODES) {
  test(`dns, ${mode}: pods find Services by short and full names, and connect by them`, async () => {
    await using network = await openTestNetwork(mode)
    const [, { spec }] = await Promise.all([network.deploy('web', 1), network.serve('web')])
    await network.answering(spec?.clusterIP ?? '', 80, 1)
    const names = ['web', 'web.default', 'web.default.svc.cluster.local', 'none.default.svc.cluster.local']
    const asker = { ...container(['node', '-e', LOOKUPS]), env: [{ name: 'NAMES', value: names.join(' ') }] }
    const output = await network.run('asker', '', { containers: [asker] })
    const address = spec?.clusterIP
    expect(output.trim().split('\n')).toEqual([
      ...names.slice(0, 3).map((name) => `${name} ${address}`),
      `${names[3]} ENOTFOUND`,
      'web',
    ])
  })

  test(`dns, ${mode}: a headless Service is its pods, by name and port, and addresses have names`, async () => {
    await using network = await openTestNetwork(mode)
    const named = { hostname: 'one', subdomain: 'db', containers: [container(['node', '-e', SERVER])] }
    const labelled = pod('db-0', named)
    await network.client.create(pods, { ...labelled, metadata: { ...labelled.metadata, labels: { app: 'db' } } })
    await network.serve('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 8080, targetPort: 8080 as never }] })
    await network.client.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'other' },
      spec: { type: 'ExternalName', externalName: 'db.default.svc.cluster.local' },
    })
    await network.offered('db', 1)
    const [{ status }] = (await until(network.client, pods, (all) =>
      all.some(({ status }) => status?.podIP !== undefined),
    )) as [Pod]
    const [server] = await until(network.client, services, (all) =>
      all.some(({ metadata }) => metadata.name === 'kube-dns'),
    ).then((all) => all.filter(({ metadata }) => metadata.name === 'kube-dns'))
    const resolver = new Resolver({ timeout: 500, tries: 8 })
    resolver.setServers([server?.spec?.clusterIP ?? ''])
    const base = 'db.default.svc.cluster.local'
    const ip = status?.podIP ?? ''
    const pause = () => new Promise((resolve) => setImmediate(resolve))
    while ((await resolver.resolve4(base).catch(() => [])).length === 0) await pause()
    expect(await resolver.resolve4(base)).toEqual([ip])
    expect(await resolver.resolve4(`one.${base}`)).toEqual([ip])
    expect(await resolver.resolveSrv(`_sql._tcp.${base}`)).toMatchObject([
      { name: `one.${base}`, port: 8080, priority: 0, weight: 100 },
    ])
    expect(await resolver.reverse(ip)).toEqual([`one.${base}`])
    expect(await resolver.resolve4(`${ip.replaceAll('.', '-')}.default.pod.cluster.local`)).toEqual([ip])
    expect(await resolver.resolveCname('other.default.svc.cluster.local')).toEqual([base])
    expect(await resolver.resolve4('other.default.svc.cluster.local')).toEqual([ip])
    await expect(resolver.resolve4('none.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(resolver.resolve6(base)).rejects.toMatchObject({ code: 'ENODATA' })
  })
}
