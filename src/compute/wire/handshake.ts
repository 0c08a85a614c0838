/**
 * How two ends of a connection prove to each other that they belong to the same run, whoever dialled. Each sends a
 * greeting with a nonce; each answers with a keyed hash of both greetings, so that the token itself never travels and a
 * recorded proof is of no use again. The role is part of what is proved: a proof cannot be sent back to its maker.
 */
export type Role = 'coordinator' | 'worker'

/** Raised by one whenever messages change so that an older side would misread them. */
export const PROTOCOL_VERSION = 2

/** Whoever connects shows in this time who it is, or is left. */
export const GREETING_MS = 10_000

export interface Greeting {
  readonly version: number
  readonly role: Role
  readonly nonce: string
}

/** Loaded where it is needed: the threads of a worker, which are made of the same file, do without. */
const crypto = () => process.getBuiltinModule('node:crypto')

export function createGreeting(role: Role): Greeting {
  return { version: PROTOCOL_VERSION, role, nonce: crypto().randomBytes(16).toString('base64') }
}

/** Why `theirs` cannot be talked to, or undefined. */
export function objectionTo(theirs: Greeting, ours: Greeting): string | undefined {
  if (theirs.version !== ours.version) {
    return `it speaks version ${String(theirs.version)} of the protocol, expected ${ours.version}`
  }
  if (theirs.role === ours.role) return `it is a ${theirs.role} too`
  return undefined
}

/** What the maker of `own` shows to the maker of `peer`. */
export function proofOf(token: string, own: Greeting, peer: Greeting): Uint8Array {
  const hash = crypto().createHmac('sha256', token)
  hash.update(JSON.stringify([own.version, own.role, own.nonce, peer.role, peer.nonce]))
  return hash.digest()
}

/** Whether `proof` was made by someone with `token`. Takes the same time wherever they differ. */
export function isProven(token: string, own: Greeting, peer: Greeting, proof: Uint8Array): boolean {
  const expected = proofOf(token, peer, own)
  return proof.byteLength === expected.byteLength && crypto().timingSafeEqual(proof, expected)
}
