import { createPublicKey, verify } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serviceAccounts } from '../src/api/generated/resources.ts'
import type { TokenRequest } from '../src/api/generated/authentication-v1.ts'
import type { Endpoint } from '../src/client/http/connection.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'
import { ask } from './abuse/raw.ts'

let cluster: Cluster
let endpoint: Endpoint

beforeAll(async () => {
  cluster = await createCluster({ apiOnly: true })
  endpoint = await cluster.listen()
})
afterAll(() => cluster.close())

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(endpoint, 'GET', path, undefined, headers)

test.each(['/openapi/v2', '/openapi/v3', '/openapi/v3/apis/apps/v1'])(
  '%s has a tag, and is not sent again to whoever has what it names',
  async (path) => {
    const first = await get(path)
    const tag = String(first.headers['etag'])
    expect([first.code, tag]).toEqual([200, expect.stringMatching(/^"[0-9A-F]+"$/)])
    const again = await get(path, { 'if-none-match': tag })
    expect([again.code, again.text, (await get(path, { 'if-none-match': '"other"' })).code]).toEqual([304, '', 200])
  },
)

test('the address of a document in the index of version 3 names its tag', async () => {
  const index = JSON.parse((await get('/openapi/v3')).text) as { paths: Record<string, { serverRelativeURL: string }> }
  const { serverRelativeURL = '' } = index.paths['apis/batch/v1'] ?? {}
  const { code, headers } = await get(serverRelativeURL)
  expect([code, `"${serverRelativeURL.split('hash=')[1]}"`]).toEqual([200, headers['etag']])
})

test('whoever reads the published keys can tell a token of an account from a forged one, and who issued it', async () => {
  const key = { namespace: 'default', name: 'default' }
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: ['me'] },
  }
  await cluster.client
    .create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key })
    .catch(() => undefined)
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const made = JSON.parse((await ask(endpoint, 'POST', path, JSON.stringify(asked))).text) as TokenRequest
  const [head = '', claims = '', signature = ''] = (made.status?.token ?? '').split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, string>
  const configuration = JSON.parse((await get('/.well-known/openid-configuration')).text) as Record<string, string>
  expect(read(claims)['iss']).toBe(configuration['issuer'])
  // As JSON alone Kubernetes does not give them: they have a type of their own.
  expect((await get('/openid/v1/jwks')).code).toBe(406)
  const published = await get('/openid/v1/jwks', { accept: '*/*' })
  expect(published.headers['content-type']).toBe('application/jwk-set+json')
  const { keys } = JSON.parse(published.text) as { keys: (JsonWebKey & { kid: string })[] }
  const jwk = keys.find(({ kid }) => kid === read(head)['kid'])
  const publicKey = { key: createPublicKey({ key: jwk ?? {}, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
  const holds = (text: string) => verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
  expect([read(head)['alg'], holds(`${head}.${claims}`), holds(`${head}.${claims}x`)]).toEqual(['ES256', true, false])
})
