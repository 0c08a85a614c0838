import { generateKeyPair } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

/** A private key with its public one. */
export interface KeyObjects {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/**
 * An RSA key of 2048 bits, made on a thread of Node's pool within 30 ms or so: for who uses client libraries of Java, which
 * read no key on a curve without further libraries.
 */
export function createPortableKeys(): Promise<KeyObjects> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
}
