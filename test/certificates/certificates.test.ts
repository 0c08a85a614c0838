import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateSigningRequests, nodes, pods, secrets } from '../../src/api/generated/resources.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { pemFor } from './cases.ts'
import type { Outcome } from './cases.ts'
import { playCertificates } from './play.ts'
import type { Asked } from './play.ts'
import recorded from './recorded.json' with { type: 'json' }

interface Recorded extends Asked {
  readonly outcome: Outcome
}

const cases = recorded.cases as unknown as readonly Recorded[]
let cluster: Cluster
const found = new Map<string, Outcome>()

beforeAll(async () => {
  cluster = await createCluster({ nodes: 0, runtime: 'simulated' })
  await cluster.ready
  const wanted = (outcome: Outcome) => outcome.conditions.length + outcome.certificate.length
  const isSettled = (now: readonly Outcome[]) => now.every((one, i) => wanted(one) >= wanted(cases[i]!.outcome))
  const clientFor = (name: string, groups: readonly string[]) => cluster.clientFor(name, groups)
  const outcomes = await playCertificates(clientFor, cases, isSettled)
  outcomes.forEach((outcome, i) => found.set(cases[i]!.name, outcome))
}, 60_000)
afterAll(() => cluster.close())

describe('a request for a certificate comes to what it came to in a real cluster', () => {
  test.each(cases.map((one) => [one.name, one.outcome] as const))('%s', (name, outcome) => {
    expect(found.get(name)).toEqual(outcome)
  })
})

test('a node that bootstraps gets a certificate by which it is itself, and one to serve with when somebody approves', async () => {
  const ask = async (name: string, by: ReturnType<Cluster['clientFor']>, asked: object, names?: string) => {
    const { request, key } = pemFor({ subject: '/O=system:nodes/CN=system:node:n7', ...(names && { names }) })
    const spec = { request: Buffer.from(request).toString('base64'), ...asked } as never
    const metadata = { name }
    const kind = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' }
    await by.create(certificateSigningRequests, { ...kind, metadata, spec })
    return key
  }
  const certificateOf = async (name: string) => {
    const read = async () => (await cluster.client.get(certificateSigningRequests, { name })).status?.certificate
    await expect.poll(read, { timeout: 30_000 }).toBeDefined()
    return Buffer.from((await read()) ?? '', 'base64').toString()
  }
  const bootstrapper = cluster.clientFor('system:bootstrap:abcdef', ['system:bootstrappers'])
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'
  const clientKey = await ask('n7', bootstrapper, { signerName, usages: ['digital signature', 'client auth'] })
  const endpoint = await cluster.listen()
  const clientCertificate = await certificateOf('n7')
  using node = createHttpClient({ ...endpoint, clientCertificate, clientKey })
  await node.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n7' } })
  expect((await node.get(nodes, { name: 'n7' })).metadata.name).toBe('n7')
  await expect(node.list(nodes)).rejects.toMatchObject({ code: 403 })
  await expect(node.list(secrets)).rejects.toMatchObject({ code: 403 })
  expect((await node.list(pods, { fieldSelector: 'spec.nodeName=n7' })).items).toEqual([])
  const serving = { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] }
  await ask('n7-serving', cluster.clientFor('system:node:n7', ['system:nodes']), serving, 'DNS:n7')
  const approved = { type: 'Approved', status: 'True', reason: 'ByHand' }
  const patch = { status: { conditions: [approved] } }
  const key = { name: 'n7-serving' }
  await cluster.client.patch(certificateSigningRequests, key, { type: 'merge', patch }, { subresource: 'approval' })
  expect(await certificateOf('n7-serving')).toContain('BEGIN CERTIFICATE')
})
