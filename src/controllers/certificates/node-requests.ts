import type { SigningRequest } from '../../identity/signing-request.ts'

/** Requests of nodes' certificates: what is wrong with one, in Kubernetes' words and its order of looking; undefined where nothing is. */
export function nodeClientProblem(request: SigningRequest, usages: readonly string[]): string | undefined {
  const { hosts, addresses } = splitHosts(request.hosts)
  if (!isOfNodes(request)) return NOT_NODES
  if (hosts.length > 0) return 'DNS subjectAltNames are not allowed'
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed'
  if (addresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (!hasNodeName(request)) return NOT_A_NODE
  return usagesProblem(usages, 'client auth')
}

export function nodeServingProblem(request: SigningRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return NOT_NODES
  if (request.hosts.length === 0) return 'DNS or IP subjectAltName is required'
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  return usagesProblem(usages, 'server auth') ?? (hasNodeName(request) ? undefined : NOT_A_NODE)
}

const NOT_NODES = 'subject organization is not system:nodes'
const NOT_A_NODE = 'subject common name does not begin with system:node:'
const ADDRESS = /^[\d.]+$|:/

function splitHosts(all: readonly string[]) {
  return { hosts: all.filter((host) => !ADDRESS.test(host)), addresses: all.filter((host) => ADDRESS.test(host)) }
}

function isOfNodes({ subject }: SigningRequest): boolean {
  const { organizations = [] } = subject
  return organizations.length === 1 && organizations[0] === 'system:nodes'
}

const hasNodeName = ({ subject }: SigningRequest) => subject.commonName.startsWith('system:node:')

/** Keys that are not RSA encipher none. */
function usagesProblem(usages: readonly string[], purpose: string): string | undefined {
  const given = new Set(usages)
  const required = [purpose, 'digital signature', 'key encipherment']
  const left = required.filter((usage) => !given.delete(usage))
  if (given.size === 0 && (left.length === 0 || (left.length === 1 && left[0] === 'key encipherment'))) return undefined
  return `usages did not match [${required.toSorted().join(' ')}]`
}
