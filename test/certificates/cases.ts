import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CertificateSigningRequest } from '../../src/api/generated/certificates-v1.ts'

/** A request for a certificate, who makes it, and what somebody decides about it. */
export interface CertificateCase {
  readonly name: string
  readonly subject: string
  readonly names?: string
  readonly key?: 'rsa' | 'ec'
  readonly signer: string
  readonly usages: readonly string[]
  readonly expirationSeconds?: number
  /** Default the administrator. */
  readonly user?: readonly [name: string, group: string]
  readonly decision?: 'Approved' | 'Denied'
}

const CLIENT = 'kubernetes.io/kube-apiserver-client'
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet'
const SERVING = 'kubernetes.io/kubelet-serving'
const NODE = '/O=system:nodes/CN=system:node:n1'
const NODE_USAGES = ['digital signature', 'client auth']
const SERVING_USAGES = ['digital signature', 'server auth']
const NAMES = 'DNS:n1,IP:10.0.0.1'
const BOOTSTRAPPER = ['system:bootstrap:abcdef', 'system:bootstrappers'] as const
const ASKER = ['ann', 'askers'] as const
const SELF = ['system:node:n1', 'system:nodes'] as const

const client = { signer: CLIENT, subject: '/CN=eve', usages: ['client auth'], decision: 'Approved' } as const
const kubelet = { signer: KUBELET, subject: NODE, usages: NODE_USAGES, decision: 'Approved' } as const
const serving = { signer: SERVING, subject: NODE, usages: SERVING_USAGES, names: NAMES, decision: 'Approved' } as const

/** What is asked of a real cluster and of ours. */
export const CASES: readonly CertificateCase[] = [
  { ...client, name: 'a client' },
  { ...client, name: 'a client on rsa', key: 'rsa', subject: '/O=a/O=b/CN=eve' },
  { ...client, name: 'a client with more of a name', subject: '/C=DE/ST=x/L=y/O=a/OU=u/CN=eve' },
  { ...client, name: 'a client with all usages', usages: ['client auth', 'digital signature', 'key encipherment'] },
  {
    ...client,
    name: 'a client with names',
    names: 'email:a@b.example,DNS:x.example,URI:spiffe://a/b,IP:1.2.3.4,IP:2001:db8::1',
  },
  { ...client, name: 'a client for ten minutes', expirationSeconds: 600 },
  { ...client, name: 'a client for seven hours', expirationSeconds: 25_200 },
  { ...client, name: 'a client for eight hours', expirationSeconds: 28_800 },
  { ...client, name: 'a client for ten years', expirationSeconds: 315_360_000 },
  { ...client, name: 'a client that serves', usages: ['client auth', 'server auth'] },
  { ...client, name: 'a client without its usage', usages: ['digital signature'] },
  { ...client, name: 'a client denied', decision: 'Denied' },
  { name: 'a client undecided', signer: CLIENT, subject: '/CN=eve', usages: ['client auth'] },
  { ...client, name: 'another signer', signer: 'example.com/mine', usages: ['any', 'cert sign'] },
  { ...kubelet, name: 'a kubelet' },
  { ...kubelet, name: 'a kubelet on rsa', key: 'rsa', usages: [...NODE_USAGES, 'key encipherment'] },
  { ...kubelet, name: 'a kubelet of another group', subject: '/O=nodes/CN=system:node:n1' },
  { ...kubelet, name: 'a kubelet of two groups', subject: '/O=system:nodes/O=x/CN=system:node:n1' },
  { ...kubelet, name: 'a kubelet of another name', subject: '/O=system:nodes/CN=n1' },
  { ...kubelet, name: 'a kubelet with a host', names: 'DNS:n1' },
  { ...kubelet, name: 'a kubelet with an address', names: 'IP:10.0.0.1' },
  { ...kubelet, name: 'a kubelet with mail', names: 'email:a@b.example' },
  { ...kubelet, name: 'a kubelet with a uri', names: 'URI:spiffe://a' },
  { ...kubelet, name: 'a kubelet that serves', usages: SERVING_USAGES },
  { ...kubelet, name: 'a kubelet of few usages', usages: ['client auth'] },
  { ...serving, name: 'a server' },
  { ...serving, name: 'a server on rsa', key: 'rsa', usages: [...SERVING_USAGES, 'key encipherment'] },
  { name: 'a server undecided', signer: SERVING, subject: NODE, usages: SERVING_USAGES, names: NAMES, user: SELF },
  { ...serving, name: 'a server of another group', subject: '/O=x/CN=system:node:n1' },
  { ...serving, name: 'a server without names', names: '' },
  { ...serving, name: 'a server with mail', names: 'DNS:n1,email:a@b.example' },
  { ...serving, name: 'a server with a uri', names: 'DNS:n1,URI:spiffe://a' },
  { ...serving, name: 'a server of another name', subject: '/O=system:nodes/CN=n1' },
  { ...serving, name: 'a server that asks as a client', usages: NODE_USAGES },
  { name: 'a node bootstraps', signer: KUBELET, subject: NODE, usages: NODE_USAGES, user: BOOTSTRAPPER },
  { name: 'a node renews', signer: KUBELET, subject: NODE, usages: NODE_USAGES, user: SELF },
  { name: 'nobody bootstraps', signer: KUBELET, subject: NODE, usages: NODE_USAGES, user: ASKER },
  { name: 'a node asks wrongly', signer: KUBELET, subject: '/O=x/CN=system:node:n1', usages: NODE_USAGES, user: SELF },
]

