import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readForeignKubeconfig } from './foreign-kubeconfig.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-kubeconfig-'))
afterAll(() => rmSync(directory, { recursive: true }))

const kubeconfig = (name: string, user: object, cluster: object = {}) => {
  const path = join(directory, name)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
    'current-context': 'x',
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

test('certificates are read from the files that a kubeconfig refers to, relative to itself', async () => {
  writeFileSync(join(directory, 'ca.crt'), 'the authority')
  writeFileSync(join(directory, 'me.crt'), 'my certificate')
  writeFileSync(join(directory, 'me.key'), 'my key')
  const user = { 'client-certificate': 'me.crt', 'client-key': 'me.key' }
  const path = kubeconfig('files', user, { 'certificate-authority': 'ca.crt' })
  expect(await readForeignKubeconfig([path])).toMatchObject({
    context: 'x',
    namespace: 'team',
    endpoint: {
      server: 'https://10.0.0.1:6443',
      certificateAuthority: 'the authority',
      clientCertificate: 'my certificate',
      clientKey: 'my key',
    },
  })
})

test('a plugin is run for its token', async () => {
  const plugin = join(directory, 'plugin')
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from the plugin', expirationTimestamp: '2999-01-01T00:00:00Z' },
  }
  writeFileSync(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`)
  chmodSync(plugin, 0o755)
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' }
  const { endpoint } = await readForeignKubeconfig([kubeconfig('exec', { exec })])
  expect(await endpoint.authorize?.()).toEqual({ authorization: 'Bearer from the plugin' })
})

test('a password is sent as such', async () => {
  const { endpoint } = await readForeignKubeconfig([kubeconfig('basic', { username: 'ann', password: 'secret' })])
  expect(await endpoint.authorize?.()).toEqual({ authorization: `Basic ${btoa('ann:secret')}` })
})

test('a context that is not there is named with those that are', async () => {
  await expect(readForeignKubeconfig([kubeconfig('none', {})], 'y')).rejects.toMatchObject({
    code: 'no-context',
    message: 'Cannot use context "y": the kubeconfig has x, expected one of these with a cluster',
  })
})
