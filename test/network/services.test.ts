import { expect, test } from 'vitest'
import type { Service } from '../../src/api/generated/core-v1.ts'
import { services } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { ask, MODES, openTestNetwork } from './network.fixture.ts'

/** Asks one connection each, through `url`, and prints the answers. */
const askTimes = (url: string, times: number) => `
const { request } = require('node:http')
const ask = () => new Promise((resolve) => request('${url}', { agent: false }, async (response) => {
  resolve(Buffer.concat(await response.toArray()).toString())
}).on('error', (error) => resolve(error.code)).end())
;(async () => { for (let i = 0; i < ${times}; i++) console.log(await ask()) })()
`
const countBy = (lines: readonly string[]) =>
  Object.values(Object.groupBy(lines, (line) => line)).map((all) => all?.length)
const firstWord = (line: string) => line.split(' ')[0] ?? ''

for (const mode of MODES) {
  test(`services, ${mode}: connections of pods and host are balanced over ready pods`, async () => {
    await using network = await openTestNetwork(mode)
    const [, own] = await Promise.all([network.deploy('web', 3), network.serve('web')])
    await network.offered('web', 3)
    const { clusterIP = '' } = own.spec ?? {}
    await network.answering(clusterIP, 80, 3)
    const fromHost = [0, 1, 2, 3, 4, 5].map(() => ask(clusterIP, 80))
    expect(countBy((await Promise.all(fromHost)).map(firstWord))).toEqual([2, 2, 2])
    const fromPod = (await network.run('asker', askTimes(`http://${clusterIP}`, 6))).trim().split('\n')
    expect(countBy(fromPod.map(firstWord))).toEqual([2, 2, 2])
    const refused = await network.run('other', askTimes(`http://${clusterIP}:81`, 1))
    expect(refused).toBe('ECONNREFUSED\n')
  })

  test(`services, ${mode}: node port and load balancer answer at the host, and keep a client where it was`, async () => {
    await using network = await openTestNetwork(mode)
    await Promise.all([
      network.deploy('web', 2),
      network.serve('web', {
        type: 'LoadBalancer',
        sessionAffinity: 'ClientIP',
        ports: [{ port: 18080 + (process.pid % 1000), targetPort: 8080 }],
      }),
    ])
    const [{ spec, status }] = (await until(network.client, services, (all) =>
      all.some((one) => one.status?.loadBalancer?.ingress !== undefined),
    ).then((all) => all.filter(({ metadata }) => metadata.name === 'web'))) as [Service]
    await network.offered('web', 2)
    const { port = 0, nodePort = 0 } = spec?.ports?.[0] ?? {}
    const { ip = '' } = status?.loadBalancer?.ingress?.[0] ?? {}
    await network.answering(ip, port, 1)
    const answers = await Promise.all([0, 1, 2, 3].map(() => ask(ip, port)))
    expect(new Set(answers.map(firstWord)).size).toBe(1)
    expect(await ask('127.0.0.1', nodePort)).toMatch(/^web-/)
    const inside = await network.run('asker', askTimes(`http://${ip}:${port}`, 3))
    expect(countBy(inside.trim().split('\n').map(firstWord))).toEqual([3])
  })
}
