import { expect, test } from 'vitest'
import { endpoints } from '../../src/api/generated/resources.ts'
import { until } from '../../src/testing/until.ts'
import { container, MODES, openTestNetwork } from './network.fixture.ts'

/** Asks the API as programs in pods do: by the variables and files that every pod has. */
const ASK = `
const { readFileSync } = require('node:fs')
const { request } = require('node:https')
const at = (name) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name, 'utf8')
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
const headers = { authorization: 'Bearer ' + at('token') }
for (const name of [host, 'kubernetes.default.svc']) {
  request({ host: name, port, path: '/version', headers, ca: at('ca.crt') }, (response) => {
    console.log(response.statusCode)
    response.resume()
  })
    .on('error', (error) => console.log(String(error))).end()
}
`

for (const mode of MODES) {
  test(`in a cluster, ${mode}: programs in pods reach the API by its Service, with its certificate`, async () => {
    await using network = await openTestNetwork(mode, { port: 0 })
    await until(network.client, endpoints, (all) => all.some(({ subsets = [] }) => subsets.length > 0))
    const output = await network.run('asker', '', { containers: [container(['node', '-e', ASK])] })
    expect(output).toBe('200\n200\n')
  })
}