/** The rights by which requests of nodes are approved, as kubeadm gives them. */
export const BINDINGS = [
  ['bootstrappers-ask', 'system:node-bootstrapper', 'system:bootstrappers'],
  ['askers', 'system:node-bootstrapper', 'askers'],
  ['bootstrappers', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', 'system:bootstrappers'],
  ['nodes', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 'system:nodes'],
].map(([name = '', role = '', group = '']) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `certificates-${name}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
}))

/** A request in PEM, as openssl makes it. */
export function pemFor({ subject, names = '', key = 'ec' }: Pick<CertificateCase, 'subject' | 'names' | 'key'>): {
  readonly request: string
  readonly key: string
} {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-request-'))
  try {
    const file = join(directory, 'key')
    const curve = key === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-newkey', 'rsa:2048']
    const alternative = names === '' ? [] : ['-addext', `subjectAltName=${names}`]
    const args = ['req', '-new', ...curve, '-nodes', '-keyout', file, '-subj', subject, ...alternative]
    const request = execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    return { request, key: readFileSync(file, 'utf8') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What has become of a request: its conditions, and what its certificate says. */
export interface Outcome {
  readonly conditions: readonly object[]
  readonly certificate: readonly string[]
}

export function outcomeOf({ status }: CertificateSigningRequest): Outcome {
  const conditions = (status?.conditions ?? []).map(({ lastUpdateTime, lastTransitionTime, ...rest }) => ({
    ...rest,
    hasTimes: lastUpdateTime !== undefined && lastTransitionTime !== undefined,
  }))
  return { conditions, certificate: status?.certificate === undefined ? [] : told(status.certificate) }
}

const PARTS = [
  '-subject',
  '-startdate',
  '-enddate',
  '-ext',
  'keyUsage,extendedKeyUsage,basicConstraints,subjectAltName',
]

function told(certificate: string): readonly string[] {
  const input = Buffer.from(certificate, 'base64')
  const text = execFileSync('openssl', ['x509', '-noout', ...PARTS], {
    input,
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString()
  const dates = new Map(
    [...text.matchAll(/^not(Before|After)=(.*)$/gm)].map(([, which, date]) => [which, Date.parse(date ?? '')]),
  )
  const seconds = ((dates.get('After') ?? 0) - (dates.get('Before') ?? 0)) / 1000
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('not'))
  return [...lines.map((line) => line.trim()), `valid for ${seconds} s`]
}
