/** Kubernetes' letters for hashes in names: no vowels, so that no words appear. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * A hash of `text` that may be part of a name: 32-bit FNV-1a. (The values differ from those that Kubernetes computes from
 * Go's memory layout; nothing may depend on them.)
 */
export function safeHash(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return String(hash >>> 0).replace(/./g, (digit) => SAFE[digit.charCodeAt(0) % SAFE.length]!)
}

/** JSON with sorted keys, so that equal data gives equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
