/** What a key may be used for, as bits from the left (RFC 5280, 4.2.1.3), by Kubernetes' names. */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
}

/** Purposes of certificates, by Kubernetes' names, in the order in which Kubernetes writes them. */
const PURPOSES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
}

/** The bits of an extension `keyUsage`, and how many of the last byte mean nothing; undefined where there are none. */
export function usageBits(
  usages: readonly string[],
): { readonly bits: Uint8Array; readonly unused: number } | undefined {
  const wanted = usages.flatMap((usage) => KEY_USAGES[usage] ?? [])
  if (wanted.length === 0) return undefined
  const last = Math.max(...wanted)
  const bits = new Uint8Array(Math.floor(last / 8) + 1)
  for (const bit of wanted) bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return { bits, unused: 7 - (last & 7) }
}

/** The object identifiers of an extension `extKeyUsage`, each once. */
export function purposesOf(usages: readonly string[]): readonly string[] {
  return [...new Set(Object.keys(PURPOSES).flatMap((name) => (usages.includes(name) ? (PURPOSES[name] ?? []) : [])))]
}
